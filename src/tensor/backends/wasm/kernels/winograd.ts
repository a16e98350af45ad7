import { ELEMENT_BYTES } from '../../../array.ts';
import { before, type Pair } from '../../../primitives/convolution.ts';
import { align, ALIGNMENT, LANES } from '../lowering.ts';
import { byteSize, type Values } from '../struct.ts';
import { CONSTANTS, type Filtering, Place, WinogradConvolveTable, WinogradCorrelateTable } from '../tables.ts';
import type { Correlation, CorrelationLowering } from './direct.ts';
import { addressBytes, type ConvolutionLowering, pointTo } from './packing.ts';
import { advance } from '../calls.ts';

// When and how the gradients of 3×3 convolutions at stride 1 are computed by minimal filtering
// (assembly/minimalFiltering.ts). The convolution itself is not: a backward pass is linear, and its rounding errors stay
// what they are, but an activation that is rounded across 0 switches a ReLU, and with it a part of J. In a network of 97
// convolutions a forward pass by minimal filtering moved κ by 4·10⁻³, one by direct sums by 3·10⁻⁴. It is done once for
// all rows, so that there is little to gain.

/** Bytes of points that are kept at a time: a part of what a core's second cache holds. */
const POINT_BYTES = 2 ** 18;
const { POINTS, POINTS_SIDE } = CONSTANTS;

/** Rows and columns of 4×4 patches. */
const patchesOf = ([height, width]: Pair): Pair => [Math.ceil(height / 4), Math.ceil(width / 4)];

/**
 * Whether minimal filtering takes fewer instructions than the direct kernel: for every four patches 36 · 2 for each pair
 * of channels in place of 16 · 9 · 2, but about 300 for each channel's transforms and 300 for each kernel's; in float64 all
 * of them twice. Patches that hang over the edge count whole.
 */
export function filteringPays(kernels: number, channels: number, outputs: Pair): boolean {
  const [down, across] = patchesOf(outputs);
  const direct = Math.ceil((outputs[0] * outputs[1]) / 4) * 9 * 2 * kernels * channels;
  const products = POINTS * 2 * Math.ceil(kernels / 2) * 2 * channels;
  return ((down * across) / 4) * (products + 300 * channels + 300 * kernels) < direct;
}

/** Bytes between the planes of points: past a multiple of 4 KiB, where the planes would fall on the same cache lines. */
const planeBytes = (bytes: number) => align(bytes) + ALIGNMENT;

/** Room for the transforms of a vector of patches: 40 vectors. */
const ROOM = 640;

/** Whole vectors are read at the end of a row, and patches before the first column of lines. */
const SLACK = ALIGNMENT;

/**
 * Rows of patches in a block: as many as fit at `bytes` for each patch, not more than there are, and of a number that
 * leaves no vector of a product empty: products go over `together` patches at a time, 4 or 8.
 */
function blockRows(rows: number, across: number, bytes: number, together: number): number {
  const even = [1, 2, 4, 8].find((step) => (step * across) % together === 0)!;
  const most = Math.min(rows, Math.floor(POINT_BYTES / (bytes * across)));
  return Math.max(Math.min(even, rows), Math.floor(most / even) * even);
}

/** Places parts of the scratch memory one after another. */
class Scratch {
  bytes = 0;

  take(bytes: number): number {
    const at = this.bytes;
    this.bytes = align(at + bytes);
    return at;
  }
}

/**
 * The arguments of both kernels: rows and columns of zeros stand before the image, and of each patch `points` points of
 * each place are kept.
 */
function filteringTable(
  { dtype, samples, kernels, channels, size, outputs }: Omit<Correlation, 'attributes' | 'gradientPlanes'>,
  [above, left]: Pair,
  points: number,
): Values<typeof Filtering.fields> {
  const bytes = ELEMENT_BYTES[dtype];
  const [down, across] = patchesOf(outputs);
  const zeros = Math.max(0, left);
  const skipped = Math.max(0, -left);
  return {
    samples,
    kernels,
    channels,
    imageH: size[0],
    imageW: size[1],
    height: outputs[0],
    width: outputs[1],
    above,
    lineStart: bytes * zeros,
    rowStart: bytes * skipped,
    columns: Math.min(size[1] - skipped, 4 * across + 2 - zeros),
    across,
    down,
    blockRows: blockRows(samples * down, across, bytes * POINTS * points, 2 * LANES[dtype]),
    lineBytes: bytes * (4 * across + 8),
  };
}

/**
 * The input gradient of a 3×3 convolution at stride 1 in one group: it is such a convolution, with turned kernels. Of
 * several whose gradients are added up, of one size and padding: a convolution of all their channels.
 */
export const lowerFiltering: ConvolutionLowering = (lower, out, operands, what, { mask, add }) => {
  const { dtype, samples, kernels, outputs, sources } = what;
  const [bytes, together] = [ELEMENT_BYTES[dtype], 2 * LANES[dtype]];
  const { size, attributes } = sources[0];
  const channels = sources.reduce((sum, source) => sum + source.channels, 0);
  const [above, left] = before(attributes.padding).map((extent) => 2 - extent);
  const wholeK = 4 * Math.ceil(kernels / 4);
  const all = { dtype, samples, kernels, channels, kernel: sources[0].kernel, groups: 1, size, outputs };
  const filtering = filteringTable(all, [above, left], channels + wholeK);
  const { across, blockRows: rows, lineBytes } = filtering;
  const patches = together * Math.ceil((rows * across) / together);
  const [kernelStep, imageStep, resultStep] = [wholeK * channels, channels * patches, wholeK * patches].map((count) =>
    planeBytes(bytes * count),
  );
  const scratch = new Scratch();
  scratch.take(ROOM);
  const addresses = scratch.take(addressBytes(operands));
  const table = lower.struct(WinogradConvolveTable, {
    filtering,
    maskSamples: mask?.samples ?? 0,
    patches,
    addresses,
    zeros: scratch.take(bytes * size[1] + SLACK),
    lines: scratch.take(POINTS_SIDE * lineBytes * (rows + 1)), // vectors read beyond the last
    starts: scratch.take(4 * patches),
    places: scratch.take(byteSize(Place) * patches),
    kernelPoints: scratch.take(POINTS * kernelStep),
    imagePoints: scratch.take(POINTS * imageStep),
    results: scratch.take(POINTS * resultStep),
    ...{ kernelStep, imageStep, resultStep },
    sources: sources.map(({ channels, strides }) => ({
      channels,
      kernelBytes: bytes * strides.kernelStride,
      channelBytes: bytes * strides.channelStride,
    })),
  });
  const at = lower.scratch(scratch.bytes + SLACK);
  pointTo(lower, advance(at, addresses), operands);
  lower.callIn(dtype, 'winogradConvolve', out, mask?.address ?? 0, Number(add), table, at);
};

/** The weight gradient of such a convolution. */
export const lowerFilteringGradient: CorrelationLowering = (lower, out, [x, g], gradients, what) => {
  const { dtype, kernels, channels, size, outputs } = what;
  const bytes = ELEMENT_BYTES[dtype];
  const wholeK = 4 * Math.ceil(kernels / 4);
  const wholeC = 4 * Math.ceil(channels / 4);
  const filtering = filteringTable(what, before(what.attributes.padding), wholeC + wholeK);
  const { across, blockRows: rows, lineBytes } = filtering;
  const patches = rows * across;
  const [imageStep, gradientStep, sumStep] = [wholeC * patches, wholeK * patches, wholeC * wholeK].map((count) =>
    planeBytes(bytes * count),
  );
  const lines = LANES[dtype] * POINTS_SIDE * lineBytes; // of a channel or a kernel for each lane
  const scratch = new Scratch();
  scratch.take(ROOM);
  const table = lower.struct(WinogradCorrelateTable, {
    filtering,
    gradients,
    gradientPlaneCount: what.gradientPlanes,
    zeros: scratch.take(bytes * Math.max(size[1], outputs[1]) + SLACK),
    imageLines: scratch.take(lines),
    gradientLines: scratch.take(lines + SLACK),
    imagePoints: scratch.take(POINTS * imageStep),
    gradientPoints: scratch.take(POINTS * gradientStep),
    sums: scratch.take(gradients * POINTS * sumStep),
    ...{ imageStep, gradientStep, sumStep },
  });
  lower.callIn(dtype, 'winogradCorrelate', out, x, g, table, lower.scratch(scratch.bytes + SLACK));
};
