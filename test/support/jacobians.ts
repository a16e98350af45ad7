import type { JacobianRows } from '../../src/ntk/index.ts';
import { type DType, type Generator, ndarray } from '../../src/tensor/index.ts';
import { orthonormalRows } from './spectra.ts';

/** A Jacobian of known singular values: J = U·diag(σ)·W with U and W of orthonormal rows. */
export interface PlantedJacobian {
  readonly rows: readonly Float64Array[];
  /** σ in descending order. */
  readonly sigma: readonly number[];
  /** The left and the right singular vector of the smallest σ. */
  readonly left: Float64Array;
  readonly right: Float64Array;
}

/** [N, P] with the given singular values, the largest first. */
export function plantedJacobian(sigma: readonly number[], p: number, generator: Generator): PlantedJacobian {
  const n = sigma.length;
  const u = orthonormalRows(n, n, generator);
  const w = orthonormalRows(n, p, generator);
  const rows = Array.from({ length: n }, (_, i) => {
    const row = new Float64Array(p);
    for (let m = 0; m < n; m++) for (let k = 0; k < p; k++) row[k] += u[m][i] * sigma[m] * w[m][k];
    return row;
  });
  return { rows, sigma, left: u[n - 1], right: w[n - 1] };
}

/** Singular values from 1 down to 1/√κ: graded, or in clusters at both ends. */
export function sigmaOf(kappa: number, n: number, clustered: boolean): number[] {
  const least = 1 / Math.sqrt(kappa);
  return Array.from({ length: n }, (_, i) => {
    if (!clustered) return n === 1 ? 1 : least ** (i / (n - 1));
    // Clusters of width 1e-9 at both ends, the ends themselves exact.
    const inner = i === 0 || i === n - 1 ? 0 : 1e-9 * i;
    return i < n / 2 ? Math.max(least, 1 - inner) : Math.min(1, least * (1 + (i === n - 1 ? 0 : 1e-9 * (n - i))));
  });
}

/** Rows as a network's, of one parameter `weight` or, cut in two, of two. */
export function jacobianRows(
  rows: readonly Float64Array[],
  dtype: DType = 'float64',
  cut = rows[0].length,
): JacobianRows {
  const [n, p] = [rows.length, rows[0].length];
  const part = (name: string, from: number, to: number) => ({
    name,
    shape: [to - from],
    rows: ndarray(
      rows.flatMap((row) => [...row.subarray(from, to)]),
      [n, to - from],
      dtype,
    ),
  });
  const parameters = cut < p ? [part('a.weight', 0, cut), part('b.weight', cut, p)] : [part('weight', 0, p)];
  const settings = { mode: 'eval', outputs: 'sum', samples: n, rowsPerSample: 1, totalParameters: p } as const;
  return { ...settings, dtype, logits: ndarray(new Float64Array(n), [n, 1]), parameters };
}
