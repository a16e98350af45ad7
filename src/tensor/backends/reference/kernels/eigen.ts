import { decompose, jacobi, JACOBI_ROWS, type Solver } from '../../../eigen/index.ts';
import type { EigenPrimitives } from '../../../primitives/eigen.ts';
import { type Kernel, overLeading } from '../kernel.ts';

/** The method for matrices of more than {@link JACOBI_ROWS} rows: loaded when there are some. */
let householderQL: Solver | undefined;

/** Loads what the kernels need for matrices of n rows. */
export async function loadSolver(n: number): Promise<void> {
  if (n > JACOBI_ROWS) ({ householderQL } = await import('../../../eigen/implicitQL.ts'));
}

function solverFor(n: number): Solver {
  return n <= JACOBI_ROWS ? jacobi : householderQL!;
}

export const eigenKernels: { [P in keyof EigenPrimitives]: Kernel<EigenPrimitives[P]> } = {
  eigenvalues: overLeading(
    () => [2, 1],
    (_, [[n]]) =>
      (values, [a]) =>
        values.set(decompose(a, n, false, solverFor(n)).values),
  ),
  eigenvectors: overLeading(
    () => [2, 2],
    (_, [[n]]) =>
      (vectors, [a]) => {
        const rows = decompose(a, n, true, solverFor(n)).rows!;
        for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) vectors[k * n + i] = rows[i * n + k];
      },
  ),
};
