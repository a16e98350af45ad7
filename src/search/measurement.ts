import { oneOf } from '../check.ts';
import { type Ntk, teNasKappa, type Verdict } from '../ntk/index.ts';
import { numpyRound } from './numpyArithmetic.ts';
import { type Changes, finite, meanOf, relativeChange, roundDecimals } from './ranking.ts';
import { FIDELITIES, type Fidelity } from './settings.ts';

/** What is kept of a κ: finite numbers from which it follows. */
export interface KappaMeasurement {
  readonly lambdaMin: number;
  readonly lambdaMax: number;
  readonly noiseFloor: number;
  readonly verdict: Verdict;
}

/** One network, weights and images drawn once. */
export interface Measurement {
  readonly kappa?: KappaMeasurement;
  /** Number of linear regions. */
  readonly regions?: number;
}

/** All repeats of one candidate, or of what candidates are compared with. */
export interface Entry {
  /** The network that is compared with; left out where an earlier entry of the round has it. */
  readonly before?: readonly Measurement[];
  /** The network without the candidate; left out where only the comparison is measured. */
  readonly after?: readonly Measurement[];
}

/**
 * The part of a kernel's result that is kept.
 *
 * @example
 * const { verdict, lambdaMax, lambdaMin } = keepKappa(await computeNtk(network, images));
 * console.log(verdict, lambdaMax > lambdaMin); // resolved true
 */
export function keepKappa({ lambdaMin, lambdaMax, noiseFloor, verdict }: Ntk): KappaMeasurement {
  return { lambdaMin, lambdaMax, noiseFloor, verdict };
}

/**
 * κ as a fidelity takes it, always a finite number; see {@link Fidelity}.
 *
 * @example
 * const lost = { lambdaMin: -1e-7, lambdaMax: 1, noiseFloor: 1e-6, verdict: 'lower-bound' } as const;
 * console.log(usableKappa(lost, 'paper'), usableKappa(lost, 'code')); // 1000000 -10000000
 */
export function usableKappa(
  { lambdaMin, lambdaMax, noiseFloor, verdict }: KappaMeasurement,
  fidelity: Fidelity,
): number {
  oneOf('usableKappa: fidelity', fidelity, FIDELITIES);
  oneOf('usableKappa: verdict', verdict, ['resolved', 'lower-bound', 'indefinite']);
  if (fidelity === 'code') return teNasKappa(lambdaMax / lambdaMin);
  switch (verdict) {
    case 'resolved':
      return finite(lambdaMax / lambdaMin);
    case 'lower-bound':
      return lambdaMax > noiseFloor ? finite(lambdaMax / noiseFloor) : Number.MAX_VALUE;
    case 'indefinite':
      return Number.MAX_VALUE;
  }
}

/**
 * Relative changes, rounded, averaged over the repeats. In TE-NAS's code κ is a `numpy.float64` and a number of regions a
 * Python float, and each rounds in its own way.
 *
 * @example
 * const changes = changesOf([{ regions: 100 }], [{ regions: 75 }], { fidelity: 'paper', digits: 3 });
 * console.log(changes); // { regions: 0.25 }
 */
export function changesOf(
  before: readonly Measurement[],
  after: readonly Measurement[],
  { fidelity, digits }: { readonly fidelity: Fidelity; readonly digits: number },
): Changes {
  oneOf('changesOf: fidelity', fidelity, FIDELITIES);
  type Value = (measurement: Measurement) => number | undefined;
  const mean = (value: Value, round: typeof roundDecimals): number | undefined => {
    if (before.length === 0 || value(before[0]) === undefined) return undefined;
    return meanOf(before.map((was, i) => relativeChange(value(was)!, value(after[i])!, digits, round)));
  };
  const kappa = mean(
    (m) => m.kappa && usableKappa(m.kappa, fidelity),
    fidelity === 'code' ? numpyRound : roundDecimals,
  );
  const regions = mean((m) => m.regions, roundDecimals);
  return { ...(kappa !== undefined && { kappa }), ...(regions !== undefined && { regions }) };
}
