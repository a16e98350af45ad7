import type { Contribution } from 'ntkit/ntk';

/** The quantities that contributions add up to. */
export type Part = 'lambdaMin' | 'lambdaMax' | 'trace';
export const PARTS: readonly Part[] = ['lambdaMin', 'lambdaMax', 'trace'];

/** λmin, λmax and the trace, as far as these contributions supply them. */
export function totalsOf(contributions: readonly Contribution[]): Readonly<Record<Part, number>> {
  const total = (of: Part) => contributions.reduce((sum, each) => sum + each[of], 0);
  return { lambdaMin: total('lambdaMin'), lambdaMax: total('lambdaMax'), trace: total('trace') };
}
