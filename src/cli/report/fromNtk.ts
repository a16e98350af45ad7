import type { Ntk } from '../../ntk/index.ts';
import type { NDArray } from '../../tensor/index.ts';
import type { RepeatReport } from './model.ts';

/** A matrix as nested lists. */
export function matrixRows({ shape: [rows, columns], data }: NDArray): number[][] {
  return Array.from({ length: rows }, (_, i) => [...data.subarray(i * columns, (i + 1) * columns)]);
}

/** What the report shows of one kernel. */
export function repeatReport(ntk: Ntk): RepeatReport {
  const { kappa, lambdaMin, lambdaMax, noiseFloor, verdict, eigenvalues, kernel } = ntk;
  return {
    kappa,
    lambdaMin,
    lambdaMax,
    noiseFloor,
    verdict,
    eigenvalues: [...eigenvalues],
    ntk: matrixRows(kernel),
  };
}
