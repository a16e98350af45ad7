import { type Address } from '../../backends/wasm/calls.ts';
import { type Lowering } from '../../backends/wasm/lowering.ts';
import { type Pair } from './definition.ts';
import { describe, type Epilogue, type Packing } from './packing.ts';

// When and how 3×3 convolutions at stride 1 are done by minimal filtering (assembly/winograd.ts). Rounding errors are
// those of the direct sum times a small number: every factor of the transforms is 0, ±½ or ±1, a point of a patch is a
// sum of four pixels, a point of a kernel is at most the sum of its taps, and a result adds nine of sixteen points.

/** A 3×3 convolution at stride 1 in one group; the input gradient is one, too, with turned kernels. */
export interface Filtering {
  readonly samples: number;
  readonly kernels: number;
  readonly channels: number;
  /** Steps of the weights from kernel to kernel and channel to channel, in elements. */
  readonly steps: readonly [kernel: number, channel: number];
  /** Whether taps are read from the last to the first. */
  readonly turned: boolean;
  readonly size: Pair;
  readonly padding: Pair;
  readonly outputs: Pair;
}

/** Bytes of transformed patches that are kept at a time: half of what a core's second cache holds. */
const PATCH_BYTES = 2 ** 17;

/** Vectors of four patches that a weight gradient sums up in registers, at least. */
const LEAST_SUM = 16;

/**
 * Whether minimal filtering takes fewer instructions than the direct kernel: for each vector of four patches 16 · 2 for
 * every kernel and channel in place of 36 · 2, but about 100 more a channel and 60 more a kernel for the transforms.
 * Patches that hang over the edge count whole.
 */
export function filteringPays(kernels: number, channels: number, [height, width]: Pair): boolean {
  const vectors = Math.ceil(height / 2) * Math.ceil(width / 8);
  const direct = Math.ceil((height * width) / 4) * 9 * 2 * kernels * channels;
  const products = 16 * 2 * Math.ceil(kernels / 4) * 4 * channels;
  return vectors * (products + 100 * channels + 60 * kernels) < direct;
}

/** Bytes from point to point; see `planeBytes` in assembly/winograd.ts. */
function planeBytes(bytes: number): number {
  return Math.ceil(bytes / 64) * 64 + 64;
}

/** A plane with `padding` zeros above and to the left, and as many below and to the right as whole patches read. */
function patchPacking(size: Pair, padding: Pair, [height, width]: Pair, border: number): Packing {
  const rows = 2 * Math.ceil(height / 2) + border;
  const columns = 8 * Math.ceil(width / 8) + border;
  return { size, offset: padding, stride: [1, 1], spread: [1, 1], rows, columns };
}

const bytesOfPlane = ({ rows, columns }: Packing) => 4 * rows * columns;

const SLACK = 64;

export function lowerWinograd(
  lower: Lowering,
  out: Address,
  [x, w]: readonly Address[],
  { samples, kernels, channels, steps, turned, size, padding, outputs }: Filtering,
  { mask, add }: Epilogue,
): void {
  const packing = patchPacking(size, padding, outputs, 2);
  const all = samples * Math.ceil(outputs[0] / 2) * Math.ceil(outputs[1] / 8);
  const block = 2 * Math.max(1, Math.ceil(Math.min(all, PATCH_BYTES / (256 * channels)) / 2));
  const blocks = Math.ceil(kernels / 4);
  const table = lower.table([
    ...[samples, mask?.samples ?? 0, kernels, channels, ...steps, Number(turned)],
    ...[4 * channels * size[0] * size[1], ...outputs, block],
    ...describe(packing),
  ]);
  const points = [16 * blocks * channels, 16 * channels * block, 64 * blocks * block].map(planeBytes);
  const bytes = 16 * points.reduce((a, b) => a + b) + channels * bytesOfPlane(packing) + SLACK;
  lower.call('winogradConvolve', out, x, w, mask?.address ?? 0, Number(add), table, lower.scratch(bytes));
}

/** The weight gradient of `gradients` rows that share x. */
export function lowerWinogradGradient(
  lower: Lowering,
  out: Address,
  [x, g]: readonly Address[],
  gradients: number,
  { samples, kernels, channels, size, padding, outputs }: Omit<Filtering, 'steps' | 'turned'>,
): void {
  const packing = patchPacking(size, padding, outputs, 2);
  const gradient = patchPacking(outputs, [0, 0], outputs, 0);
  const direct = gradient.rows === outputs[0] && gradient.columns === outputs[1];
  const all = samples * Math.ceil(outputs[0] / 2) * Math.ceil(outputs[1] / 8);
  const block = Math.min(all, Math.max(LEAST_SUM, Math.floor(PATCH_BYTES / (256 * Math.max(channels, kernels)))));
  const even = 2 * Math.ceil(channels / 2);
  const blocks = Math.ceil(kernels / 4);
  const table = lower.table([
    ...[gradients, samples, kernels, channels, 4 * channels * size[0] * size[1], ...outputs, block, Number(direct)],
    ...describe(packing),
    ...describe(gradient),
  ]);
  const [patches, results, sums] = [16 * even * block, 64 * blocks * block, 16 * blocks * even].map(planeBytes);
  const images = channels * bytesOfPlane(packing) + SLACK + (direct ? 0 : kernels * bytesOfPlane(gradient) + SLACK);
  const bytes = 16 * (patches + results + gradients * sums) + images;
  lower.call('winogradCorrelate', out, x, g, table, lower.scratch(bytes));
}
