import { type Kernel, overLeading } from '../kernel.ts';
import { innerProduct } from '../rows.ts';
import type { ProductPrimitives } from '../../../primitives/product.ts';

export const productKernels: { [P in keyof ProductPrimitives]: Kernel<ProductPrimitives[P]> } = {
  matmul: overLeading(
    () => [2, 2, 2],
    ({ transposeA, transposeB }, [shapeA, shapeB], [m, n]) => {
      const k = shapeA[transposeA ? 0 : 1];
      const [rowA, columnA] = transposeA ? [1, m] : [k, 1];
      const [rowB, columnB] = transposeB ? [1, shapeB[1]] : [n, 1];
      const sum = new Float64Array(n);
      return (c, [a, b]) => {
        for (let i = 0; i < m; i++) {
          sum.fill(0);
          for (let l = 0; l < k; l++) {
            const factor = a[i * rowA + l * columnA];
            for (let j = 0; j < n; j++) sum[j] += factor * b[l * rowB + j * columnB];
          }
          c.set(sum, i * n);
        }
      };
    },
  ),
  gram: overLeading(
    () => [2, 2, 2],
    (_, [[n, p], [m]]) =>
      (theta, [a, b]) => {
        const symmetric = a.buffer === b.buffer && a.byteOffset === b.byteOffset && n === m;
        for (let i = 0; i < n; i++) {
          for (let j = symmetric ? i : 0; j < m; j++) {
            theta[i * m + j] = innerProduct(a, i * p, 1, b, j * p, 1, p);
            if (symmetric) theta[j * m + i] = theta[i * m + j];
          }
        }
      },
  ),
};
