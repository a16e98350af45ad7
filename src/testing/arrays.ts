import { type DType, Generator, ndarray, type NDArray, type Shape, sizeOf } from '../tensor/index.ts';

/** How random values are drawn. */
export type Draw = (generator: Generator, size: number) => number[];

/** Uniform in [−2, 2]. */
export const anywhere: Draw = (generator, size) => Array.from({ length: size }, () => generator.uniform(-2, 2));

/** At least 0.05 away from 0, where ReLU has its kink. */
export const awayFromZero: Draw = (generator, size) =>
  anywhere(generator, size).map((x) => x + 0.05 * Math.sign(x || 1));

/** In [0.5, 2]: logarithms and powers are smooth there. */
export const positive: Draw = (generator, size) => Array.from({ length: size }, () => generator.uniform(0.5, 2));

/** All different by at least 0.1, in random order: no maximum is near a tie. */
export const apart: Draw = (generator, size) =>
  Array.from(generator.permutation(size), (rank) => 0.1 * rank + generator.uniform(-0.02, 0.02));

/** An array of a shape, drawn from a seed; uniform in [−2, 2] by default. */
export function draw(seed: number, shape: Shape, how: Draw = anywhere, dtype: DType = 'float64'): NDArray {
  return ndarray(how(new Generator(seed), sizeOf(shape)), shape, dtype);
}

/** The inner product of two arrays. */
export function dot(a: NDArray, b: NDArray): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += a.data[i] * b.data[i];
  return sum;
}

/** Σ |aᵢ·bᵢ|: what rounding errors of the inner product are proportional to. */
export function absoluteDot(a: NDArray, b: NDArray): number {
  let sum = 0;
  for (let i = 0; i < a.data.length; i++) sum += Math.abs(a.data[i] * b.data[i]);
  return sum;
}

/** The largest |aᵢ|; NaN where an element is. */
export function largest({ data }: NDArray): number {
  let most = 0;
  for (const x of data) most = Math.max(most, Math.abs(x));
  return most;
}

/** The largest |aᵢ − bᵢ|; infinite where one of the two is NaN, or the arrays have different lengths. */
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

/** The largest |a − b| over the largest |b|. */
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
