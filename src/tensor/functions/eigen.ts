import { apply } from '../apply.ts';
import type { Tensor } from '../tensor.ts';

/**
 * The eigenvalues, […, N] in float64 and ascending order, of the symmetric part (A + Aᵀ)/2 of matrices […, N, N]:
 * `numpy.linalg.eigvalsh`. By cyclic Jacobi up to 100 rows, which is accurate for small eigenvalues too, and by
 * Householder reduction and implicit QL beyond, where errors are about N·ε·‖A‖.
 *
 * All are NaN where a matrix holds NaN or infinity.
 *
 * @example
 * const matrix = constant(ndarray([2, 1, 1, 2], [2, 2]));
 * const [values] = await evaluate([eigenvalues(matrix)]);
 * console.log([...values.data]); // [ 1, 3 ]
 */
export function eigenvalues(matrix: Tensor): Tensor {
  return apply('eigenvalues', [matrix], {});
}

/**
 * The eigenvectors of the symmetric part of matrices […, N, N], as the columns of […, N, N] in float64, in the order of
 * {@link eigenvalues}. They have length 1, and their component of the largest magnitude (the first of equal ones) is
 * positive.
 *
 * They have no derivative where an eigenvalue is repeated: it comes out as infinity or NaN.
 *
 * @example
 * const matrix = constant(ndarray([3, 0, 0, 1], [2, 2]));
 * const [vectors] = await evaluate([eigenvectors(matrix)]); // the column for eigenvalue 1 first
 * console.log([...vectors.data]); // [ 0, 1, 1, 0 ]
 */
export function eigenvectors(matrix: Tensor): Tensor {
  return apply('eigenvectors', [matrix], {});
}
