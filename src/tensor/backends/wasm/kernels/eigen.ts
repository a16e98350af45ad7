import { JACOBI_ROWS } from '../../../eigen/index.ts';
import type { EigenPrimitives } from '../../../primitives/eigen.ts';
import { coreBytes, forEachRun, type Lowering, type Operand, singly } from '../lowering.ts';
import type { WasmKernel } from '../lowering.ts';

function lowerEigen(kernel: 'eigenvalues' | 'eigenvectors', rank: number) {
  return (lower: Lowering, _: object, output: Operand, operands: readonly Operand[]): void => {
    const [a] = operands;
    const n = a.shape[a.shape.length - 1];
    // The symmetric part, the eigenvectors in the order in which they are found, five vectors, and the order.
    const scratch = lower.scratch(8 * ((kernel === 'eigenvectors' ? 2 : 1) * n * n + 6 * n + 2));
    const bytes = [coreBytes(a, 2)];
    const [wide, jacobi] = [a.dtype === 'float64', n <= JACOBI_ROWS].map(Number);
    forEachRun(output, operands, [2], rank, (run) =>
      singly(run, coreBytes(output, rank), bytes, (out, [matrix]) =>
        lower.call(kernel, out, matrix, n, wide, jacobi, scratch),
      ),
    );
  };
}

export const eigenWasm: { [P in keyof EigenPrimitives]: WasmKernel<EigenPrimitives[P]> } = {
  eigenvalues: lowerEigen('eigenvalues', 1),
  eigenvectors: lowerEigen('eigenvectors', 2),
};
