import { type Genotype, formatGenotype } from '../nn/index.ts';
import type { Verdict } from '../ntk/index.ts';
import { InputError } from '../tensor/index.ts';
import type { CellMeasurement } from './cellMeasurer.ts';
import type { NetworkCost } from './cost.ts';
import { type KappaMeasurement, usableKappa } from './measurement.ts';
import { meanOf } from './ranking.ts';

const FIXED = ['architecture', 'parameters', 'flops', 'kappa', 'regions'];
const REPEATED = ['kappa', 'lambda_min', 'lambda_max', 'noise_floor', 'verdict', 'regions'];

/** The first line of a sweep's table: what all repeats give, then the values of each. */
export function headerLine(repeats: number): string {
  const each = Array.from({ length: repeats }, (_, r) => REPEATED.map((name) => `${name}_${r + 1}`));
  return [...FIXED, ...each.flat()].join(',');
}

/**
 * One cell's line. Numbers are written so that reading them gives the same bits. `kappa` is the mean over the repeats of
 * what is certain (λmax over the noise floor when λmin is lost in it), Infinity when nothing is.
 */
export function formatRow(
  cell: Genotype,
  { parameters, flops }: NetworkCost,
  { kappas, regions }: CellMeasurement,
): string {
  const usable = kappas.map((kappa) => usableKappa(kappa, 'paper'));
  const mean = usable.includes(Number.MAX_VALUE) ? Infinity : meanOf(usable);
  const each = kappas.map(({ lambdaMin, lambdaMax, noiseFloor, verdict }, r) => [
    lambdaMax / lambdaMin,
    lambdaMin,
    lambdaMax,
    noiseFloor,
    verdict,
    regions[r],
  ]);
  return [formatGenotype(cell), parameters, flops, mean, meanOf(regions), ...each.flat()].join(',');
}

/** The measurements of a line; the inverse of {@link formatRow}. @throws InputError when it is no such line. */
export function parseRow(line: string, repeats: number, where: string): { architecture: string } & CellMeasurement {
  const fields = line.split(',');
  const expected = FIXED.length + repeats * REPEATED.length;
  if (fields.length !== expected) {
    throw new InputError(`${where}: expected ${expected} fields, got ${fields.length}: ${line.slice(0, 60)}`);
  }
  const kappas: KappaMeasurement[] = [];
  const regions: number[] = [];
  for (let at = FIXED.length; at < fields.length; at += REPEATED.length) {
    const [, lambdaMin, lambdaMax, noiseFloor] = fields.slice(at, at + 4).map(Number);
    kappas.push({ lambdaMin, lambdaMax, noiseFloor, verdict: fields[at + 4] as Verdict });
    regions.push(Number(fields[at + 5]));
  }
  return { architecture: fields[0], kappas, regions };
}
