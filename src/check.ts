import { InputError } from './errors.ts';

/** A value as messages show it: JSON where it has such a form, on one line, cut after 60 characters. */
export function formatValue(value: unknown): string {
  // eslint-disable-next-line @typescript-eslint/no-base-to-string -- it is no object
  let text = typeof value === 'object' ? 'an object' : String(value);
  try {
    // JSON has no NaN, nor symbols and undefined. The numbers of a typed array would take seconds.
    if (typeof value !== 'number')
      text = JSON.stringify(value, (_, each: unknown) => (ArrayBuffer.isView(each) ? 'numbers' : each)) ?? text;
  } catch {
    // A bigint, or an object that holds itself or one.
  }
  return text.replace(/^([^]{60})[^]+/, '$1…');
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

/**
 * Checks an object of options. A name that is none of them is a slip of the pen: it must not run as if it were not there.
 *
 *     checkOptions('Conv2d', { paddingMode: 'x' }, ['stride', 'padding']);
 *     // InputError: Conv2d: expected options among stride, padding, got paddingMode
 *
 * @param where names the function in messages.
 * @throws InputError when it is no object, or has another name.
 */
export function checkOptions<T>(where: string, options: T, known: readonly (keyof T & string)[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new InputError(`${where}: expected an object of options, got ${formatValue(options)}`);
  }
  const other = Object.keys(options).find((name) => !known.includes(name as keyof T & string));
  if (other !== undefined) {
    throw new InputError(`${where}: expected options among ${known.join(', ')}, got ${formatValue(other)}`);
  }
}

/** @throws InputError when the value is no function. */
export function checkFunction(where: string, value: unknown): void {
  if (typeof value !== 'function') throw new InputError(`${where}: expected a function, got ${formatValue(value)}`);
}

/** @throws InputError when the value cannot be gone through by `for … of`. */
export function checkIterable(where: string, value: unknown): void {
  const iterable = Object(value) as { readonly [Symbol.iterator]?: unknown };
  if (typeof value === 'string' || typeof iterable[Symbol.iterator] !== 'function') {
    throw new InputError(`${where}: expected a list, got ${formatValue(value)}`);
  }
}

/** A finite number between two bounds. */
export interface Range {
  readonly least?: number;
  readonly below?: number;
  /** Whether the least itself is left out. */
  readonly open?: boolean;
}

/** @throws InputError when the value is no finite number of the range. */
export function checkReal(where: string, value: unknown, { least = -Infinity, below = Infinity, open }: Range): number {
  const fits = typeof value === 'number' && Number.isFinite(value) && value < below;
  if (fits && (open ? value > least : value >= least)) return value;
  const low = least === -Infinity ? '' : ` ${open ? '>' : '≥'} ${least}`;
  const high = below === Infinity ? '' : `${low ? ' and' : ''} < ${below}`;
  throw new InputError(`${where}: expected a finite number${low}${high}, got ${formatValue(value)}`);
}
