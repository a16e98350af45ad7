import { type DType, Generator, ndarray, type NDArray, type Shape, sizeOf } from '../tensor/index.ts';

/** How random values are drawn. */
export type Draw = (generator: Generator, size: number) => number[];

/**
 * Uniform in [−2, 2].
 *
 * @example
 * console.log(anywhere(new Generator(0), 100).every((x) => -2 <= x && x <= 2)); // true
 */
export const anywhere: Draw = (generator, size) => Array.from({ length: size }, () => generator.uniform(-2, 2));

/**
 * At least 0.05 away from 0, where ReLU has its kink.
 *
 * @example
 * console.log(awayFromZero(new Generator(0), 100).every((x) => Math.abs(x) >= 0.05)); // true
 */
export const awayFromZero: Draw = (generator, size) =>
  anywhere(generator, size).map((x) => x + 0.05 * Math.sign(x || 1));

/**
 * In [0.5, 2]: logarithms and powers are smooth there.
 *
 * @example
 * console.log(positive(new Generator(0), 100).every((x) => 0.5 <= x && x <= 2)); // true
 */
export const positive: Draw = (generator, size) => Array.from({ length: size }, () => generator.uniform(0.5, 2));

/**
 * All different by at least 0.06, in random order: no maximum is near a tie.
 *
 * @example
 * const drawn = apart(new Generator(0), 50).sort((a, b) => a - b);
 * console.log(drawn.slice(1).every((x, i) => x - drawn[i] >= 0.06)); // true
 */
export const apart: Draw = (generator, size) =>
  Array.from(generator.permutation(size), (rank) => 0.1 * rank + generator.uniform(-0.02, 0.02));

/**
 * An array of a shape, drawn from a seed; uniform in [−2, 2] by default.
 *
 * @example
 * const x = draw(7, [2, 3], positive, 'float32');
 * console.log(x.shape, x.dtype, largestDifference(x, draw(7, [2, 3], positive, 'float32'))); // [ 2, 3 ] float32 0
 */
export function draw(seed: number, shape: Shape, how: Draw = anywhere, dtype: DType = 'float64'): NDArray {
  return ndarray(how(new Generator(seed), sizeOf(shape)), shape, dtype);
}

/**
 * The inner product of two arrays.
 *
 * @example
 * console.log(dot(ndarray([1, -2], [2]), ndarray([3, 4], [2]))); // -5
 */
export function dot(a: NDArray, b: NDArray): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += a.data[i] * b.data[i];
  return sum;
}

/**
 * Σ |aᵢ·bᵢ|: what rounding errors of the inner product are proportional to.
 *
 * @example
 * console.log(absoluteDot(ndarray([1, -2], [2]), ndarray([3, 4], [2]))); // 11
 */
export function absoluteDot(a: NDArray, b: NDArray): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i] * b.data[i]);
  return sum;
}

/**
 * The largest |aᵢ|; NaN where an element is.
 *
 * @example
 * console.log(largest(ndarray([1, -3, 2], [3])), largest(ndarray([1, NaN], [2]))); // 3 NaN
 */
export function largest({ data }: NDArray): number {
  let most = 0;
  for (const x of data) most = Math.max(most, Math.abs(x));
  return most;
}

/**
 * The largest |aᵢ − bᵢ|; infinite where one of the two is NaN, or the arrays have different lengths.
 *
 * @example
 * console.log(largestDifference(ndarray([1, 2], [2]), ndarray([1, 2.5], [2]))); // 0.5
 */
export function largestDifference(a: NDArray, b: NDArray): number {
  if (a.data.length !== b.data.length) return Infinity;
  let most = 0;
  for (let i = 0; i < a.data.length; i++) {
    if (a.data[i] === b.data[i]) continue; // infinities, too
    const difference = Math.abs(a.data[i] - b.data[i]);
    most = Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  }
  return most;
}

/**
 * The largest |a − b| over the largest |b|.
 *
 * @example
 * console.log(relativeError(ndarray([1, 9], [2]), ndarray([1, 10], [2]))); // 0.1
 */
export function relativeError(a: NDArray, b: NDArray): number {
  const difference = largestDifference(a, b);
  return difference === 0 ? 0 : difference / (largest(b) || 1);
}

/** Element `row` of the first dimension. */
export function rowOf({ shape, dtype, data }: NDArray, row: number): NDArray {
  const inner = shape.slice(1);
  const size = sizeOf(inner);
  return { shape: inner, dtype, data: data.slice(row * size, (row + 1) * size) };
}

/** Arrays of one shape under each other. */
export function stack(arrays: readonly NDArray[]): NDArray {
  const [{ shape, dtype }] = arrays;
  return ndarray(
    arrays.flatMap(({ data }) => [...data]),
    [arrays.length, ...shape],
    dtype,
  );
}

/** The same array with every element changed by a function. */
export function mapArray({ shape, dtype, data }: NDArray, f: (x: number, i: number) => number): NDArray {
  return { shape, dtype, data: data.map(f) };
}
