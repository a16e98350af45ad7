import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  rankCandidates,
  rankScores,
  relativeChange,
  roundDecimals,
  roundSignificant,
  usableKappa,
} from '../../src/search/index.ts';

describe('rounding', () => {
  // Python 3.11: [round(x, 3) for x in …]
  test.each([
    [0.0625, 0.062],
    [0.1875, 0.188],
    [-0.0625, -0.062],
    [1.0005, 1],
    [0.3125, 0.312],
    [2.4375, 2.438],
    [1e300, 1e300],
    [-0.0004, 0],
    [0.0005, 0.001],
  ])('%d to 3 decimals is %d, as in Python', (x, expected) => expect(roundDecimals(x, 3)).toBe(expected));

  test('to significant digits treats a value just below a half as the half', () => {
    expect(roundSignificant(0.1234, 3)).toBe(0.123);
    expect(roundSignificant(-123.456, 3)).toBe(-123);
    expect(roundSignificant(0.12349999999999, 3)).toBe(0.124 - 0.001 + 0.001);
    expect(roundSignificant(0, 3)).toBe(0);
    expect(roundSignificant(-Number.MAX_VALUE, 3)).toBeLessThan(-1e308);
  });
});

describe('a relative change', () => {
  test.each([
    [100, 80, 0.2],
    [100, 150, -0.5],
    [3, 2, 0.333],
    [5, 5, 0],
    [100, -20, 1.2],
    [-20, 100, 6],
    [Number.MAX_VALUE, 5, 1],
    [Number.MAX_VALUE, -Number.MAX_VALUE, 2],
    [Number.MAX_VALUE, Number.MAX_VALUE, 0],
    [2, Number.MAX_VALUE, -Number.MAX_VALUE / 2],
    [0, 4, -Number.MAX_VALUE],
    [0, 0, 0],
  ])('of %d to %d is %d', (before, after, expected) => expect(relativeChange(before, after, 3)).toBe(expected));

  test('is a finite number whatever is compared', () => {
    const anything = fc.double();
    fc.assert(
      fc.property(anything, anything, (before, after) => {
        expect(Number.isFinite(relativeChange(before, after, 3))).toBe(true);
      }),
    );
  });
});

describe('ranks', () => {
  const scores = [0.2, 0.5, 0.2, -1, 0.5004, 0.5];

  test('are shared by scores that are equal when rounded', () => {
    const { ranks, order } = rankScores(scores, 'descending', { digits: 3, ties: 'rounded' });
    expect(ranks).toEqual([1, 0, 1, 2, 0, 0]);
    expect(order).toEqual([1, 4, 5, 0, 2, 3]);
  });

  test('in the code of TE-NAS are shared by neighbours that are equal bit for bit', () => {
    // 0.5, 0.5004, 0.5 are sorted as equals, so the middle one separates the outer two.
    const { ranks } = rankScores(scores, 'descending', { digits: 3, ties: 'exact' });
    expect(ranks).toEqual([3, 0, 3, 4, 1, 2]);
  });

  test('ascending are the other way round', () => {
    expect(rankScores(scores, 'ascending', { digits: 3, ties: 'rounded' }).ranks).toEqual([1, 2, 1, 0, 2, 2]);
  });

  test('order all numbers, including infinities and the largest', () => {
    const { ranks } = rankScores([Number.MAX_VALUE, -Number.MAX_VALUE, 0, Number.MAX_VALUE], 'ascending', {
      digits: 3,
      ties: 'rounded',
    });
    expect(ranks).toEqual([2, 0, 1, 2]);
  });

  test('order as the rounded scores do, for any scores', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, min: -1e3, max: 1e3 }), { maxLength: 20 }), (values) => {
        const { ranks } = rankScores(values, 'ascending', { digits: 3, ties: 'rounded' });
        values.forEach((a, i) =>
          values.forEach((b, j) => {
            const [x, y] = [roundSignificant(a, 3), roundSignificant(b, 3)];
            expect(Math.sign(ranks[i] - ranks[j])).toBe(Math.sign(x - y));
          }),
        );
        expect(Math.max(-1, ...ranks)).toBe(new Set(values.map((x) => roundSignificant(x, 3))).size - 1);
      }),
    );
  });
});

describe('candidates', () => {
  // By hand. κ descending: b 0, a and d 1, c 2. Regions ascending: a 0, c 1, b and d 2. Sums: a 1, b 2, c 3, d 3.
  const changes = [
    { kappa: 0.3, regions: -0.1 },
    { kappa: 0.6, regions: 0.2 },
    { kappa: 0.1, regions: 0.05 },
    { kappa: 0.3, regions: 0.2 },
  ];

  test('are ordered by the sum of both ranks, equal sums by κ', () => {
    expect(rankCandidates(changes, { digits: 3, ties: 'rounded' })).toEqual([
      { index: 0, kappaRank: 1, regionsRank: 0, rankSum: 1 },
      { index: 1, kappaRank: 0, regionsRank: 2, rankSum: 2 },
      { index: 3, kappaRank: 1, regionsRank: 2, rankSum: 3 },
      { index: 2, kappaRank: 2, regionsRank: 1, rankSum: 3 },
    ]);
  });

  test('may be ranked by one criterion alone', () => {
    const options = { digits: 3, ties: 'rounded' } as const;
    const order = (key: 'kappa' | 'regions') =>
      rankCandidates(
        changes.map((change) => ({ [key]: change[key] })),
        options,
      ).map(({ index, rankSum }) => [index, rankSum]);
    expect(order('kappa')).toEqual([
      [1, 0],
      [0, 1],
      [3, 1],
      [2, 2],
    ]);
    expect(order('regions')).toEqual([
      [0, 0],
      [2, 1],
      [1, 2],
      [3, 2],
    ]);
  });
});

describe('a κ that is lost in rounding', () => {
  const of = (lambdaMin: number, lambdaMax: number, verdict: 'resolved' | 'lower-bound' | 'indefinite') => ({
    lambdaMin,
    lambdaMax,
    noiseFloor: 1e-3,
    verdict,
  });
  test.each([
    [of(2, 8, 'resolved'), 4, 4],
    [of(1e-5, 8, 'lower-bound'), 8000, 8e5],
    [of(-1e-5, 8, 'lower-bound'), 8000, -8e5],
    [of(0, 8, 'lower-bound'), 8000, Number.MAX_VALUE],
    [of(0, 0, 'lower-bound'), Number.MAX_VALUE, 100000],
    [of(-2, 8, 'indefinite'), Number.MAX_VALUE, -4],
  ])('%j is %d in paper and %d in code', (measured, paper, code) => {
    expect(usableKappa(measured, 'paper') / paper).toBeCloseTo(1, 12);
    expect(usableKappa(measured, 'code') / code).toBeCloseTo(1, 12);
  });
});
