import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';

/**
 * Which parameters a kernel is of: those whose name holds `weight` (TE-NAS: convolutions, linear layers and the γ of
 * batch norm, no biases), all, or those whose name a regular expression or a predicate accepts. Parameters that take no
 * part in the outputs are left out in any case.
 */
export type ParameterChoice = 'weight' | 'all' | RegExp | ((name: string) => boolean);

/**
 * A choice of parameters as a predicate on names.
 *
 * @throws InputError when it is none of the forms.
 */
export function accepts(choice: ParameterChoice): (name: string) => boolean {
  if (choice === 'weight') return (name) => name.includes('weight');
  if (choice === 'all') return () => true;
  // A regular expression with the flag g or y remembers where it stopped; one without does not.
  if (choice instanceof RegExp) {
    const stateless = new RegExp(choice.source, choice.flags.replace(/[gy]/g, ''));
    return (name) => stateless.test(name);
  }
  if (typeof choice === 'function') return choice;
  throw new InputError(
    `parameters: expected 'weight', 'all', a regular expression or a function of names, got ${formatValue(choice)}`,
  );
}

/**
 * A choice of parameters for people: `weight`, `all`, `/conv/`, `a predicate`.
 *
 * @example
 * console.log(describeChoice('weight'), describeChoice(/^cells/)); // weight /^cells/
 */
export function describeChoice(choice: ParameterChoice): string {
  return typeof choice === 'function' ? 'a predicate' : String(choice);
}
