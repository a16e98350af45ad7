import type { FloatArray } from '../array.ts';

/** The symmetric part of a matrix, and what it was divided by. */
export interface Scaled {
  /** [n, n], exactly symmetric with entries of magnitude below 2. */
  readonly a: Float64Array;
  /** A power of two. */
  readonly scale: number;
}

/**
 * The mean of a matrix and its transpose, divided by a power of two so that squares and products of entries neither
 * overflow nor underflow where it matters. The division is exact but for entries below 10⁻³⁰⁸ of the largest, and it makes
 * solvers behave alike at every scale.
 *
 * @param matrix [n, n]
 * @returns nothing when an entry is NaN or infinite.
 */
export function symmetricPart(matrix: FloatArray, n: number): Scaled | undefined {
  let largest = 0;
  for (let k = 0; k < n * n; k++) {
    const magnitude = Math.abs(matrix[k]);
    if (!(magnitude < Infinity)) return undefined;
    if (magnitude > largest) largest = magnitude;
  }
  const a = new Float64Array(n * n);
  if (largest === 0) return { a, scale: 1 };
  const scale = powerOfTwoUpTo(largest);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      a[i * n + j] = a[j * n + i] = (matrix[i * n + j] / scale + matrix[j * n + i] / scale) / 2;
    }
  }
  return { a, scale };
}

/** The largest power of two that is at most x > 0. */
export function powerOfTwoUpTo(x: number): number {
  // The logarithm of a number just below a power of two rounds up to the whole number, even to 1024.
  const power = 2 ** Math.min(1023, Math.floor(Math.log2(x)));
  return power > x ? power / 2 : power;
}
