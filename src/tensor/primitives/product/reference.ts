import { type FloatArray } from '../../array.ts';
import { type Kernel, overLeading } from '../../backends/reference/kernel.ts';
import { type ProductPrimitives } from './definition.ts';

/** Σ a·b over two rows. Four partial sums: the additions need not wait for each other. */
function dot(a: FloatArray, atA: number, b: FloatArray, atB: number, length: number): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < length; i += 4) {
    s0 += a[atA + i] * b[atB + i];
    s1 += a[atA + i + 1] * b[atB + i + 1];
    s2 += a[atA + i + 2] * b[atB + i + 2];
    s3 += a[atA + i + 3] * b[atB + i + 3];
  }
  for (; i < length; i++) s0 += a[atA + i] * b[atB + i];
  return s0 + s1 + (s2 + s3);
}

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
            theta[i * m + j] = dot(a, i * p, b, j * p, p);
            if (symmetric) theta[j * m + i] = theta[i * m + j];
          }
        }
      },
  ),
};
