import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';
import type { Contribution, Ntk } from '../ntk/index.ts';
import { mean } from './numbers.ts';

/** A network and its κ. */
export interface ScoredNetwork {
  readonly name: string;
  /** The architecture string, or what else there is to say. */
  readonly detail?: string;
  /** One kernel a repeat, at least one. */
  readonly ntks: readonly Ntk[];
  /** What layers give to the first of them. */
  readonly contributions?: readonly Contribution[] | undefined;
  /** How long one of them took. */
  readonly seconds?: number;
}

/**
 * The networks by mean κ, the smallest first; one that is negative or undefined is no merit, and goes last.
 *
 * @throws InputError when a network has no kernel.
 */
export function byKappa<T extends ScoredNetwork>(networks: readonly T[]): T[] {
  const key = ({ name, ntks }: T) => {
    if (ntks.length === 0) throw new InputError(`report: network ${formatValue(name)}: expected a kernel, got none`);
    const kappa = mean(ntks.map((ntk) => ntk.kappa));
    return kappa > 0 ? kappa : Infinity;
  };
  // Infinity − Infinity is NaN, which sorts as 0: such networks keep their order.
  const keyed = networks.map((network) => ({ network, kappa: key(network) }));
  return keyed.sort((a, b) => a.kappa - b.kappa || 0).map(({ network }) => network);
}
