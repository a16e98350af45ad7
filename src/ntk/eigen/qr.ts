import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { type Eigenpairs } from './jacobi.ts';

/**
 * Eigenvalues and eigenvectors of a symmetric matrix by Householder reduction to tridiagonal form and implicit QL
 * (Golub & Van Loan, Matrix Computations, §8.3), as ml-matrix computes them. Every eigenvalue has an error of about
 * n·ε·‖A‖, so that small ones may lose all digits.
 *
 * @param a [n, n], exactly symmetric.
 */
export function qr(a: Float64Array, n: number): Eigenpairs {
  const matrix = Matrix.from1DArray(n, n, a);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
  return {
    values: Float64Array.from(realEigenvalues),
    rows: Float64Array.from(eigenvectorMatrix.transpose().to1DArray()),
  };
}
