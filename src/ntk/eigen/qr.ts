import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { NumericalError } from '../../errors.ts';
import type { Eigenpairs } from '../../tensor/eigen/index.ts';

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Householder reduction to tridiagonal form and implicit QL
 * (Golub & Van Loan, Matrix Computations, §8.3), as ml-matrix computes them. Every eigenvalue has an error of about
 * n·ε·‖A‖, so that small ones may lose all digits and even their sign.
 *
 * Cost: about 9·n³ operations, eigenvectors included.
 *
 * @param a [n, n], exactly symmetric with entries of magnitude below 2.
 * @throws NumericalError when the iteration breaks down.
 */
export function qr(a: Float64Array, n: number): Eigenpairs {
  const matrix = Matrix.from1DArray(n, n, a);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  const values = Float64Array.from(realEigenvalues);
  // The library reports no failure: a division by zero within shows here.
  if (!values.every(Number.isFinite)) {
    throw new NumericalError(`qr: the iteration broke down, expected finite eigenvalues, got [${values.join(', ')}]`);
  }
  return { values, rows: Float64Array.from(eigenvectorMatrix.transpose().to1DArray()) };
}
