import { NumericalError } from '../../errors.ts';
import { type NDArray, ndarray } from '../../tensor/index.ts';
import { jacobi } from './jacobi.ts';
import { prepareSymmetric } from './prepare.ts';
import { qr } from './qr.ts';

/** Eigenvalues and, when asked for, eigenvectors. */
export interface SymmetricEigen {
  /** [n], ascending */
  readonly values: Float64Array;
  /** [n, n] in float64, orthogonal: column i is the eigenvector of value i. */
  readonly vectors?: NDArray;
}

/** How eigenvalues are computed. */
export interface EigenOptions {
  /** Cyclic Jacobi unless told otherwise: its small eigenvalues are accurate relative to themselves. */
  readonly method?: 'jacobi' | 'qr';
  /** Whether to compute eigenvectors; no unless told otherwise. */
  readonly vectors?: boolean;
}

/**
 * The eigen-decomposition A = V·diag(values)·Vᵀ of a symmetric matrix. Where the two halves differ by rounding, their
 * mean is taken. A matrix times a power of two has the same eigenvectors and that power times the eigenvalues, to the
 * last bit, as long as no number leaves the range of float64.
 *
 * @param matrix [n, n] with n ≥ 1, of either precision; all computation is in float64.
 * @throws ShapeError when the matrix is not square or is empty.
 * @throws NumericalError when an entry is NaN or infinite, the matrix is asymmetric beyond rounding, an eigenvalue is
 * beyond the range of float64, or the method does not converge.
 */
export function symmetricEigen(
  matrix: NDArray,
  options: EigenOptions & { readonly vectors: true },
): Required<SymmetricEigen>;
export function symmetricEigen(matrix: NDArray, options?: EigenOptions): SymmetricEigen;
export function symmetricEigen(
  matrix: NDArray,
  { method = 'jacobi', vectors = false }: EigenOptions = {},
): SymmetricEigen {
  const { a, n, scale } = prepareSymmetric(matrix);
  const { values: unsorted, rows } = method === 'jacobi' ? jacobi(a, n, vectors) : qr(a, n);
  const order = [...unsorted.keys()].sort((i, j) => unsorted[i] - unsorted[j]);
  // Adding 0 leaves only +0: λmax / −0 would be −∞.
  const values = Float64Array.from(order, (i) => unsorted[i] * scale + 0);
  if (!Number.isFinite(values[0]) || !Number.isFinite(values[n - 1])) {
    throw new NumericalError(
      `symmetricEigen: expected eigenvalues within ±${Number.MAX_VALUE}, got ${values[0]} to ${values[n - 1]}`,
    );
  }
  if (!vectors || rows === undefined) return { values };
  const columns = new Float64Array(n * n);
  order.forEach((from, to) => {
    for (let k = 0; k < n; k++) columns[k * n + to] = rows[from * n + k];
  });
  return { values, vectors: ndarray(columns, [n, n]) };
}
