import fc from 'fast-check';
import { type DType, Generator, ndarray, type NDArray, type Shape, sizeOf } from '../../src/tensor/index.ts';

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

/** An array of a shape, drawn from a seed. */
export function draw(seed: number, shape: Shape, how: Draw = anywhere, dtype: DType = 'float64'): NDArray {
  return ndarray(how(new Generator(seed), sizeOf(shape)), shape, dtype);
}

/** A seed. */
export const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** A small extent. */
export const extent = (max: number, min = 1) => fc.integer({ min, max });

/** Few small leading dimensions, none more often than not. */
export const leadingShape = fc.oneof(
  { weight: 3, arbitrary: fc.constant([] as number[]) },
  { weight: 1, arbitrary: fc.array(extent(3), { minLength: 1, maxLength: 2 }) },
);

/** The inner product of two arrays. */
export function dot(a: NDArray, b: NDArray): number {
  return [...a.data].reduce((sum, x, i) => sum + x * b.data[i], 0);
}

/** Σ |aᵢ·bᵢ|: what rounding errors of the inner product are proportional to. */
export function absoluteDot(a: NDArray, b: NDArray): number {
  return [...a.data].reduce((sum, x, i) => sum + Math.abs(x * b.data[i]), 0);
}

/** The largest |a − b| over the largest |b|. */
export function relativeError(a: NDArray, b: NDArray): number {
  const size = [...b.data].reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const difference = [...a.data].reduce((most, x, i) => {
    const d = Math.abs(x - b.data[i]);
    return Number.isNaN(d) ? Infinity : Math.max(most, d);
  }, 0);
  return difference === 0 ? 0 : difference / (size || 1);
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
