import { oneOf } from '../../check.ts';
import { decompose, householderQL, jacobi, type Solver, solverFor } from '../../tensor/eigen/index.ts';
import { type NDArray, ndarray } from '../../tensor/index.ts';
import { checkEigenvalues, checkSymmetric } from './checkSymmetric.ts';
import { qr } from './qr.ts';

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

/** How eigenvalues are computed. */
export interface EigenOptions {
  /**
   * - `jacobi`: cyclic Jacobi, whose small eigenvalues are accurate relative to themselves;
   * - `householder`: Householder reduction and implicit QL, about 50 times as fast;
   * - `qr`: the same by the library ml-matrix, to compare.
   *
   * The default is `jacobi` up to 100 rows and `householder` beyond.
   */
  readonly method?: EigenMethod;
  /** Whether to compute eigenvectors; false by default. */
  readonly vectors?: boolean;
}

/** The name of a method of {@link symmetricEigen}. */
export type EigenMethod = 'jacobi' | 'householder' | 'qr';

const solvers: Readonly<Record<EigenMethod, Solver>> = { jacobi, householder: householderQL, qr };
const METHODS = Object.keys(solvers) as EigenMethod[];

/**
 * The eigen-decomposition A = V·diag(values)·Vᵀ of a symmetric matrix. Where the two halves differ by rounding, their
 * mean is taken. A matrix times a power of two has the same eigenvectors and that power times the eigenvalues, to the
 * last bit, as long as no number leaves the range of float64.
 *
 * @param matrix [n, n] with n ≥ 1, of either precision; all computation is in float64, on the calling thread.
 * @throws ShapeError when the matrix is not square or is empty.
 * @throws NumericalError when an entry is NaN or infinite, the matrix is asymmetric beyond rounding, an eigenvalue is
 * beyond the range of float64, or the method does not converge.
 * @throws InputError when there is no such method.
 */
export function symmetricEigen(
  matrix: NDArray,
  options: EigenOptions & { readonly vectors: true },
): Required<SymmetricEigen>;
export function symmetricEigen(matrix: NDArray, options?: EigenOptions): SymmetricEigen;
export function symmetricEigen(matrix: NDArray, { method, vectors = false }: EigenOptions = {}): SymmetricEigen {
  const n = checkSymmetric(matrix);
  if (method !== undefined) oneOf('symmetricEigen: method', method, METHODS);
  const { values, rows } = decompose(matrix.data, n, vectors, method ? solvers[method] : solverFor(n));
  checkEigenvalues(values);
  if (rows === undefined) return { values };
  const columns = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) columns[k * n + i] = rows[i * n + k];
  return { values, vectors: ndarray(columns, [n, n]) };
}
