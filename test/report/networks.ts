import type { Ntk, Verdict } from '../../src/ntk/index.ts';
import type { ScoredNetwork } from '../../src/report/index.ts';
import { ndarray } from '../../src/tensor/index.ts';

/** A kernel of given eigenvalues (its own are others: what is shown is what is given). */
export function kernelWith(
  values: readonly number[],
  { verdict = 'resolved', least = 0.1 }: { readonly verdict?: Verdict; readonly least?: number } = {},
): Ntk {
  const n = values.length;
  const [lambdaMin, lambdaMax] = [values[0], values[n - 1]];
  const entries = values.flatMap((_, i) => values.map((value, j) => (i === j ? value : least)));
  return {
    ...{
      kappa: lambdaMax / lambdaMin,
      kappaInterval: [1, 2 * Math.abs(lambdaMax / lambdaMin)],
      kappaLowerBound: 1,
      lambdaMin,
      lambdaMax,
      noiseFloor: 1e-9,
      verdict,
    },
    ...{ rank: n, rowError: 1e-6, spectrumOf: 'kernel' },
    eigenvalues: Float64Array.from(values),
    kernel: ndarray(entries, [n, n]),
    logits: ndarray(new Float64Array(n), [n, 1]),
    ...{ outputs: 'sum', mode: 'train', backend: 'reference', dtype: 'float64', samples: [n, n] },
    parameters: { used: 12345, total: 12345 },
  };
}

/** A network with its kernels. */
export function network(name: string, ...ntks: Ntk[]): ScoredNetwork {
  return { name, detail: `|${name}|`, ntks };
}
