import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { averageRanks, bootstrap, kendallTau, spearmanRho } from '../../src/search/index.ts';
import { Generator, InputError } from '../../src/tensor/index.ts';

/** τ-b by its definition, all pairs. */
function tauByDefinition(x: readonly number[], y: readonly number[]): number {
  let [sum, xs, ys] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [Math.sign(x[i] - x[j]), Math.sign(y[i] - y[j])];
      sum += a * b;
      xs += a * a;
      ys += b * b;
    }
  }
  return sum / Math.sqrt(xs * ys);
}

/** Few values, so that there are ties. */
const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })), {
  minLength: 2,
  maxLength: 60,
});

describe("Kendall's τ-b", () => {
  // The example of SciPy's documentation of kendalltau.
  test('of a published example', () => {
    expect(kendallTau([12, 2, 1, 12, 2], [1, 4, 7, 1, 0])).toBeCloseTo(-0.47140452079103173, 15);
  });

  test('agrees with its definition, with and without ties', () => {
    fc.assert(
      fc.property(pairs, (list) => {
        const [x, y] = [list.map(([a]) => a), list.map(([, b]) => b)];
        const expected = tauByDefinition(x, y);
        if (Number.isNaN(expected)) expect(kendallTau(x, y)).toBeNaN();
        else expect(kendallTau(x, y)).toBeCloseTo(expected, 12);
      }),
    );
  });

  test('orders infinities as the largest and the smallest', () => {
    expect(kendallTau([1, Infinity, 3, -Infinity], [2, 9, 3, 1])).toBe(1);
    expect(kendallTau([1, Infinity, Infinity, 2], [1, 5, 5, 2])).toBe(1);
  });

  test('of 100,000 random pairs is near 0, and fast', () => {
    const generator = new Generator(5);
    const [x, y] = [0, 1].map(() => Array.from({ length: 100_000 }, () => generator.uniform()));
    // Its standard deviation is √(2(2n + 5)/(9n(n − 1))) = 0.0021: five of them.
    expect(Math.abs(kendallTau(x, y))).toBeLessThan(0.0105);
  });
});

describe("Spearman's ρ", () => {
  // The example of SciPy's documentation of spearmanr.
  test('of a published example', () => {
    expect(spearmanRho([1, 2, 3, 4, 5], [5, 6, 7, 8, 7])).toBeCloseTo(0.8207826816681233, 15);
  });

  test('without ties is 1 − 6·Σd²/(n(n² − 1)), and does not change under monotone maps', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), fc.integer({ min: 2, max: 40 }), (seed, n) => {
        const [x, y] = [0, 1].map((k) => [...new Generator(seed).fork(k).permutation(n)]);
        const distance = x.reduce((sum, value, i) => sum + (value - y[i]) ** 2, 0);
        const rho = spearmanRho(x, y);
        expect(rho).toBeCloseTo(1 - (6 * distance) / (n * (n * n - 1)), 12);
        expect(spearmanRho(x.map(Math.exp), y)).toBe(rho);
        expect(
          spearmanRho(
            x.map((v) => -v),
            y,
          ),
        ).toBeCloseTo(-rho, 12);
      }),
    );
  });

  test('averages ranks of equal values', () => expect(averageRanks([5, 1, 5, 7, 5])).toEqual([3, 1, 3, 5, 3]));
});

test('lists of different lengths, or with NaN, are refused', () => {
  for (const statistic of [kendallTau, spearmanRho]) {
    expect(() => statistic([1, 2], [1])).toThrow(InputError);
    expect(() => statistic([1], [1])).toThrow(/at least 2/);
    expect(() => statistic([1, NaN], [1, 2])).toThrow(/got NaN/);
    expect(statistic([1, 1], [1, 2])).toBeNaN();
  }
});

describe('a bootstrap interval', () => {
  const generator = new Generator(3);
  const x = Array.from({ length: 400 }, () => generator.normal());
  const correlated = x.map((value) => 0.6 * value + 0.8 * generator.normal());

  test('is the same for the same seed, contains the value, and is about as wide as theory says', () => {
    const estimate = bootstrap(kendallTau, x, correlated, { resamples: 400, seed: 1 });
    expect(bootstrap(kendallTau, x, correlated, { resamples: 400, seed: 1 })).toEqual(estimate);
    expect(bootstrap(kendallTau, x, correlated, { resamples: 400, seed: 2 })).not.toEqual(estimate);
    const { value, low, high } = estimate;
    // For a bivariate normal τ = 2/π·asin ρ = 0.41 at ρ = 0.6, with a standard error of about 0.03 at n = 400.
    expect(value).toBe(kendallTau(x, correlated));
    expect(Math.abs(value - 0.41)).toBeLessThan(0.12);
    expect(low).toBeLessThan(value);
    expect(high).toBeGreaterThan(value);
    expect(high - low).toBeGreaterThan(0.06);
    expect(high - low).toBeLessThan(0.2);
  });

  test('contains the true value about as often as it claims', () => {
    const truth = (2 / Math.PI) * Math.asin(0.6);
    let held = 0;
    for (let run = 0; run < 100; run++) {
      const source = new Generator(run).fork('coverage');
      const a = Array.from({ length: 60 }, () => source.normal());
      const b = a.map((value) => 0.6 * value + 0.8 * source.normal());
      const { low, high } = bootstrap(kendallTau, a, b, { resamples: 200, seed: run });
      if (low <= truth && truth <= high) held += 1;
    }
    // 95 of 100 with a standard deviation of 2.2, and percentile intervals of few data are some percent too narrow.
    expect(held).toBeGreaterThanOrEqual(84);
  });
});
