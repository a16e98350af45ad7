import { constant, formatShape, matmul, ndarray, sizeOf, take, type Tensor, transpose } from '../../tensor/index.ts';
import { meant } from '../meant.ts';
import { type Call, type Operator, withSettings } from './operator.ts';

/** One dimension that is resized. */
interface Axis {
  /** The extents after and before. */
  readonly size: number;
  readonly extent: number;
  /** Where a distance of the resized dimension ends in the original one. */
  readonly original: (distance: number) => number;
  /** What the factor makes of the extent, before it is cut to whole pixels. */
  readonly exactSize: number;
}

/** Where the pixel `at` of a resized dimension lies in the original one. */
type Place = (at: number, axis: Axis) => number;

const PLACES: Readonly<Record<string, Place>> = {
  half_pixel: (at, { original }) => original(at + 0.5) - 0.5,
  half_pixel_symmetric: (at, { original, size, extent, exactSize }) =>
    (extent / 2) * (1 - size / exactSize) + original(at + 0.5) - 0.5,
  pytorch_half_pixel: (at, { original, size }) => (size > 1 ? original(at + 0.5) - 0.5 : 0),
  tf_half_pixel_for_nn: (at, { original }) => original(at + 0.5),
  align_corners: (at, { size, extent }) => (size > 1 ? (at * (extent - 1)) / (size - 1) : 0),
  asymmetric: (at, { original }) => original(at),
};

/** How a place between two pixels becomes one. */
const NEAREST: Readonly<Record<string, (place: number) => number>> = {
  floor: Math.floor,
  ceil: Math.ceil,
  round_prefer_floor: (place) => Math.ceil(place - 0.5),
  round_prefer_ceil: (place) => Math.floor(place + 0.5),
};

interface Settings {
  readonly linear: boolean;
  readonly place: Place;
  readonly nearest: (place: number) => number;
}

/** The most weights of an interpolation. */
const MOST_WEIGHTS = 2 ** 24;

/** One dimension at another size. Linear interpolation is a product with a matrix of two entries a row. */
function resizeAxis(x: Tensor, axis: number, call: Call, of: Axis, { linear, place, nearest }: Settings): Tensor {
  const { size, extent } = of;
  const clamp = (at: number) => Math.min(Math.max(at, 0), extent - 1);
  const places = call.table(size, (at) => place(at, of));
  if (!linear)
    return take(
      x,
      places.map((at) => clamp(nearest(at))),
      axis,
    );
  if (size * extent > MOST_WEIGHTS) call.fail(`expected at most ${MOST_WEIGHTS} weights, got ${size} by ${extent}`);
  const weights = new Float64Array(size * extent);
  places.map(clamp).forEach((at, row) => {
    const low = Math.floor(at);
    weights[row * extent + low] += 1 - (at - low);
    weights[row * extent + clamp(low + 1)] += at - low;
  });
  const matrix = constant(ndarray(weights, [size, extent], x.dtype));
  const swap = x.shape.map((_, i) => (i === axis ? x.rank - 1 : i === x.rank - 1 ? axis : i));
  const last = transpose(x, swap);
  return transpose(matmul(last, matrix, { transposeB: true }), swap);
}

const sized = (extent: number, size: number): Axis => ({
  ...{ size, extent, exactSize: size },
  original: (distance) => (distance * extent) / size,
});

const scaled = (extent: number, size: number, factor: number): Axis => ({
  ...{ size, extent, exactSize: extent * factor },
  original: (distance) => distance / factor,
});

/** By a factor of the file: the product with the extent is rounded to float32, as the factor is, before it is cut. */
function byFactor(extent: number, factor: number): Axis {
  const size = Math.floor(Math.fround(extent * factor));
  // A factor that is the ratio of the sizes stands for the ratio itself.
  return Math.fround(size / extent) === Math.fround(factor) ? sized(extent, size) : scaled(extent, size, meant(factor));
}

/** How requested sizes are changed to give all dimensions one factor. */
const POLICIES: Readonly<Record<string, ((factors: readonly number[]) => number) | undefined>> = {
  stretch: undefined,
  not_larger: (factors) => Math.min(...factors),
  not_smaller: (factors) => Math.max(...factors),
};

function resized(
  x: Tensor,
  call: Call,
  settings: Settings,
  factors?: readonly number[],
  sizes?: readonly number[],
): Tensor {
  if (sizeOf(x.shape) === 0) call.fail(`expected pixels, got shape ${formatShape(x.shape)}`);
  const axes = call.attributes.ints('axes')?.map((axis) => call.axis(axis, x.rank)) ?? x.shape.map((_, i) => i);
  const given = sizes ?? factors ?? call.fail('expected sizes or scales, got neither');
  if (sizes && factors) call.fail('expected sizes or scales, got both');
  if (given.length !== axes.length) call.fail(`expected ${axes.length} sizes or scales, got ${given.length}`);
  const one = sizes && oneOf(call, 'keep_aspect_ratio_policy', 'stretch', POLICIES);
  const factor = one?.(axes.map((axis, i) => given[i] / x.shape[axis]));
  return axes.reduce((y, axis, i) => {
    const extent = y.shape[axis];
    const of =
      factor !== undefined
        ? scaled(extent, Math.floor(extent * factor + 0.5), factor)
        : sizes
          ? sized(extent, given[i])
          : byFactor(extent, given[i]);
    if (!(Number.isInteger(of.size) && of.size >= 1)) call.fail(`expected sizes ≥ 1, got ${of.size}`);
    return of.original(1) === 1 ? y : resizeAxis(y, axis, call, of, settings);
  }, x);
}

/** A setting that names one of several. */
function oneOf<T>(call: Call, name: string, otherwise: string, table: Readonly<Record<string, T>>): T {
  const value = call.attributes.string(name, otherwise);
  return Object.hasOwn(table, value)
    ? table[value]
    : call.fail(`${name}: expected ${Object.keys(table).join(', ')}, got ${value}`);
}

const MODES: Readonly<Record<string, boolean>> = { nearest: false, linear: true, bilinear: true };

function resize(call: Call): Tensor {
  // Operator set 10 has X and scales; later ones X, a region, scales and sizes.
  const scales = call.numbers(call.opset < 11 ? 1 : 2);
  const sizes = call.numbers(3);
  const asymmetric = call.opset < 11;
  const settings = {
    linear: oneOf(call, 'mode', 'nearest', MODES),
    place: oneOf(call, 'coordinate_transformation_mode', asymmetric ? 'asymmetric' : 'half_pixel', PLACES),
    nearest: oneOf(call, 'nearest_mode', asymmetric ? 'floor' : 'round_prefer_floor', NEAREST),
  };
  if (call.attributes.int('antialias', 0) !== 0) call.fail('antialias: expected 0, got 1');
  const empty = (list: readonly number[] | undefined) => (list && list.length > 0 ? list : undefined);
  return resized(call.tensor(0), call, settings, empty(scales), empty(sizes));
}

function upsample(call: Call): Tensor {
  const { attributes } = call;
  const ofImages = attributes.has('height_scale')
    ? [1, 1, attributes.float('height_scale', 1), attributes.float('width_scale', 1)]
    : undefined;
  const factors = ofImages ?? attributes.floats('scales') ?? call.numbers(1);
  const settings = { linear: oneOf(call, 'mode', 'nearest', MODES), place: PLACES.asymmetric, nearest: Math.floor };
  return resized(call.tensor(0), call, settings, factors);
}

/** Images at another size. */
export const resizeOperators: Readonly<Record<string, Operator>> = {
  Resize: withSettings(resize, 1),
  Upsample: withSettings(upsample, 1),
};
