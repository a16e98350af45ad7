import { type DType, ELEMENT_BYTES } from '../../../array.ts';
import type { Address } from '../calls.ts';
import type { Lowering } from '../lowering.ts';
import { ConvolveTable, CorrelateTable } from '../tables.ts';
import type { ConvolutionAttributes, Pair } from '../../../primitives/convolution.ts';
import { align, LANES } from '../lowering.ts';
import { type ConvolutionLowering, forwardWindow, PACK_SLACK, packingTable, type Window, windowOf } from './packing.ts';
import { dotTile, scaleTile } from './tiles.ts';

// Direct sums over the taps of every window, as assembly/convolution.ts computes them.

/** The vectors that cover a plane of windows: where each reads and writes (bytes) and how many lanes count. */
function vectorsOf(window: Window, [p, q]: Pair, dtype: DType): { from: number; to: number; count: number }[] {
  const flat = window.direct; // then rows join into one
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

/** A convolution or an input gradient: the kernel `convolve`. */
export const lowerConvolve: ConvolutionLowering = (lower, out, [x, w], what, { mask, add }) => {
  const { dtype, samples, groups, kernels, channels, kernel, strides, size, outputs } = what;
  const bytes = ELEMENT_BYTES[dtype];
  const window = windowOf(what);
  const taps = tapsOf(window, channels, kernel);
  const vectors = vectorsOf(window, outputs, dtype);
  const [rows, columns] = scaleTile(kernels, vectors.length);
  while (vectors.length % columns > 0) vectors.push({ from: 0, to: 0, count: 0 });
  const packedBytes = groups * channels * window.channelBytes + PACK_SLACK;
  const image = align(bytes * groups * (kernels + rows) * taps.length);
  const table = lower.struct(ConvolveTable, {
    ...strides,
    samples,
    maskSamples: mask?.samples ?? 0,
    groups,
    kernels,
    channels,
    channelTaps: kernel[0] * kernel[1],
    sampleBytes: bytes * groups * channels * size[0] * size[1],
    groupBytes: channels * window.channelBytes,
    outputPlaneBytes: bytes * outputs[0] * outputs[1],
    tileRows: rows,
    tileColumns: columns,
    packed: !window.direct,
    packedBytes,
    image,
    packing: packingTable(window.packing),
    taps,
    vectors,
  });
  const scratch = lower.scratch(image + (window.direct ? 0 : packedBytes));
  lower.callIn(dtype, 'convolve', out, x, w, mask?.address ?? 0, Number(add), table, scratch);
};

/** A weight gradient. */
export interface Correlation {
  readonly attributes: ConvolutionAttributes;
  readonly dtype: DType;
  readonly samples: number;
  readonly groups: number;
  /** Planes of the gradient and of the input, a group. */
  readonly kernels: number;
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
  const chunk = Math.max(1, Math.min(samples, Math.round(PIXELS_A_SUM / (p * q))));
  const packedBytes = groups * channels * window.channelBytes + PACK_SLACK;
  const [rows, columns] = dotTile(gradients * kernels, taps.length);
  const tapCount = taps.length;
  while (taps.length % columns > 0) taps.push(taps[tapCount - 1]);
  const wholeRows = Math.ceil((gradients * kernels) / rows) * rows;
  const pointers = bytes * groups * wholeRows * taps.length;
  const images = align(pointers + 4 * wholeRows);
  const gradientPlanes = images + (window.direct ? 0 : packedBytes * chunk);
  const padded = width % lanes === 0 ? 0 : bytes * height * (width + lanes - 1) * chunk * wholeRows;
  const table = lower.struct(CorrelateTable, {
    gradients,
    samples,
    groups,
    kernels,
    channels: groups * channels,
    tapCount,
    sampleBytes: bytes * groups * channels * size[0] * size[1],
    groupBytes: channels * window.channelBytes,
    height,
    width,
    tileRows: rows,
    tileColumns: columns,
    packed: !window.direct,
    packedBytes,
    chunk,
    pointers,
    images,
    gradientPlanes,
    packing: packingTable(window.packing),
    taps,
    positions: vectorsOf(window, outputs, dtype).map(({ from }) => from),
  });
  lower.callIn(dtype, 'correlate', out, x, g, table, lower.scratch(gradientPlanes + padded + PACK_SLACK));
};
