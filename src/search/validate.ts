import * as v from 'valibot';
import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';

/**
 * A value from outside that fits a schema.
 *
 * @param where names the file in messages.
 * @throws InputError that names the first field that does not fit, with the expected and the actual value.
 */
export function validated<T extends v.GenericSchema>(schema: T, value: unknown, where: string): v.InferOutput<T> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const path = pathOf(issue.path ?? []);
  const got = issue.received === 'undefined' ? 'nothing' : formatValue(issue.input);
  throw new InputError(`${where}: ${path}${path && ': '}expected ${expectedOf(issue)}, got ${got}`);
}

/** Valibot's names of types in words. */
const TYPES: Readonly<Record<string, string>> = {
  Object: 'an object',
  Array: 'a list',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  never: 'no such field',
};

/** What a schema says that it expects in its own words, or valibot says for it. */
function expectedOf({ expected, received, message }: v.BaseIssue<unknown>): string {
  if (!message.startsWith('Invalid ') || expected === null) return message;
  if (received === 'undefined' && expected.startsWith('"')) return 'this field';
  return Object.hasOwn(TYPES, expected)
    ? TYPES[expected]
    : expected
        .replace(/^\((.*)\)$/, '$1')
        .replaceAll(' | ', ', ')
        .replace(/, ([^,]*)$/, ' or $1');
}

/** `entries[3].after[0].kappa`. */
function pathOf(items: readonly v.IssuePathItem[]): string {
  return items.reduce((path, { key }) => {
    if (typeof key === 'number') return `${path}[${key}]`;
    return path === '' ? String(key) : `${path}.${String(key)}`;
  }, '');
}

/**
 * The value of a JSON text.
 *
 * @param where names the file in messages.
 * @throws InputError that says where the JSON breaks, if the engine reports it.
 */
export function parseJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const [, position] = /position (\d+)/.exec(message) ?? [];
    const cut = /end of (JSON )?input|end of data/i.test(message);
    const at = cut ? text.length : Number(position);
    if (Number.isNaN(at)) throw new InputError(`${where}: expected JSON, got ${formatValue(text)}`);
    const before = text.slice(0, at);
    const place = `line ${before.split('\n').length}, column ${before.length - before.lastIndexOf('\n')}`;
    const got = at < text.length ? formatValue(text.slice(at)) : 'the end of the file';
    throw new InputError(`${where}: ${place}: expected JSON, got ${got}`);
  }
}
