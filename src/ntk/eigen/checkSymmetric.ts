import { oneOf } from '../../check.ts';
import {
  checkArray,
  DTYPES,
  EPSILON,
  formatShape,
  type NDArray,
  NumericalError,
  ShapeError,
} from '../../tensor/index.ts';

/**
 * How far the two halves may differ, in units of ε·max|a|. Products of rows with a million entries, summed once in one
 * order and once in another, differ by about √10⁶ units in the last place; a matrix that is off by more was not meant
 * to be symmetric.
 */
const ASYMMETRY = 2 ** 10;

/**
 * Checks that a matrix has eigenvalues to compute.
 *
 * @param matrix [n, n]
 * @returns n
 * @throws ShapeError when the matrix is not square or is empty, InputError when its precision is unknown.
 * @throws NumericalError when an entry is NaN or infinite, or the matrix is asymmetric beyond rounding.
 */
export function checkSymmetric(matrix: NDArray): number {
  checkArray('symmetricEigen', matrix);
  const { shape, dtype, data } = matrix;
  oneOf('symmetricEigen: dtype', dtype, DTYPES);
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
  // Halves, because the difference of two large numbers may be infinite.
  const tolerance = (ASYMMETRY * EPSILON[dtype] * largest) / 2;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      const [lower, upper] = [data[i * n + j], data[j * n + i]];
      if (Math.abs(lower / 2 - upper / 2) > tolerance) {
        throw new NumericalError(
          `symmetricEigen: expected a symmetric matrix, got ${lower} in row ${i}, column ${j} ` +
            `and ${upper} in row ${j}, column ${i}`,
        );
      }
    }
  }
  return n;
}

/**
 * @param values in ascending order
 * @throws NumericalError when an eigenvalue is beyond the range of float64, or is NaN.
 */
export function checkEigenvalues(values: Float64Array): void {
  const [least, most] = [values[0], values[values.length - 1]];
  if (!Number.isFinite(least) || !Number.isFinite(most)) {
    throw new NumericalError(
      `symmetricEigen: expected eigenvalues within ±${Number.MAX_VALUE}, got ${least} to ${most}`,
    );
  }
}
