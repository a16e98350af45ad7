import { type DType, ELEMENT_BYTES } from '../../../array.ts';
import { type Address, advance } from '../calls.ts';
import { align, type Lowering } from '../lowering.ts';
import type { Values } from '../struct.ts';
import type { Packing as PackingTable } from '../tables.ts';
import { before, type ConvolutionAttributes, type Pair, type Sides } from '../../../primitives/convolution.ts';

// Images are packed so that a tap is a distance, the same at every pixel (assembly/pack.ts).

/** Bytes after a packed image: whole vectors are read at a row's end. */
export const PACK_SLACK = 64;

/** How an image is packed. */
export interface Packing {
  readonly size: Pair;
  /** Where pixel (0, 0) goes. */
  readonly offset: Pair;
  /** Into how many planes pixels are dealt, by position modulo this. */
  readonly stride: Pair;
  /** The size of a packed plane. */
  readonly rows: number;
  readonly columns: number;
}

/** A packed image, and where its taps are. */
export interface Window {
  readonly packing: Packing;
  readonly dilation: Pair;
  /** Whether the image itself is its packed form. */
  readonly direct: boolean;
  /** Bytes of a packed channel. */
  readonly channelBytes: number;
  /** The distance of tap (r, s) in bytes. */
  readonly tap: (r: number, s: number) => number;
}

/** For `outputs` of windows that step by `stride` over the padded image. */
export function forwardWindow(
  { stride, padding, dilation }: ConvolutionAttributes,
  size: Pair,
  kernel: Pair,
  outputs: Pair,
  dtype: DType,
): Window {
  const bytes = ELEMENT_BYTES[dtype];
  const reach = (i: 0 | 1) => outputs[i] + Math.floor(((kernel[i] - 1) * dilation[i]) / stride[i]);
  const [rows, columns] = [reach(0), reach(1)];
  return {
    packing: { size, offset: before(padding), stride, rows, columns },
    dilation,
    direct: isPointwise(kernel, stride, padding),
    channelBytes: bytes * stride[0] * stride[1] * rows * columns,
    tap: (r, s) => {
      const [y, x] = [r * dilation[0], s * dilation[1]];
      const plane = (y % stride[0]) * stride[1] + (x % stride[1]);
      return bytes * ((plane * rows + Math.floor(y / stride[0])) * columns + Math.floor(x / stride[1]));
    },
  };
}

/** For all pixels of the input, at stride 1; rows of the packed image have `columns` columns, or as many as needed. */
export function backwardWindow(
  { stride, padding, dilation }: ConvolutionAttributes,
  size: Pair,
  kernel: Pair,
  inputs: Pair,
  dtype: DType,
  columns = backwardColumns(kernel, dilation, inputs),
): Window {
  const bytes = ELEMENT_BYTES[dtype];
  const span = ([0, 1] as const).map((i) => (kernel[i] - 1) * dilation[i]);
  const rows = inputs[0] + span[0];
  const [top, left] = before(padding);
  return {
    packing: {
      size,
      offset: [span[0] - top, span[1] - left],
      stride: [1, 1],
      rows,
      columns,
    },
    dilation,
    direct: isPointwise(kernel, stride, padding),
    channelBytes: bytes * rows * columns,
    tap: (r, s) => bytes * ((span[0] - r * dilation[0]) * columns + span[1] - s * dilation[1]),
  };
}

function backwardColumns(kernel: Pair, dilation: Pair, inputs: Pair): number {
  return inputs[1] + (kernel[1] - 1) * dilation[1];
}

function isPointwise(kernel: Pair, stride: Pair, padding: Sides): boolean {
  return [...kernel, ...stride].every((extent) => extent === 1) && padding.flat().every((extent) => extent === 0);
}

/** A packing as kernels read it. */
export function packingTable({ size, offset, stride, rows, columns }: Packing): Values<typeof PackingTable.fields> {
  const [height, width] = size;
  const [offsetH, offsetW] = offset;
  const [strideH, strideW] = stride;
  return { height, width, offsetH, offsetW, strideH, strideW, rows, columns };
}

/** An image, and the convolution of it that is to be computed, or the gradient and the convolution that it is one of. */
export interface Source {
  /** The convolution itself, of which this may be the input gradient. */
  readonly attributes: ConvolutionAttributes;
  /** Planes that are read, a group, and their size. */
  readonly channels: number;
  readonly size: Pair;
  readonly kernel: Pair;
  /** Strides of the weights in elements. */
  readonly strides: { readonly groupStride: number; readonly kernelStride: number; readonly channelStride: number };
}

/** Where the image or gradient of a source is, and where its weights are. */
export interface SourceAt {
  readonly x: Address;
  readonly w: Address;
}

/** Results that are sums of pixels scaled by weights: a convolution, an input gradient, or a sum of several of these. */
export interface Convolution {
  readonly gradient: boolean;
  readonly dtype: DType;
  readonly samples: number;
  readonly groups: number;
  /** Planes that are written, a group, and their size. */
  readonly kernels: number;
  readonly outputs: Pair;
  readonly sources: readonly Source[];
}

/** The windows of all sources of a convolution or of input gradients; packed images have rows of one length. */
export function windowsOf({ gradient, dtype, outputs, sources }: Convolution): readonly Window[] {
  if (!gradient)
    return sources.map(({ attributes, size, kernel }) => forwardWindow(attributes, size, kernel, outputs, dtype));
  const columns = Math.max(
    ...sources.map(({ attributes: { dilation }, kernel }) => backwardColumns(kernel, dilation, outputs)),
  );
  return sources.map(({ attributes, size, kernel }) =>
    backwardWindow(attributes, size, kernel, outputs, dtype, columns),
  );
}

/** Emits the calls of a convolution or of an input gradient, of as many arrays as it has sources. */
export type ConvolutionLowering = (
  lower: Lowering,
  out: Address,
  operands: readonly SourceAt[],
  what: Convolution,
  epilogue: Epilogue,
) => void;

/** Bytes of the addresses of sources where a kernel reads them. */
export function addressBytes(sources: readonly SourceAt[]): number {
  return align(2 * 4 * sources.length);
}

/** Hands the addresses of sources to the next call, at `to`. */
export function pointTo(lower: Lowering, to: Address, sources: readonly SourceAt[]): void {
  sources.forEach(({ x, w }, i) => lower.call('point', advance(to, 8 * i), x, w));
}

/** Where results go besides into their place: through the mask of a ReLU, or added to the present values. */
export interface Epilogue {
  readonly mask?: { readonly address: Address; readonly samples: number };
  readonly add: boolean;
}
