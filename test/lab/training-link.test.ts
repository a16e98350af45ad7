import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decades,
  type Moment,
  MOST_MOMENTS,
  someModes,
  stepDomain,
  withMoment,
} from '../../web/src/rooms/training/history.ts';
import { EXTENT, MOST_SAMPLES, PROBLEMS, type Sample } from '../../web/src/rooms/training/problem.ts';
import type { Frame } from '../../web/src/rooms/training/run.ts';
import {
  formatSamples,
  isSamples,
  samplesOf,
  withoutSample,
  withSample,
} from '../../web/src/rooms/training/samples.ts';
import { runs } from '../support/runs.ts';

const hundredths = fc.integer({ min: -100 * EXTENT, max: 100 * EXTENT }).map((value) => value / 100 + 0);
const lists = fc.constantFrom(1 as const, 2 as const).chain((inputs) =>
  fc.record({
    inputs: fc.constant(inputs),
    samples: fc.array(fc.record({ x: fc.array(hundredths, { minLength: inputs, maxLength: inputs }), y: hundredths }), {
      minLength: 1,
      maxLength: MOST_SAMPLES,
    }),
  }),
);

describe('samples in a link', () => {
  test('are restored from it', () => {
    fc.assert(
      fc.property(lists, ({ inputs, samples }) => {
        const text = formatSamples(samples);
        expect(isSamples(text)).toBe(true);
        expect(samplesOf({ ...PROBLEMS[inputs === 1 ? 'sine' : 'xor'] }, text)).toEqual(samples);
      }),
      { numRuns: runs(100) },
    );
  });

  test('are the problem’s own where the link has none, or has those of another problem', () => {
    expect(samplesOf(PROBLEMS.sine, '')).toBe(PROBLEMS.sine.samples);
    expect(samplesOf(PROBLEMS.sine, '1,1,1')).toBe(PROBLEMS.sine.samples);
    expect(samplesOf(PROBLEMS.xor, '1,1')).toBe(PROBLEMS.xor.samples);
  });

  test.each(['1', '1,', '1,2,3,4', '1,2|1,2,1', '1,x', '1,2.5', '-3,0', '1,1||1,1', '1e5,1', ' 1,1', '1,1|', 'NaN,1'])(
    'are not %j',
    (text) => expect(isSamples(text)).toBe(false),
  );

  test('are limited in number', () => {
    const row = (i: number) => `${i / 100},0`;
    const list = (count: number) => Array.from({ length: count }, (_, i) => row(i)).join('|');
    expect([isSamples(list(MOST_SAMPLES)), isSamples(list(MOST_SAMPLES + 1))]).toEqual([true, false]);
  });

  test('are added within the extent, replaced at the same position, and removed except for the last', () => {
    const one: Sample[] = [{ x: [0.5], y: 1 }];
    expect(withSample(one, { x: [9], y: -9.123 })).toEqual([...one, { x: [EXTENT], y: -EXTENT }]);
    expect(withSample(one, { x: [0.501], y: 0.126 })).toEqual([{ x: [0.5], y: 0.13 }]);
    const full = Array.from({ length: MOST_SAMPLES }, (_, i) => ({ x: [i / 100], y: 0 }));
    expect(withSample(full, { x: [1], y: 0 })).toBe(full);
    expect(withoutSample([...one, { x: [1], y: 0 }], 0)).toEqual([{ x: [1], y: 0 }]);
    expect(withoutSample(one, 0)).toBe(one);
  });
});

const curve = (meanSquaredError: number) => ({ field: new Float32Array(1), meanSquaredError });

const frameAt = (step: number): Frame => ({
  ...{ step, drawn: step, real: curve(1 / (step + 1)), linearised: curve(2), infinite: undefined },
  ...{ modes: { real: [step], predicted: [0] }, movement: 0, diverged: false },
});

describe('history', () => {
  test('keeps the first point and the last, in order, and no more than its limit', () => {
    let history: readonly Moment[] = [];
    for (let step = 0; step <= 3000; step++) {
      history = withMoment(history, frameAt(step));
      expect(history.at(-1)!.step).toBe(step);
      expect(history.length).toBeLessThanOrEqual(MOST_MOMENTS);
    }
    const steps = history.map(({ step }) => step);
    expect(steps[0]).toBe(0);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(steps.length).toBeGreaterThan(MOST_MOMENTS / 2);
    expect(history.at(-1)).toMatchObject({ real: 1 / 3001, linearised: 2, infinite: undefined });
    expect(withMoment(history, frameAt(3000))).toBe(history);
    expect(stepDomain(history)).toEqual([0, 3200]);
    expect(stepDomain([])).toEqual([0, 50]);
  });

  test('is drawn between powers of ten, within bounds', () => {
    const bounds = [1e-9, 1e6] as const;
    expect(decades([0.02, 3], bounds)).toEqual([0.01, 10]);
    expect(decades([NaN, 0, -1, Infinity, 0.5], bounds)).toEqual([0.01, 1]);
    expect(decades([1e-30, 1e30], bounds)).toEqual(bounds);
    expect(decades([], bounds)).toEqual(bounds);
  });

  test('shows some modes: the first, the last, and those between', () => {
    expect(someModes(9, 6)).toEqual([0, 2, 3, 5, 6, 8]);
    expect(someModes(3, 6)).toEqual([0, 1, 2]);
    expect(someModes(1, 6)).toEqual([0]);
  });
});
