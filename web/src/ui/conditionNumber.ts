import type { ConditionNumber, Verdict as Word } from 'ntkit/ntk';
import { format } from 'ntkit/report';

/** κ in words. */
type Told = Pick<ConditionNumber, 'kappa' | 'kappaLowerBound' | 'lambdaMax'> & { readonly verdict: Word };

/** κ as it is shown: the lower bound where λmin is lost in the noise, nothing where Θ is 0. */
export function kappaText({ kappa, kappaLowerBound, lambdaMax, verdict }: Told): string {
  if (lambdaMax === 0) return 'none';
  return verdict === 'lower-bound' ? `≥ ${format(kappaLowerBound)}` : format(kappa);
}

/** κ and its verdict, to be read aloud. */
export function spokenKappa(ntk: Told): string {
  return ntk.lambdaMax === 0 ? kappaText(ntk) : `${kappaText(ntk)}, ${ntk.verdict}`;
}

/** What a reader has to know about a κ before reading its digits. */
export function remarkOn({ lambdaMax, verdict }: Pick<Told, 'lambdaMax' | 'verdict'>): string | undefined {
  if (lambdaMax === 0)
    return 'Θ is 0: none of the chosen parameters moves an output for these samples, and κ = 0/0 has no value.';
  if (verdict === 'resolved') return undefined;
  return 'λmin is lost in rounding, and what supplies it cannot be told: the shares of λmin below are noise.';
}

/** A part of a whole as a percentage; a dash where the whole is not positive. */
export function shareText(part: number, whole: number): string {
  return whole > 0 ? `${((100 * part) / whole).toFixed(1)} %` : '–';
}
