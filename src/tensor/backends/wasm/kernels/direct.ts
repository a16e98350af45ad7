import { type DType, ELEMENT_BYTES } from '../../../array.ts';
import type { Address } from '../calls.ts';
import type { Lowering } from '../lowering.ts';
import { CONSTANTS, ConvolveTable, CorrelateTable } from '../tables.ts';
import type { ConvolutionAttributes, Pair } from '../../../primitives/convolution.ts';
import { align, LANES } from '../lowering.ts';
import {
  addressBytes,
  type ConvolutionLowering,
  forwardWindow,
  PACK_SLACK,
  packingTable,
  pointTo,
  type Window,
  windowsOf,
} from './packing.ts';
import { dotTile, scaleTile } from './tiles.ts';

// Direct sums over the taps of every window, as assembly/convolution.ts computes them.

/**
 * The vectors that cover a plane of windows: where each reads and writes (bytes) and how many lanes count. Where it is
 * `flat`, rows join into one.
 */
function vectorsOf(
  window: Window,
  [p, q]: Pair,
  dtype: DType,
  flat = window.direct,
): { from: number; to: number; count: number }[] {
  const [rows, width] = flat ? [1, p * q] : [p, q];
  const [bytes, lanes] = [ELEMENT_BYTES[dtype], LANES[dtype]];
  const vectors = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j += lanes) {
      vectors.push({
        from: bytes * (i * window.packing.columns + j),
        to: bytes * (i * width + j),
        count: Math.min(lanes, width - j),
      });
    }
  }
  return vectors;
}

/** The distances of all taps of a group's channels. */
function tapsOf(window: Window, channels: number, kernel: Pair): number[] {
  const taps: number[] = [];
  for (let c = 0; c < channels; c++) {
    for (let r = 0; r < kernel[0]; r++) {
      for (let s = 0; s < kernel[1]; s++) taps.push(c * window.channelBytes + window.tap(r, s));
    }
  }
  return taps;
}

/** A convolution, an input gradient or a sum of such: the kernel `convolve`. */
export const lowerConvolve: ConvolutionLowering = (lower, out, operands, what, { mask, add }) => {
  const { dtype, samples, groups, kernels, outputs, sources } = what;
  const bytes = ELEMENT_BYTES[dtype];
  const windows = windowsOf(what);
  // An image that is its own packed form is read where it lies, unless there are others.
  const packed = sources.length > 1 || !windows[0].direct;
  let imageBytes = 0;
  const images = sources.map(({ channels }, i) => {
    const at = imageBytes;
    imageBytes += groups * channels * windows[i].channelBytes;
    return at;
  });
  const taps = sources.flatMap(({ channels, kernel }, i) =>
    tapsOf(windows[i], channels, kernel).map((distance) => images[i] + distance),
  );
  const vectors = vectorsOf(windows[0], outputs, dtype, !packed);
  const [rows, columns] = scaleTile(kernels, vectors.length);
  while (vectors.length % columns > 0) vectors.push({ from: 0, to: 0, count: 0 });
  const weights = addressBytes(operands);
  const imagesAt = align(weights + bytes * groups * (kernels + rows) * taps.length);
  const packedBytes = imageBytes + PACK_SLACK;
  const table = lower.struct(ConvolveTable, {
    samples,
    maskSamples: mask?.samples ?? 0,
    groups,
    kernels,
    groupBytes: sources[0].channels * windows[0].channelBytes,
    outputPlaneBytes: bytes * outputs[0] * outputs[1],
    tileRows: rows,
    tileColumns: columns,
    packed,
    packedBytes,
    weights,
    images: imagesAt,
    sources: sources.map(({ channels, size, kernel, strides }, i) => ({
      ...strides,
      channels,
      channelTaps: kernel[0] * kernel[1],
      sampleBytes: bytes * groups * channels * size[0] * size[1],
      image: images[i],
      packing: packingTable(windows[i].packing),
    })),
    taps,
    vectors,
  });
  const scratch = lower.scratch(imagesAt + (packed ? packedBytes : 0));
  pointTo(lower, scratch, operands);
  lower.callIn(dtype, 'convolve', out, mask?.address ?? 0, Number(add), table, scratch);
};

/** A weight gradient. */
export interface Correlation {
  readonly attributes: ConvolutionAttributes;
  readonly dtype: DType;
  readonly samples: number;
  readonly groups: number;
  /** Planes of the gradient and of the input, a group; and planes that a sample's gradient has in all. */
  readonly kernels: number;
  readonly gradientPlanes: number;
  readonly channels: number;
  readonly kernel: Pair;
  /** The size of the input's planes, and of the gradient's. */
  readonly size: Pair;
  readonly outputs: Pair;
}

/** Emits the call of a weight gradient: of `gradients` rows that share x. */
export type CorrelationLowering = (
  lower: Lowering,
  out: Address,
  operands: readonly Address[],
  gradients: number,
  what: Correlation,
) => void;

/** About this many pixels are added up in registers before they go to memory: a lane its share. */
const PIXELS_A_SUM = 1024;

/** A weight gradient: the kernel `correlate`. */
export const lowerCorrelate: CorrelationLowering = (lower, out, [x, g], gradients, what) => {
  const { attributes, dtype, samples, groups, kernels, channels, kernel, size, outputs } = what;
  const [bytes, lanes] = [ELEMENT_BYTES[dtype], LANES[dtype]];
  const [p, q] = outputs;
  const window = forwardWindow(attributes, size, kernel, outputs, dtype);
  const taps = tapsOf(window, channels, kernel);
  const [height, width] = window.direct ? [1, p * q] : [p, q];
  // A last vector that hangs over reads what is behind the image: zeros if it is packed, and anything, NaN too, if not.
  const packed = !window.direct || (p * q) % lanes !== 0;
  const chunk = Math.max(1, Math.min(samples, Math.round(PIXELS_A_SUM / (p * q))));
  const packedBytes = groups * channels * window.channelBytes + PACK_SLACK;
  // Taps of a row are neighbours where windows step by one pixel of a packed plane.
  const run = attributes.dilation[1] === 1 && attributes.stride[1] === 1 ? kernel[1] : 1;
  const tile = dotTile(gradients * kernels, taps.length, run);
  const [rows, columns] = tile.size;
  const tapCount = taps.length;
  while (taps.length % columns > 0) taps.push(taps[tapCount - 1]);
  const wholeRows = Math.ceil((gradients * kernels) / rows) * rows;
  const pointers = CONSTANTS.TILE_BYTES + bytes * groups * wholeRows * taps.length;
  const images = align(pointers + 4 * wholeRows);
  const gradientPlanes = images + (packed ? packedBytes * chunk : 0);
  const padded = width % lanes === 0 ? 0 : bytes * height * (width + lanes - 1) * chunk * wholeRows;
  const sampleBytes = bytes * groups * channels * size[0] * size[1];
  // From one sample to the next, where each lies.
  const stepX = packed ? packedBytes : sampleBytes;
  const stepG = bytes * height * (padded ? lanes * Math.ceil(width / lanes) : width * what.gradientPlanes);
  const vectors = vectorsOf(window, outputs, dtype);
  const positions = Array.from({ length: chunk }, (_, n) =>
    vectors.map(({ from }, i) => ({ x: n * stepX + from, g: n * stepG + 16 * i })),
  ).flat();
  const table = lower.struct(CorrelateTable, {
    gradients,
    samples,
    groups,
    kernels,
    gradientPlaneCount: what.gradientPlanes,
    channels: groups * channels,
    tapCount,
    sampleBytes,
    groupBytes: channels * window.channelBytes,
    height,
    width,
    tileRows: rows,
    tileColumns: columns,
    tileOfRow: tile.row,
    packed,
    packedBytes,
    chunk,
    pointers,
    images,
    gradientPlanes,
    packing: packingTable(window.packing),
    taps,
    positions,
  });
  lower.callIn(dtype, 'correlate', out, x, g, table, lower.scratch(gradientPlanes + padded + PACK_SLACK));
};
