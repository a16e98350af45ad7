import { readdirSync, readFileSync } from 'node:fs';
import { type NetworkCase, parseCase } from '../../src/nn/index.ts';

const folder = new URL('../golden/', import.meta.url);

/** The names of all reference networks, without the linear-region cases. */
export const goldenNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.safetensors') && !file.startsWith('linear-regions'))
  .map((file) => file.replace('.safetensors', ''));

/** The path of a reference file. */
export function goldenPath(name: string): string {
  return new URL(`${name}.safetensors`, folder).pathname;
}

/** A reference network with its expected figures. */
export function golden(name: string): NetworkCase {
  return parseCase(readFileSync(goldenPath(name)), name);
}

/** Of the reference networks a cell in each mode and a supernet of each space: those that differ most. */
export const someGoldenNames = [
  'darts-supernet-01-train',
  'nb201-arch-00-train',
  'nb201-arch-03-eval',
  'nb201-supernet-00-train',
];
