import type { Verdict } from '../../ntk/index.ts';

export { type Verdict };

/** One kernel and its condition number. */
export interface RepeatReport {
  readonly kappa: number;
  readonly lambdaMin: number;
  readonly lambdaMax: number;
  readonly noiseFloor: number;
  readonly verdict: Verdict;
  /** Ascending. */
  readonly eigenvalues: readonly number[];
  /** Θ by rows. */
  readonly ntk: readonly (readonly number[])[];
}

/** One architecture, and its kernels over repeats. */
export interface ArchitectureReport {
  readonly name: string;
  /** The architecture string, or what else there is to say. */
  readonly detail: string;
  /** Columns of J. */
  readonly parameters: number;
  readonly repeats: readonly RepeatReport[];
}

/** What a page shows. */
export interface Report {
  readonly title: string;
  /** Label and value, in order. */
  readonly settings: readonly (readonly [string, string])[];
  readonly architectures: readonly ArchitectureReport[];
}
