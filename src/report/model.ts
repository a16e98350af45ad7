import type { Ntk } from '../ntk/index.ts';
import { mean } from './numbers.ts';

/** A network and its κ. */
export interface ScoredNetwork {
  readonly name: string;
  /** The architecture string, or what else there is to say. */
  readonly detail?: string;
  /** One kernel a repeat, at least one. */
  readonly ntks: readonly Ntk[];
  /** How long one of them took. */
  readonly seconds?: number;
}

/** The networks by mean κ, the smallest first; one that is negative or undefined is no merit, and goes last. */
export function byKappa<T extends ScoredNetwork>(networks: readonly T[]): T[] {
  const key = ({ ntks }: T) => {
    const kappa = mean(ntks.map((ntk) => ntk.kappa));
    return kappa > 0 ? kappa : Infinity;
  };
  // Infinity − Infinity is NaN, which sorts as 0: such networks keep their order.
  return [...networks].sort((a, b) => key(a) - key(b) || 0);
}
