import { describe, expect, test } from 'vitest';
import {
  changesOf,
  meanOf,
  type Measurement,
  numpyRound,
  numpyRoundSignificant,
  rankScores,
  roundDecimals,
} from '../../src/search/index.ts';

// All values: Python 3.11, NumPy 1.24.2.

describe("NumPy's rounding", () => {
  // [x, float(round(numpy.float64(x), 3)), round(x, 3)] for exact halves, decimal halves, and neighbours of them
  test.each([
    [0.0625, 0.062, 0.062],
    [0.1875, 0.188, 0.188],
    [-0.0625, -0.062, -0.062],
    [1.0005, 1, 1],
    [0.3125, 0.312, 0.312],
    [2.4375, 2.438, 2.438],
    [0.0005, 0, 0.001],
    [0.1235, 0.124, 0.123],
    [-0.0015, -0.002, -0.002],
    [0.0025, 0.002, 0.003],
    [1.2345, 1.234, 1.234],
    [12.3455, 12.346, 12.345],
    [0.4985, 0.498, 0.498],
    [0.49999999999999994e-3, 0, 0],
    [1e300, 1e300, 1e300],
    [1e306, Infinity, 1e306],
    [-1e306, -Infinity, -1e306],
  ])('rounds %d to %d, where Python gives %d', (x, numpy, python) => {
    expect(numpyRound(x, 3) + 0).toBe(numpy);
    expect(roundDecimals(x, 3)).toBe(python);
  });

  // round_to of TE-NAS's prune_tenas.py: float(round_to(numpy.float64(x), 3))
  test.each([
    [0.1234, 0.123],
    [-123.456, -123],
    [0.12349999999999, 0.124],
    [0.9996, 1],
    [0.09996, 0.1],
    [0.1245, 0.125],
    [0.6665, 0.667],
    [2.5 / 3, 0.833],
    [0.00012345, 0.000123],
    [1e-9, 1.1e-8],
    [99950, 100000],
    [99949.99, 99900],
    [4.4444445e20, 4.44e20],
    [0, 0],
  ])('to three significant digits rounds %d to %d', (x, expected) => {
    expect(numpyRoundSignificant(x, 3)).toBe(expected);
  });

  test("orders the scores of TE-NAS's code, and correct rounding orders those of its paper", () => {
    // [float(round_to(numpy.float64(x), 3)) for x in (1004, 1004.99999999, 1005)]
    const scores = [1004, 1004.99999999, 1005];
    expect(scores.map((x) => numpyRoundSignificant(x, 3))).toEqual([1000, 1000, 1010.0000000000001]);
    const order = (ties: 'exact' | 'rounded') => rankScores(scores, 'descending', { digits: 3, ties }).order;
    expect(order('exact')).toEqual([2, 0, 1]);
    expect(order('rounded')).toEqual([1, 2, 0]);
  });
});

test("means sum in NumPy's order, at every length where its algorithm changes", () => {
  // numpy.mean([((i*i*7919 + 104729) % 1000003) / 3**(i % 23) for i in range(n)])
  const means: readonly [n: number, mean: number][] = [
    [3, 52478.14814814815],
    [7, 24084.368410738778],
    [8, 21101.98651120256],
    [9, 18767.677911564973],
    [15, 11264.228434179693],
    [16, 10560.218018404641],
    [17, 9939.028903565171],
    [127, 35094.77359861242],
    [128, 34820.60787988404],
    [129, 34550.68481619275],
    [200, 32531.940701640026],
    [1000, 31704.02822972948],
  ];
  for (const [n, mean] of means) {
    const values = Array.from({ length: n }, (_, i) => ((i * i * 7919 + 104729) % 1000003) / 3 ** (i % 23));
    expect(meanOf(values)).toBe(mean);
  }
});

test('changes in fidelity code are those of numpy.float64 for κ and of a Python float for regions', () => {
  const before = [2000, 2000, 2000, 400, 7, 1000, 13, 80, 16];
  const after = [1999, 1753, 2003, 399, 6, 3, 14, 75, 15];
  const measured = (values: readonly number[]) =>
    values.map((value): Measurement => ({
      kappa: { lambdaMin: 1, lambdaMax: value, noiseFloor: 1e-9, verdict: 'resolved' },
      regions: value,
    }));
  const changes = (fidelity: 'paper' | 'code') => changesOf(measured(before), measured(after), { fidelity, digits: 3 });
  // numpy.mean([round((b - a)/b, 3) for b, a in zip(before, after)]) of numpy.float64 and of float
  expect(changes('code')).toEqual({ kappa: 0.1456666666666667, regions: 0.14577777777777778 });
  expect(changes('paper')).toEqual({ kappa: 0.14577777777777778, regions: 0.14577777777777778 });
});
