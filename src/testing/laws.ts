import { type Backend, InputError } from '../tensor/index.ts';
import { formatValue } from '../check.ts';
import { backendLaws, ruleLaws } from './backend/index.ts';
import { ntkitLaws } from './itself/index.ts';
import { kernelLaws } from './kernel/index.ts';
import type { Law, Measured } from './law.ts';

/** What `ntkit verify` tries on a backend: its own laws, those of kernels, and those of ntkit itself. */
export const verificationLaws: readonly Law<Backend>[] = [...backendLaws, ...ruleLaws, ...kernelLaws, ...ntkitLaws];

/** All laws of this package, by name. */
function lawsByName(): ReadonlyMap<string, Law<never>> {
  const all: readonly Law<never>[] = [...verificationLaws];
  return new Map(all.map((each) => [each.name, each]));
}

/**
 * Tries a law on one case, as the program that is printed for a broken law does.
 *
 * @param name of the law.
 * @param subject what the law is of: a backend, or a kernel implementation.
 * @param drawn a case of the law.
 * @returns the quantity that is nearest to its bound.
 * @throws LawError when the law does not hold, InputError when there is no such law.
 *
 * @example
 * const drawn = { network: ['Linear', 2, 3], shape: [2, 2], mode: 'eval', seed: 1 };
 * const { error, bound } = await checkLaw('kernel by the definition', referenceBackend, drawn);
 * console.log(error <= bound); // true
 */
export async function checkLaw(name: string, subject: unknown, drawn: unknown): Promise<Measured> {
  const found = lawsByName().get(name);
  if (found === undefined) {
    throw new InputError(`checkLaw: expected one of ${[...lawsByName().keys()].join('; ')}, got ${formatValue(name)}`);
  }
  return found.check(subject as never, drawn);
}
