import { decompose } from '../../../eigen/index.ts';
import type { EigenPrimitives } from '../../../primitives/eigen.ts';
import { type Kernel, overLeading } from '../kernel.ts';

export const eigenKernels: { [P in keyof EigenPrimitives]: Kernel<EigenPrimitives[P]> } = {
  eigenvalues: overLeading(
    () => [2, 1],
    (_, [[n]]) =>
      (values, [a]) =>
        values.set(decompose(a, n, false).values),
  ),
  eigenvectors: overLeading(
    () => [2, 2],
    (_, [[n]]) =>
      (vectors, [a]) => {
        const rows = decompose(a, n, true).rows!;
        for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) vectors[k * n + i] = rows[i * n + k];
      },
  ),
};
