import { decompose, type Solver } from '../../tensor/eigen/index.ts';
import { type NDArray, ndarray } from '../../tensor/index.ts';
import { checkEigenvalues, checkSymmetric } from './checkSymmetric.ts';

/** Eigenvalues and, when asked for, eigenvectors. */
export interface SymmetricEigen {
  /** [n], ascending */
  readonly values: Float64Array;
  /**
   * [n, n] in float64, orthogonal: column i is the eigenvector of value i, and its component of the largest magnitude is
   * positive.
   */
  readonly vectors?: NDArray;
}

/**
 * The eigen-decomposition of a symmetric matrix by a solver.
 *
 * @param matrix [n, n]
 * @throws ShapeError, NumericalError, InputError as `checkSymmetric` and `checkEigenvalues`.
 */
export function decomposition(matrix: NDArray, vectors: boolean, solver: Solver): SymmetricEigen {
  const n = checkSymmetric(matrix);
  const { values, rows } = decompose(matrix.data, n, vectors, solver);
  checkEigenvalues(values);
  if (rows === undefined) return { values };
  const columns = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) columns[k * n + i] = rows[i * n + k];
  return { values, vectors: ndarray(columns, [n, n]) };
}
