import { checkOptions, oneOf } from '../../check.ts';
import { householderQL } from '../../tensor/eigen/implicitQL.ts';
import { jacobi, JACOBI_ROWS, type Solver } from '../../tensor/eigen/index.ts';
import { checkArray, type NDArray } from '../../tensor/index.ts';
import { decomposition, type SymmetricEigen } from './decomposition.ts';

export type { SymmetricEigen } from './decomposition.ts';

/** How eigenvalues are computed. */
export interface EigenOptions {
  /**
   * - `jacobi`: cyclic Jacobi, whose small eigenvalues are accurate relative to themselves;
   * - `householder`: Householder reduction and implicit QL, about 50 times as fast.
   *
   * The default is `jacobi` up to 100 rows and `householder` beyond.
   */
  readonly method?: EigenMethod;
  /** Whether to compute eigenvectors; false by default. */
  readonly vectors?: boolean;
}

/** The name of a method of {@link symmetricEigen}. */
export type EigenMethod = 'jacobi' | 'householder';

const solvers: Readonly<Record<EigenMethod, Solver>> = { jacobi, householder: householderQL };
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
 *
 * @example
 * const { values, vectors } = symmetricEigen(ndarray([2, 1, 1, 2], [2, 2]), { vectors: true });
 * console.log([...values].map(Math.round), vectors.shape); // [ 1, 3 ] [ 2, 2 ]
 */
export function symmetricEigen(
  matrix: NDArray,
  options: EigenOptions & { readonly vectors: true },
): Required<SymmetricEigen>;
export function symmetricEigen(matrix: NDArray, options?: EigenOptions): SymmetricEigen;
export function symmetricEigen(matrix: NDArray, options: EigenOptions = {}): SymmetricEigen {
  checkOptions('symmetricEigen', options, ['method', 'vectors']);
  checkArray('symmetricEigen', matrix);
  const { method, vectors = false } = options;
  if (method !== undefined) oneOf('symmetricEigen: method', method, METHODS);
  return decomposition(matrix, vectors, solvers[method ?? (matrix.shape[0] <= JACOBI_ROWS ? 'jacobi' : 'householder')]);
}
