import { InputError } from './errors.ts';

/** A value as messages show it: JSON where it has such a form, on one line, cut after 60 characters. */
export function formatValue(value: unknown): string {
  let text: string | undefined;
  try {
    if (typeof value !== 'number') text = JSON.stringify(value); // JSON has no NaN, and nothing for symbols and undefined
  } catch {
    // A bigint, or an object that holds itself or one.
  }
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- it is no object
  text ??= typeof value === 'object' ? 'an object' : String(value);
  return text.replace(/\s+/g, ' ').replace(/^(.{60}).+/, '$1…');
}

/**
 * Checks an option that is one of a few words. TypeScript checks its own callers; a value that comes from JavaScript, a
 * file or a command line must not run as another choice.
 *
 *     oneOf('trace: mode', 'Train', ['train', 'eval']); // InputError: trace: mode: expected "train" or "eval", got "Train"
 *
 * @param where names the function and the option in messages.
 * @returns the value.
 * @throws InputError when it is none of the choices.
 */
export function oneOf<T extends string>(where: string, value: unknown, choices: readonly T[]): T {
  for (const choice of choices) if (choice === value) return choice;
  const list = choices.map((choice) => `"${choice}"`).join(', ');
  throw new InputError(`${where}: expected ${list.replace(/, ([^,]*)$/, ' or $1')}, got ${formatValue(value)}`);
}
