import * as fc from 'fast-check';
import * as v from 'valibot';
import { expect, test } from 'vitest';
import {
  choice,
  flag,
  formatLink,
  integer,
  number,
  parseLink,
  readState,
  text,
  writeState,
} from '../../web/src/link.ts';
import { runs } from '../support/runs.ts';

const schema = v.object({
  batch: integer(2, 64, 16),
  rate: number(0, 10, 0.5),
  mode: choice(['train', 'eval'], 'train'),
  wide: flag(false),
  arch: text('|a~0|', 'an architecture', (value) => value.startsWith('|')),
});
const defaults = { batch: 16, rate: 0.5, mode: 'train', wide: false, arch: '|a~0|' } as const;
const read = (hash: string) => readState(schema, parseLink(hash).query);

test('a link without a query means the defaults, and the defaults give a link without one', () => {
  expect(read('#/cell')).toEqual({ state: defaults, problem: undefined });
  expect(read('')).toEqual({ state: defaults, problem: undefined });
  expect(formatLink({ room: 'cell', query: writeState(schema, defaults) })).toBe('#/cell');
});

test('every state is restored from its link', () => {
  const states = fc.record({
    batch: fc.integer({ min: 2, max: 64 }),
    rate: fc.double({ min: 0, max: 10, noNaN: true }).map(Math.abs), // −0 is 0
    mode: fc.constantFrom('train' as const, 'eval' as const),
    wide: fc.boolean(),
    arch: fc.string({ unit: 'grapheme' }).map((rest) => `|${rest}`),
  });
  fc.assert(
    fc.property(states, (state) => {
      const { room, query } = parseLink(formatLink({ room: 'cell', query: writeState(schema, state) }));
      expect(room).toBe('cell');
      expect(readState(schema, query)).toEqual({ state, problem: undefined });
    }),
    { numRuns: runs(100) },
  );
});

test('a broken value is reported in one line and becomes the default; the others are kept', () => {
  expect(read('#/cell?batch=1&mode=eval')).toEqual({
    state: { ...defaults, mode: 'eval' },
    problem: 'link: batch: expected a whole number from 2 to 64, got "1"; it is 16 here',
  });
  expect(read('#/cell?rate=fast').problem).toBe(
    'link: rate: expected a number from 0 to 10, got "fast"; it is 0.5 here',
  );
  expect(read('#/cell?mode=test').problem).toBe(
    'link: mode: expected one of train, eval, got "test"; it is train here',
  );
  expect(read('#/cell?wide=yes').problem).toBe('link: wide: expected true or false, got "yes"; it is false here');
  expect(read('#/cell?arch=x').problem).toBe('link: arch: expected an architecture, got "x"; it is |a~0| here');
  for (const key of ['depth', 'toString', '__proto__']) {
    expect(read(`#/cell?${key}=3`).problem).toBe(
      `link: "${key}" is not known here, expected batch, rate, mode, wide, arch`,
    );
  }
  expect(read('#/cell?batch=8&batch=9')).toEqual({
    state: { ...defaults, batch: 8 },
    problem: 'link: batch: expected one value, got more; the first is taken here',
  });
  expect(read(`#/cell?arch=${'x'.repeat(5000)}`).problem!.length).toBeLessThan(200);
});

test('keys of the page itself are not the state of a room, and are kept', () => {
  const { query } = parseLink('#/cell?embed=1&theme=dark&batch=8');
  expect(readState(schema, query)).toEqual({ state: { ...defaults, batch: 8 }, problem: undefined });
  expect(String(writeState(schema, defaults, query))).toBe('embed=1&theme=dark');
});
