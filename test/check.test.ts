import { expect, test } from 'vitest';
import { formatValue, oneOf } from '../src/check.ts';
import { InputError } from '../src/errors.ts';

test('a choice is passed through, anything else is an InputError that lists the choices', () => {
  const modes = ['train', 'eval'] as const;
  expect(oneOf('trace: mode', 'eval', modes)).toBe('eval');
  for (const [value, shown] of [
    ['Train', '"Train"'],
    ['', '""'],
    [undefined, 'undefined'],
    [null, 'null'],
    [0, '0'],
    [NaN, 'NaN'],
    [1n, '1'],
    [['train'], '["train"]'],
    ['a\nb', '"a\\nb"'],
    // A name that every object has.
    ['toString', '"toString"'],
  ] as const) {
    expect(() => oneOf('trace: mode', value, modes)).toThrow(
      new InputError(`trace: mode: expected "train" or "eval", got ${shown}`),
    );
  }
  expect(() => oneOf('x', 4, ['a', 'b', 'c'])).toThrow(/^x: expected "a", "b" or "c", got 4$/);
  expect(() => oneOf('x', 4, ['a'])).toThrow(/^x: expected "a", got 4$/);
});

test('any value in a message is one line of limited length', () => {
  const loop: Record<string, unknown> = {};
  loop.self = loop;
  for (const value of [loop, { n: 1n }, Symbol('s'), () => 'a\nb', 'x'.repeat(1000), Object.create(null)]) {
    expect(formatValue(value)).toMatch(/^[^\n]{1,61}$/);
  }
  expect(formatValue('x'.repeat(58))).toBe(`"${'x'.repeat(58)}"`); // 60 characters
  expect(formatValue('x'.repeat(59))).toBe(`"${'x'.repeat(59)}…`);
  expect(formatValue(new Float64Array(2))).toBe('"numbers"');
});

test('an array of any size is described at once', () => {
  const start = performance.now();
  expect(formatValue({ data: new Float64Array(2 ** 23) })).toBe('{"data":"numbers"}');
  expect(performance.now() - start).toBeLessThan(500);
});

test('every error is one line', () => {
  const error = new InputError('name\n\u0007of a file: expected a word, got a\tb');
  expect(error.message).toBe('name\\n\\u0007of a file: expected a word, got a\\tb');
});
