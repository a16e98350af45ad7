import { readFileSync } from 'node:fs';
import { parseSafetensors } from '../../src/nn/index.ts';
import type { NDArray } from '../../src/tensor/index.ts';

// The kernels that test/torch/mistakes.py computed in PyTorch, most of them with mistakes.

/** The description of a kernel by the script. */
export interface Made {
  readonly network: 'onnx' | 'cell';
  readonly outputs: string;
  readonly parameters: string;
  readonly mode: string;
  /** The kinds of its mistakes. */
  readonly mistakes: readonly string[];
  /** What the name of one of them matches; for rows, the parameter that the difference begins at. */
  readonly says: string;
}

const read = (file: string) => readFileSync(new URL(`../torch/${file}`, import.meta.url));
const { metadata, tensors: all } = parseSafetensors(read('mistakes.safetensors'), 'mistakes.safetensors');

/** All tensors of the file. */
export const tensors = all;

const made = Object.entries(JSON.parse(metadata.kernels) as Record<string, Made>);
/** The kernels of a kind: `right`, `one`, `two` or `none`. */
export const named = (kind: string) => made.filter(([name]) => name.startsWith(`${kind}/`));

/** The tensors whose names have a prefix, by the rest of their names. */
export function under(prefix: string): Map<string, NDArray> {
  const within = [...tensors].filter(([name]) => name.startsWith(prefix));
  return new Map(within.map(([name, value]) => [name.slice(prefix.length), value]));
}

/** The model of the kernels of the network `onnx`. */
export const onnxBytes = read('mistakes.onnx');

/** The configuration of the network `cell`. */
export const cellConfig = { name: 'infer.tiny', C: 2, N: 1, num_classes: 3, arch_str: metadata.cell };

/** What a file says of a kernel. */
export const settingsOf = ({ outputs, parameters, mode }: Made) => ({ outputs, parameters, mode });
