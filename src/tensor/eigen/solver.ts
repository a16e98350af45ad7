/** What a solver finds, in the order in which it finds it. */
export interface Eigenpairs {
  /** [n] */
  readonly values: Float64Array;
  /** [n, n], row i is the eigenvector of value i; present when eigenvectors were asked for. */
  readonly rows?: Float64Array;
}

/**
 * A method for the eigenvalues of a symmetric matrix.
 *
 * @param a [n, n], exactly symmetric with entries of magnitude below 2; it is overwritten.
 * @throws NumericalError when the iteration does not converge.
 */
export type Solver = (a: Float64Array, n: number, vectors: boolean) => Eigenpairs;

/** The identity matrix, [n, n]. */
export function identity(n: number): Float64Array {
  const rows = new Float64Array(n * n);
  for (let i = 0; i < n; i++) rows[i * n + i] = 1;
  return rows;
}
