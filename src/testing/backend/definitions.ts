import {
  type Attributes,
  broadcastShapes,
  type ElementwiseName,
  ndarray,
  type NDArray,
  type PrimitiveName,
  type Shape,
  sizeOf,
} from '../../tensor/index.ts';
import type { PrimitiveCase } from '../arbitraries/primitives.ts';
import { elementwiseDefinitions } from './elementwiseDefinitions.ts';

// What every primitive computes, written down a second time in the plainest way: one element of the result at a time, on
// operands without leading dimensions.

/** Element `index` of the result. `x` are the operands, to be read by `at`. */
type Element<A> = (x: readonly NDArray[], attributes: A, index: readonly number[]) => number;

/** An element, or `outside` beyond the borders. */
export function at({ shape, data }: NDArray, index: readonly number[], outside = 0): number {
  let offset = 0;
  for (let d = 0; d < shape.length; d++) {
    if (index[d] < 0 || index[d] >= shape[d]) return outside;
    offset = offset * shape[d] + index[d];
  }
  return data[offset];
}

/** An array from a formula for each element. */
export function tabulate(shape: Shape, element: (...index: number[]) => number): NDArray {
  return ndarray(
    Array.from(indicesOf(shape), (index) => element(...index)),
    shape,
  );
}

/** All indices of a shape in row-major order. */
export function indicesOf(shape: Shape): number[][] {
  return shape.reduce<number[][]>(
    (before, extent) => before.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

/** Σ of a term over all indices of a shape. */
export function total(shape: Shape, term: (...index: number[]) => number): number {
  let sum = 0;
  for (const index of indicesOf(shape)) sum += term(...index);
  return sum;
}

type Geometry = Attributes['convolution'];

/** Where output pixel p of tap r reads along dimension i. */
const tap = ({ stride, padding, dilation }: Geometry, i: 0 | 1, p: number, r: number) =>
  p * stride[i] + r * dilation[i] - padding[i][0];

/** The output pixel whose tap r reads at y along dimension i, where it is a whole number. */
const reader = ({ stride, padding, dilation }: Geometry, i: 0 | 1, y: number, r: number) =>
  (y + padding[i][0] - r * dilation[i]) / stride[i];

/** The channel of the images that channel d of kernel k of a group reads. */
const channelOf = (k: number, d: number, kernels: number, depth: number, groups: number) =>
  Math.floor(k / (kernels / groups)) * depth + d;

/** The places of a window, and whether each counts. */
function placesOf({ kernel, stride, padding, counted }: Attributes['averagePool'], size: Shape, p: number, q: number) {
  const inside = ([y, x]: readonly number[]) => y >= 0 && x >= 0 && y < size[0] && x < size[1];
  const counts = (place: readonly number[]) =>
    place.every((each, d) => each >= -counted[d][0] && each < size[d] + counted[d][1]);
  const places = indicesOf(kernel).map(([r, s]) => [
    p * stride[0] - padding[0][0] + r,
    q * stride[1] - padding[1][0] + s,
  ]);
  return { pixels: places.filter(inside), divisor: places.filter(counts).length };
}

/** Mean and biased variance of channel c of images [n, c, h, w]. */
function statistics(x: NDArray, c: number): { readonly mean: number; readonly variance: number } {
  const [n, , h, w] = x.shape;
  const mean = total([n, h, w], (i, p, q) => at(x, [i, c, p, q])) / (n * h * w);
  return { mean, variance: total([n, h, w], (i, p, q) => (at(x, [i, c, p, q]) - mean) ** 2) / (n * h * w) };
}

/** A position that an index names: cut to a whole number, and to the nearest position. */
const positionOf = (index: number, count: number) => Math.max(0, Math.min(count - 1, Math.trunc(index)));

/** The number of an index in row-major order. */
const numberOf = (index: readonly number[], shape: Shape) => index.reduce((sum, i, d) => sum * shape[d] + i, 0);

const unravel = (position: number, shape: Shape): number[] =>
  shape.reduceRight<number[]>(
    (index, extent, d) => [Math.floor(position / sizeOf(shape.slice(d + 1))) % extent, ...index],
    [],
  );

type Moving = Exclude<PrimitiveName, ElementwiseName | 'eigenvalues' | 'eigenvectors'>;

const elements: { readonly [P in Moving]: Element<Attributes[P]> } = {
  convolution: ([x, w], a, [n, k, p, q]) =>
    total(w.shape.slice(1), (d, r, s) => {
      const c = channelOf(k, d, w.shape[0], w.shape[1], a.groups);
      return at(w, [k, d, r, s]) * at(x, [n, c, tap(a, 0, p, r), tap(a, 1, q, s)]);
    }),
  convolutionInputGradient: ([g, w], a, [n, c, y, x]) => {
    const [kernels, depth, rows, columns] = w.shape;
    const d = c % depth;
    return total([kernels, rows, columns], (k, r, s) => {
      if (channelOf(k, d, kernels, depth, a.groups) !== c) return 0;
      const [p, q] = [reader(a, 0, y, r), reader(a, 1, x, s)];
      return Number.isInteger(p) && Number.isInteger(q) ? at(w, [k, d, r, s]) * at(g, [n, k, p, q]) : 0;
    });
  },
  convolutionWeightGradient: ([x, g], a, [k, d, r, s]) =>
    total([g.shape[0], ...g.shape.slice(2)], (n, p, q) => {
      const c = channelOf(k, d, g.shape[1], x.shape[1] / a.groups, a.groups);
      return at(g, [n, k, p, q]) * at(x, [n, c, tap(a, 0, p, r), tap(a, 1, q, s)]);
    }),

  standardize: ([x], { epsilon }, index) => {
    const { mean, variance } = statistics(x, index[1]);
    return (at(x, index) - mean) / Math.sqrt(variance + epsilon);
  },
  inverseDeviation: ([x], { epsilon }, [c]) => 1 / Math.sqrt(statistics(x, c).variance + epsilon),
  standardizeGradient: ([g, y, s], _, index) => {
    const [n, , h, w] = g.shape;
    const c = index[1];
    const mean = (f: (at: readonly number[]) => number) => total([n, h, w], (i, p, q) => f([i, c, p, q])) / (n * h * w);
    return s.data[c] * (at(g, index) - mean((i) => at(g, i)) - at(y, index) * mean((i) => at(g, i) * at(y, i)));
  },
  channelAffine: ([x, scale, shift], _, index) => at(x, index) * scale.data[index[1]] + shift.data[index[1]],
  channelScale: ([x, scale], _, index) => at(x, index) * scale.data[index[1]],
  channelInnerProduct: ([a, b], _, [c]) =>
    total([a.shape[0], ...a.shape.slice(2)], (n, p, q) => at(a, [n, c, p, q]) * at(b, [n, c, p, q])),
  channelSum: ([x], _, [c]) => total([x.shape[0], ...x.shape.slice(2)], (n, p, q) => at(x, [n, c, p, q])),

  averagePool: ([x], a, [p, q]) => {
    const { pixels, divisor } = placesOf(a, x.shape, p, q);
    return pixels.reduce((sum, place) => sum + at(x, place), 0) / divisor;
  },
  averagePoolGradient: ([g], a, [y, x]) =>
    total(g.shape, (p, q) => {
      const { pixels, divisor } = placesOf(a, a.inputSize, p, q);
      return pixels.some((place) => place[0] === y && place[1] === x) ? at(g, [p, q]) / divisor : 0;
    }),
  maxPoolIndex: ([x], a, [p, q]) => {
    const counted = [[0, 0], [0, 0]] as const; // prettier-ignore
    const { pixels } = placesOf({ ...a, counted }, x.shape, p, q);
    const first = pixels.reduce((best, place) => (at(x, place) > at(x, best) ? place : best));
    return numberOf(first, x.shape);
  },
  gather: ([source, index], { indexRank, indexedRank }, place) => {
    const indexed = source.shape.slice(0, indexedRank);
    const position = positionOf(at(index, place.slice(0, indexRank)), sizeOf(indexed));
    return at(source, [...unravel(position, indexed), ...place.slice(indexRank)]);
  },
  scatter: ([values, index], { size, indexRank }, place) => {
    const position = numberOf(place.slice(0, size.length), size);
    return total(index.shape.slice(0, indexRank), (...i) =>
      positionOf(at(index, i), sizeOf(size)) === position ? at(values, [...i, ...place.slice(size.length)]) : 0,
    );
  },

  cast: ([x], _, index) => at(x, index),
  reshape: ([x], { to }, index) => x.data[numberOf(index, to)],
  broadcastTo: ([x], { from }, index) =>
    at(
      x,
      index.slice(index.length - from.length).map((i, d) => (from[d] === 1 ? 0 : i)),
    ),
  transpose: ([x], { permutation }, index) => at(x, permutation.map((_, d) => index[permutation.indexOf(d)])), // prettier-ignore
  slice: ([x], { start, step }, index) => at(x, index.map((i, d) => start[d] + i * step[d])), // prettier-ignore
  pad: ([x], { before, interior }, index) => {
    const place = index.map((i, d) => (i - before[d]) / (interior[d] + 1));
    return place.every(Number.isInteger) ? at(x, place) : 0;
  },
  concatenate: (x, { axis }, index) => {
    const d = index.length + axis;
    let offset = index[d];
    const part = x.find(({ shape }) => {
      if (offset < shape[d]) return true;
      offset -= shape[d];
      return false;
    });
    return at(part!, index.with(d, offset));
  },
  sum: ([x], { axes }, index) => reduced(x, axes, index).reduce((a, b) => a + b, 0),
  max: ([x], { axes }, index) => reduced(x, axes, index).reduce((a, b) => Math.max(a, b), -Infinity),
  matmul: ([a, b], { transposeA, transposeB }, [i, j]) =>
    total(
      [a.shape[transposeA ? 0 : 1]],
      (k) => at(a, transposeA ? [k, i] : [i, k]) * at(b, transposeB ? [j, k] : [k, j]),
    ),
  gram: ([a, b], _, [i, j]) => total([a.shape[1]], (p) => at(a, [i, p]) * at(b, [j, p])),
};

/** The elements that a reduction over axes brings to one. */
function reduced(x: NDArray, axes: readonly number[], kept: readonly number[]): number[] {
  const over = axes.map((axis) => x.shape.length + axis);
  return indicesOf(over.map((d) => x.shape[d])).map((inner) => {
    const rest = [...kept];
    return at(x, x.shape.map((_, d) => (over.includes(d) ? inner[over.indexOf(d)] : rest.shift()!))); // prettier-ignore
  });
}

/** The primitives that a definition is given of; eigenvalues and eigenvectors are known by what they satisfy. */
export function isDefined(primitive: PrimitiveName): boolean {
  return primitive in elements || primitive in elementwiseDefinitions;
}

/**
 * What a primitive computes, in float64.
 *
 * @param operands in place of the case's own, of the same shapes.
 */
export function defined(
  { primitive, attributes, coreRanks }: Pick<PrimitiveCase, 'primitive' | 'attributes' | 'coreRanks'>,
  operands: readonly NDArray[],
  shape: Shape,
): NDArray {
  const leadings = operands.map((operand, i) => operand.shape.slice(0, operand.shape.length - coreRanks[i]));
  const leading = broadcastShapes(primitive, leadings);
  const core = shape.slice(leading.length);
  const element =
    (primitive in elements
      ? elements[primitive as Moving]
      : (x: readonly NDArray[], a: never) =>
          elementwiseDefinitions[primitive as ElementwiseName](x.map(({ data }) => data[0]), a)) as Element<unknown>; // prettier-ignore
  const data = indicesOf(leading).flatMap((position) => {
    const own = operands.map((operand, i) => coreAt(operand, leadings[i], position));
    return indicesOf(core).map((index) => element(own, attributes, index));
  });
  return ndarray(data, shape);
}

/** The part of an operand at a position of the leading dimensions that all broadcast to. */
export function coreAt({ shape, dtype, data }: NDArray, leading: Shape, position: readonly number[]): NDArray {
  const core = shape.slice(leading.length);
  const own = position.slice(position.length - leading.length).map((i, d) => (leading[d] === 1 ? 0 : i));
  const start = numberOf(own, leading) * sizeOf(core);
  return { shape: core, dtype, data: data.slice(start, start + sizeOf(core)) };
}
