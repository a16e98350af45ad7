import { constant, matmul, ndarray, take, type Tensor, transpose } from '../../tensor/index.ts';
import { type Call, type Operator, withSettings } from './operator.ts';

/** Where the pixel `at` of a resized dimension lies in the original one. */
type Place = (at: number, size: number, extent: number, factor: number) => number;

const PLACES: Readonly<Record<string, Place>> = {
  half_pixel: (at, _size, _extent, factor) => (at + 0.5) / factor - 0.5,
  pytorch_half_pixel: (at, size, _extent, factor) => (size > 1 ? (at + 0.5) / factor - 0.5 : 0),
  align_corners: (at, size, extent) => (size > 1 ? (at * (extent - 1)) / (size - 1) : 0),
  asymmetric: (at, _size, _extent, factor) => at / factor,
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

/** One dimension at another size. Linear interpolation is a product with a matrix of two entries a row. */
function resizeAxis(
  x: Tensor,
  axis: number,
  size: number,
  factor: number,
  { linear, place, nearest }: Settings,
): Tensor {
  const extent = x.shape[axis];
  const clamp = (at: number) => Math.min(Math.max(at, 0), extent - 1);
  const places = Array.from({ length: size }, (_, at) => place(at, size, extent, factor));
  if (!linear)
    return take(
      x,
      places.map((at) => clamp(nearest(at))),
      axis,
    );
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

function resized(
  x: Tensor,
  call: Call,
  settings: Settings,
  factors?: readonly number[],
  sizes?: readonly number[],
): Tensor {
  const axes = call.attributes.ints('axes')?.map((axis) => call.axis(axis, x.rank)) ?? x.shape.map((_, i) => i);
  const given = sizes ?? factors ?? call.fail('expected sizes or scales, got neither');
  if (given.length !== axes.length) call.fail(`expected ${axes.length} sizes or scales, got ${given.length}`);
  return axes.reduce((y, axis, i) => {
    const extent = y.shape[axis];
    const size = sizes ? sizes[i] : Math.floor(extent * factors![i]);
    if (!(Number.isInteger(size) && size >= 1 && size <= 2 ** 20)) call.fail(`expected sizes ≥ 1, got ${size}`);
    return size === extent ? y : resizeAxis(y, axis, size, sizes ? size / extent : factors![i], settings);
  }, x);
}

/** A setting that names one of several. */
function oneOf<T>(call: Call, name: string, otherwise: string, table: Readonly<Record<string, T>>): T {
  const value = call.attributes.string(name, otherwise);
  return table[value] ?? call.fail(`${name}: expected ${Object.keys(table).join(', ')}, got ${value}`);
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
  const policy = call.attributes.string('keep_aspect_ratio_policy', 'stretch');
  if (policy !== 'stretch') call.fail(`keep_aspect_ratio_policy: expected stretch, got ${policy}`);
  if (call.attributes.int('antialias', 0) !== 0) call.fail('antialias: expected 0, got 1');
  const empty = (list: readonly number[] | undefined) => (list && list.length > 0 ? list : undefined);
  return resized(call.tensor(0), call, settings, empty(scales), empty(sizes));
}

function upsample(call: Call): Tensor {
  const factors = call.attributes.floats('scales') ?? call.numbers(1);
  const settings = { linear: oneOf(call, 'mode', 'nearest', MODES), place: PLACES.asymmetric, nearest: Math.floor };
  return resized(call.tensor(0), call, settings, factors);
}

/** Images at another size. */
export const resizeOperators: Readonly<Record<string, Operator>> = {
  Resize: withSettings(resize, 1),
  Upsample: withSettings(upsample, 1),
};
