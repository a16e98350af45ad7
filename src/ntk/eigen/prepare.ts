import { NumericalError, ShapeError } from '../../errors.ts';
import { EPSILON, formatShape, type NDArray } from '../../tensor/index.ts';

/** A symmetric matrix, ready for a solver that may overwrite it. */
export interface Prepared {
  /** [n, n] row-major, exactly symmetric, the largest entry in [1, 2) or 0. */
  readonly a: Float64Array;
  readonly n: number;
  /** A power of two; eigenvalues of the original are those of `a` times it. */
  readonly scale: number;
}

/**
 * How far the two halves may differ, in units of ε·max|a|. Products of rows with a million entries, summed once in one
 * order and once in another, differ by about √10⁶ units in the last place; a matrix that is off by more was not meant
 * to be symmetric.
 */
const ASYMMETRY = 2 ** 10;

/**
 * Checks a matrix, makes both halves equal (to their mean), and divides it by a power of two so that squares and
 * products of entries neither overflow nor underflow where it matters. The division is exact but for entries below
 * 10⁻³⁰⁸ of the largest, and it makes the solvers behave alike at every scale.
 *
 * @param matrix [n, n]
 * @throws ShapeError when the matrix is not square or is empty.
 * @throws NumericalError when an entry is NaN or infinite, or the matrix is asymmetric beyond rounding.
 */
export function prepareSymmetric({ shape, dtype, data }: NDArray): Prepared {
  const [n] = shape;
  if (shape.length !== 2 || shape[1] !== n || n === 0) {
    throw new ShapeError(
      `symmetricEigen: expected a square matrix of at least one row, got shape ${formatShape(shape)}`,
    );
  }
  let largest = 0;
  for (let k = 0; k < n * n; k++) {
    const magnitude = Math.abs(data[k]);
    if (!(magnitude < Infinity)) {
      throw new NumericalError(
        `symmetricEigen: expected finite entries, got ${data[k]} in row ${Math.floor(k / n)}, column ${k % n}`,
      );
    }
    if (magnitude > largest) largest = magnitude;
  }

  const a = new Float64Array(n * n);
  if (largest === 0) return { a, n, scale: 1 };
  const scale = powerOfTwoUpTo(largest);
  const tolerance = (ASYMMETRY * EPSILON[dtype] * largest) / scale;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const lower = data[i * n + j] / scale;
      const upper = data[j * n + i] / scale;
      if (Math.abs(lower - upper) > tolerance) {
        throw new NumericalError(
          `symmetricEigen: expected a symmetric matrix, got ${data[i * n + j]} in row ${i}, column ${j} ` +
            `and ${data[j * n + i]} in row ${j}, column ${i}`,
        );
      }
      a[i * n + j] = a[j * n + i] = (lower + upper) / 2;
    }
  }
  return { a, n, scale };
}

/** The largest power of two that is at most x > 0. */
function powerOfTwoUpTo(x: number): number {
  // The logarithm of a number just below a power of two rounds up to the whole number, even to 1024.
  const power = 2 ** Math.min(1023, Math.floor(Math.log2(x)));
  return power > x ? power / 2 : power;
}
