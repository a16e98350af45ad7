import { reshape, ShapeError, type Sides, sizeOf, take, type Tensor } from '../../tensor/index.ts';
import type { Call } from './operator.ts';
import { padWith } from './padWith.ts';

/** Of the vertical and the horizontal dimension. */
export type Pair = readonly [number, number];

/** Settings of windows over images, of one row where the input has one dimension. */
export interface Windows {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly dilation: Pair;
  /** [[top, bottom], [left, right]] */
  readonly padding: Sides;
}

/** Windows of a pool; by `ceilMode` a last one may hang over the end. */
export interface PoolWindows extends Windows {
  readonly ceilMode: boolean;
}

/** The most numbers of a kernel, of one input and one output. */
const MOST_TAPS = 2 ** 20;

/** The most numbers of images with their padding. */
const MOST_PADDED = 2 ** 30;

/** One or two numbers, the first of which is 1 (or 0) for a row. */
export const two = (values: readonly number[], first: number): Pair =>
  values.length === 1 ? [first, values[0]] : [values[0], values[1]];

/** Refuses what has other than one or two dimensions of pixels. */
export function dimensions(call: Call): number {
  const pixels = call.shape(0).length - 2;
  if (pixels !== 1 && pixels !== 2)
    call.fail(`expected an input [N, C, L] or [N, C, H, W], got ${pixels + 2} dimensions`);
  return pixels;
}

/** [N, C, L] as [N, C, 1, L]. */
export const asImage = (x: Tensor): Tensor => (x.rank === 3 ? reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]]) : x);

/** Back to [N, C, L], where the input was. */
export const asInput = (y: Tensor, pixels: number): Tensor =>
  pixels === 1 ? reshape(y, [y.shape[0], y.shape[1], y.shape[3]]) : y;

const AUTO_PADS = ['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'];

/** How the padding is chosen. */
export function autoPad(call: Call): string {
  const auto = call.attributes.string('auto_pad', 'NOTSET');
  return AUTO_PADS.includes(auto) ? auto : call.fail(`auto_pad: expected ${AUTO_PADS.join(', ')}, got ${auto}`);
}

/** The settings of a convolution or a pool. */
export function windows(call: Call, kernel: readonly number[]): Windows {
  const { attributes } = call;
  const pixels = dimensions(call);
  const list = (name: string, otherwise: number): readonly number[] => {
    const values = attributes.ints(name) ?? new Array<number>(pixels).fill(otherwise);
    if (values.length !== pixels) call.fail(`${name}: expected ${pixels} integers, got ${values.length}`);
    return values;
  };
  if (kernel.length !== pixels) call.fail(`kernel: expected ${pixels} extents, got ${kernel.length}`);
  const stride = list('strides', 1);
  const dilation = list('dilations', 1);
  const steps = { kernel, strides: stride, dilations: dilation };
  for (const [name, values] of Object.entries(steps)) {
    if (!values.every((value) => value >= 1)) call.fail(`${name}: expected integers ≥ 1, got ${values.join(', ')}`);
  }
  if (sizeOf(kernel) > MOST_TAPS)
    call.fail(`kernel: expected at most ${MOST_TAPS} numbers, got ${kernel.join(' by ')}`);
  const given = attributes.ints('pads') ?? new Array<number>(2 * pixels).fill(0);
  if (given.length !== 2 * pixels) call.fail(`pads: expected ${2 * pixels} integers, got ${given.length}`);
  const auto = autoPad(call);
  const sides = kernel.map((extent, i): Pair => {
    if (auto === 'VALID') return [0, 0];
    if (auto !== 'SAME_UPPER' && auto !== 'SAME_LOWER') return [given[i], given[i + pixels]];
    const size = call.shape(0)[i + 2];
    const reach = (Math.ceil(size / stride[i]) - 1) * stride[i] + dilation[i] * (extent - 1) + 1;
    const total = Math.max(0, reach - size);
    const half = Math.floor(total / 2);
    return auto === 'SAME_UPPER' ? [half, total - half] : [total - half, half];
  });
  const [n, c, ...size] = call.shape(0);
  const padded = size.map((extent, i) => sides[i][0] + extent + sides[i][1]);
  if (sizeOf([n, c, ...padded]) > MOST_PADDED) {
    call.fail(`pads: expected at most ${MOST_PADDED} numbers, got images of ${padded.join(' by ')}`);
  }
  return {
    kernel: two(kernel, 1),
    stride: two(stride, 1),
    dilation: two(dilation, 1),
    padding: sides.length === 1 ? [[0, 0], sides[0]] : [sides[0], sides[1]],
  };
}

/** No padding. */
export const NOTHING: Sides = [
  [0, 0],
  [0, 0],
];

/** Whether windows have no gaps. */
export const isDense = ({ dilation }: Windows): boolean => dilation.every((step) => step === 1);

/** The most places that the windows of one dimension are spread to. */
const MOST_PLACES = 2 ** 22;

/** The rows and columns of windows over an image. A last one that hangs over begins inside it or the padding before it. */
export function countsOf(x: Tensor, { kernel, stride, dilation, padding, ceilMode }: PoolWindows): Pair {
  const along = (i: 0 | 1): number => {
    const [low, high] = padding[i];
    const size = x.shape[x.rank - 2 + i];
    const free = low + size + high - dilation[i] * (kernel[i] - 1) - 1;
    const count = (ceilMode ? Math.ceil(free / stride[i]) : Math.floor(free / stride[i])) + 1;
    if (count < 1)
      throw new ShapeError(`a window of ${low + size + high - free} > padded input size ${low + size + high}`);
    return ceilMode && (count - 1) * stride[i] >= size + low ? count - 1 : count;
  };
  return [along(0), along(1)];
}

/**
 * The places of every window side by side, [P·kh, Q·kw]: windows with gaps, or such as hang over, become windows of a
 * plain pool whose step is the kernel.
 *
 * @param outside what stands where the image has no pixel.
 */
export function spread(x: Tensor, windows: Windows, counts: Pair, outside: number): Tensor {
  return ([0, 1] as const).reduce((y, i) => {
    const { kernel, stride, dilation, padding } = windows;
    const axis = y.rank - 2 + i;
    const [before] = padding[i];
    const reach = (counts[i] - 1) * stride[i] + dilation[i] * (kernel[i] - 1) + 1;
    const after = Math.max(0, reach - before - y.shape[axis]);
    if (Math.max(reach, counts[i] * kernel[i]) > MOST_PLACES) {
      throw new ShapeError(`windows of ${kernel[i]} pixels: expected at most ${MOST_PLACES} places, got more`);
    }
    const at = Array.from({ length: counts[i] * kernel[i] }, (_, k) => {
      const window = Math.floor(k / kernel[i]);
      return window * stride[i] + (k - window * kernel[i]) * dilation[i];
    });
    return take(
      padWith(
        y,
        y.shape.map((_, d) => (d === axis ? { before, after } : {})),
        outside,
      ),
      at,
      axis,
    );
  }, x);
}
