import { InputError } from './errors.ts';

/** The longest part of a wrong value that a message shows. */
const SHOWN = 60;

/** A value as messages show it: JSON where it has such a form, on one line, cut when it is long. */
export function formatValue(value: unknown): string {
  const text = (toJson(value) ?? Object.prototype.toString.call(value)).replace(/\s+/g, ' ');
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function toJson(value: unknown): string | undefined {
  // JSON has no NaN, no bigint, no symbol and no undefined.
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol' || value === undefined) {
    return String(value);
  }
  try {
    return JSON.stringify(value);
  } catch {
    return undefined; // the object holds itself, or a bigint
  }
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
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  const words = choices.map((choice) => JSON.stringify(choice));
  const list = words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  throw new InputError(`${where}: expected ${list}, got ${formatValue(value)}`);
}
