import { before, type Pair } from '../../../primitives/convolution.ts';
import type { CorrelationLowering } from './direct.ts';
import type { ConvolutionLowering } from './packing.ts';

// When and how the gradients of 3×3 convolutions at stride 1 are computed by minimal filtering
// (assembly/minimalFiltering.ts). The convolution itself is not: a backward pass is linear, and its rounding errors stay
// what they are, but an activation that is rounded across 0 switches a ReLU, and with it a part of J. In a network of 97
// convolutions a forward pass by minimal filtering moved κ by 4·10⁻³, one by direct sums by 3·10⁻⁴. It is done once for
// all rows, so that there is little to gain.

/** Bytes of points that are kept at a time: a part of what a core's second cache holds. */
const POINT_BYTES = 2 ** 18;
const POINTS = 36;

/** Rows and columns of 4×4 patches. */
const patchesOf = ([height, width]: Pair): Pair => [Math.ceil(height / 4), Math.ceil(width / 4)];

/**
 * Whether minimal filtering takes fewer instructions than the direct kernel: for every four patches 36 · 2 for each pair
 * of channels in place of 16 · 9 · 2, but about 300 for each channel's transforms and 300 for each kernel's. Patches that
 * hang over the edge count whole.
 */
export function filteringPays(kernels: number, channels: number, outputs: Pair): boolean {
  const [down, across] = patchesOf(outputs);
  const direct = Math.ceil((outputs[0] * outputs[1]) / 4) * 9 * 2 * kernels * channels;
  const products = POINTS * 2 * Math.ceil(kernels / 2) * 2 * channels;
  return ((down * across) / 4) * (products + 300 * channels + 300 * kernels) < direct;
}

/** See `planeBytes` in assembly/minimalFiltering.ts. */
function planeBytes(bytes: number): number {
  return Math.ceil(bytes / 64) * 64 + 64;
}

const ROOM = 640;
const SLACK = 256;

/** Bytes of the six lines of a row of patches. */
const linesOf = (across: number) => 6 * 4 * (4 * across + 8);

/**
 * Rows of patches in a block: so many that `bytes` for each patch fit, not more than there are, and of a number that
 * leaves no vector of a product empty: products go over eight patches at a time.
 */
function blockRows(rows: number, across: number, bytes: number): number {
  const even = [1, 2, 4, 8].find((step) => (step * across) % 8 === 0)!;
  const most = Math.min(rows, Math.floor(POINT_BYTES / (bytes * across)));
  return Math.max(Math.min(even, rows), Math.floor(most / even) * even);
}

/** The input gradient of a 3×3 convolution at stride 1 in one group: it is such a convolution, with turned kernels. */
export const lowerFiltering: ConvolutionLowering = (lower, out, [x, w], what, { mask, add }) => {
  const { attributes, samples, kernels, channels, strides, size, outputs } = what;
  const padding = before(attributes.padding).map((extent) => 2 - extent);
  const [down, across] = patchesOf(outputs);
  const wholeK = 4 * Math.ceil(kernels / 4);
  const rows = blockRows(samples * down, across, 4 * POINTS * (channels + wholeK));
  const table = lower.table([
    ...[samples, mask?.samples ?? 0, kernels, channels, strides.kernelStride, strides.channelStride],
    ...[...size, ...padding, ...outputs, rows],
  ]);
  const patches = 8 * Math.ceil((rows * across) / 8);
  const planes = [4 * wholeK * channels, 4 * channels * patches, 4 * wholeK * patches].map(planeBytes);
  const lines = linesOf(across) * (rows + 1) + 4 * size[1];
  const bytes = ROOM + lines + (4 + 16) * patches + POINTS * planes.reduce((a, b) => a + b) + SLACK;
  lower.call('winogradConvolve', out, x, w, mask?.address ?? 0, Number(add), table, lower.scratch(bytes));
};

/** The weight gradient of such a convolution. */
export const lowerFilteringGradient: CorrelationLowering = (lower, out, [x, g], gradients, what) => {
  const { attributes, samples, kernels, channels, size, outputs } = what;
  const [down, across] = patchesOf(outputs);
  const wholeK = 4 * Math.ceil(kernels / 4);
  const wholeC = 4 * Math.ceil(channels / 4);
  const rows = blockRows(samples * down, across, 4 * POINTS * (wholeC + wholeK));
  const table = lower.table([
    gradients,
    samples,
    kernels,
    channels,
    ...size,
    ...before(attributes.padding),
    ...outputs,
    rows,
  ]);
  const patches = rows * across;
  const [points, results, sums] = [4 * wholeC * patches, 4 * wholeK * patches, 4 * wholeC * wholeK].map(planeBytes);
  const lines = 8 * linesOf(across) + 4 * Math.max(size[1], outputs[1]);
  const bytes = ROOM + lines + POINTS * (points + results + gradients * sums) + SLACK;
  lower.call('winogradCorrelate', out, x, g, table, lower.scratch(bytes));
};
