import type { JacobianRows } from '../../src/ntk/index.ts';
import type { NDArray } from '../../src/tensor/index.ts';

/** Jacobian rows made of given arrays, [N, pₖ] each: one row per sample. */
export function rowsFrom(arrays: readonly NDArray[]): JacobianRows {
  const samples = arrays[0]?.shape[0] ?? 0;
  const dtype = arrays[0]?.dtype ?? 'float64';
  const total = arrays.reduce((sum, { shape }) => sum + shape[1], 0);
  return {
    ...{ mode: 'eval', dtype, outputs: 'sum', samples, rowsPerSample: 1, totalParameters: total },
    logits: { shape: [samples, 1], dtype, data: new Float64Array(samples) },
    parameters: arrays.map((rows, k) => ({ name: `${k}.weight`, shape: [rows.shape[1]], rows })),
  };
}
