import type { FloatArray } from '../array.ts';
import type { Eigenpairs, Solver } from './solver.ts';
import { symmetricPart } from './symmetricPart.ts';

export { jacobi } from './jacobi.ts';
export type { Eigenpairs, Solver } from './solver.ts';

/** Up to this many rows, cyclic Jacobi: it costs about 30·n³, and small eigenvalues are accurate relative to themselves. */
export const JACOBI_ROWS = 100;

/**
 * Eigenvalues in ascending order, and eigenvectors of length 1 whose largest component (the first of equal ones) is
 * positive, of the symmetric part of a matrix. All NaN when the matrix holds NaN or infinity.
 *
 * @param matrix [n, n]
 * @throws NumericalError when the method does not converge.
 */
export function decompose(matrix: FloatArray, n: number, vectors: boolean, solver: Solver): Eigenpairs {
  const part = symmetricPart(matrix, n);
  if (part === undefined) {
    const values = new Float64Array(n).fill(NaN);
    return vectors ? { values, rows: new Float64Array(n * n).fill(NaN) } : { values };
  }
  const { values: unsorted, rows: unordered } = solver(part.a, n, vectors);
  const order = [...unsorted.keys()].sort((i, j) => unsorted[i] - unsorted[j]);
  // Adding 0 leaves only +0: λmax / −0 would be −∞.
  const values = Float64Array.from(order, (i) => unsorted[i] * part.scale + 0);
  if (!vectors || unordered === undefined) return { values };
  const rows = new Float64Array(n * n);
  order.forEach((from, to) => rows.set(withPositiveLargest(unordered.subarray(from * n, (from + 1) * n)), to * n));
  return { values, rows };
}

/** The vector or its negative. */
function withPositiveLargest(vector: Float64Array): Float64Array {
  let largest = 0;
  for (const x of vector) if (Math.abs(x) > Math.abs(largest)) largest = x;
  // Adding 0 leaves only +0.
  return largest < 0 ? vector.map((x) => 0 - x) : vector.map((x) => x + 0);
}
