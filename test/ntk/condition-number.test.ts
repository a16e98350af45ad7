import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { conditionNumber, conditionNumberOf, teNasKappa } from '../../src/ntk/index.ts';
import {
  cast,
  type DType,
  EPSILON,
  Generator,
  InputError,
  ndarray,
  type NDArray,
  NumericalError,
  ShapeError,
} from '../../src/tensor/index.ts';
import { matrixOf, orthonormalRows, withSpectrum } from '../support/spectra.ts';

const diagonal = (...entries: number[]) => matrixOf(entries.length, (i, j) => (i === j ? entries[i] : 0));

type Rows = readonly Float64Array[];

/** J = Q·diag(σ)·W, [N, P] with singular values σ: Q orthogonal and dense, W of orthonormal rows. */
function rowsWithSingularValues(sigma: readonly number[], p: number, generator: Generator): Rows {
  const n = sigma.length;
  // The reflection I − 2vvᵀ/vᵀv.
  const v = Float64Array.from({ length: n }, () => generator.normal());
  const norm = v.reduce((sum, x) => sum + x * x, 0);
  const w = orthonormalRows(n, p, generator);
  return w.map((_, i) => {
    const row = new Float64Array(p);
    for (let m = 0; m < n; m++) {
      const factor = sigma[m] * ((i === m ? 1 : 0) - (2 * v[i] * v[m]) / norm);
      for (let k = 0; k < p; k++) row[k] += factor * w[m][k];
    }
    return row;
  });
}

const roundRows = (rows: Rows): Rows => rows.map((row) => row.map(Math.fround));

/** Θ = J·Jᵀ, every product and sum rounded to the precision, terms in order. */
function gramOf(rows: Rows, dtype: DType): NDArray {
  const n = rows.length;
  const round = dtype === 'float32' ? Math.fround : (x: number) => x;
  const lower = (i: number, j: number): number => rows[i].reduce((sum, x, k) => round(sum + round(x * rows[j][k])), 0);
  const data = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) data[i * n + j] = data[j * n + i] = lower(i, j);
  return ndarray(data, [n, n], dtype);
}

/** Rows that are linearly dependent in exact arithmetic: the last is the sum of the others. */
function dependentRows(n: number, p: number, generator: Generator): Rows {
  const rows = Array.from({ length: n - 1 }, () => Float64Array.from({ length: p }, () => generator.normal()));
  return [...rows, Float64Array.from({ length: p }, (_, k) => rows.reduce((sum, row) => sum + row[k], 0))];
}

describe('κ', () => {
  test('is the largest eigenvalue over the smallest', () => {
    const { kappa, lambdaMin, lambdaMax, eigenvalues, verdict, rank } = conditionNumber(diagonal(8, 2, 4));
    expect({ kappa, lambdaMin, lambdaMax, verdict, rank }).toEqual({
      kappa: 4,
      lambdaMin: 2,
      lambdaMax: 8,
      verdict: 'resolved',
      rank: 3,
    });
    expect([...eigenvalues]).toEqual([2, 4, 8]);
  });

  test('is right for a matrix with a known spectrum', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1e-3, max: 1, noNaN: true }), { minLength: 1, maxLength: 16 }),
        fc.nat(),
        (spectrum, seed) => {
          const { kappa, verdict } = conditionNumber(withSpectrum(spectrum, new Generator(seed)));
          const expected = Math.max(...spectrum) / Math.min(...spectrum);
          // λmin is right to some 16·ε·λmax, at κ ≤ 1000 a relative error of 4e-12 at most; seen: 1e-12.
          expect(Math.abs(kappa / expected - 1)).toBeLessThan(1e-11);
          expect(verdict).toBe('resolved');
        },
      ),
    );
  });

  test('of a single sample is 1', () => {
    for (const dtype of ['float32', 'float64'] as const) {
      const { kappa, verdict, kappaLowerBound } = conditionNumber(ndarray([7], [1, 1]), { dtype });
      expect({ kappa, verdict, kappaLowerBound }).toEqual({ kappa: 1, verdict: 'resolved', kappaLowerBound: 1 });
    }
    // The two eigenvalues are the same number, whose error is in both or in neither.
    const one = (lambda: number) => conditionNumberOf(Float64Array.of(lambda), { dtype: 'float32' });
    expect(one(3).kappaInterval).toEqual([1, 1]);
    expect(one(0).kappaInterval).toEqual([1, Infinity]);
    expect(one(3)).toMatchObject({ kappaLowerBound: 1, rank: 1, verdict: 'resolved' });
  });

  test('is invariant under powers of two, and so is the verdict', () => {
    fc.assert(
      fc.property(fc.integer({ min: -500, max: 500 }), fc.nat(), (exponent, seed) => {
        const theta = withSpectrum([1e-14, 0.2, 1], new Generator(seed));
        const scaled = { ...theta, data: theta.data.map((x) => x * 2 ** exponent) };
        const [before, after] = [theta, scaled].map((matrix) => conditionNumber(matrix));
        expect(after.kappa).toBe(before.kappa);
        expect(after.verdict).toBe(before.verdict);
        expect(after.kappaInterval).toEqual(before.kappaInterval);
        expect(after.rank).toBe(before.rank);
        expect(after.noiseFloor).toBe(before.noiseFloor * 2 ** exponent);
      }),
    );
  });
});

describe('the verdict', () => {
  test('follows from the position of λmin relative to the noise floor', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<DType>('float32', 'float64'),
        fc.double({ min: -3, max: 3, noNaN: true }),
        (dtype, at) => {
          const floorOf = (lambda: number) => conditionNumber(diagonal(lambda, 1), { dtype }).noiseFloor;
          const lambda = at * floorOf(0);
          const { verdict, lambdaMin } = conditionNumber(diagonal(lambda, 1), { dtype });
          expect(lambdaMin).toBe(lambda + 0);
          // The floor is in proportion to tr Θ = 1 + |λ|: the same to all digits that matter here.
          fc.pre(Math.abs(Math.abs(at) - 1) > 1e-6);
          expect(verdict).toBe(at > 1 ? 'resolved' : at > -1 ? 'lower-bound' : 'indefinite');
        },
      ),
    );
  });

  test('of a singular matrix is a lower bound', () => {
    const { kappa, verdict, kappaInterval, kappaLowerBound, rank } = conditionNumber(diagonal(2, -0));
    expect({ kappa, verdict, rank }).toEqual({ kappa: Infinity, verdict: 'lower-bound', rank: 1 });
    expect(kappaInterval).toEqual([kappaLowerBound, Infinity]);
    expect(kappaLowerBound).toBeGreaterThan(1e12);
  });

  test('of a kernel of zeros is a lower bound of 1, and κ is NaN', () => {
    for (const n of [1, 3]) {
      const { kappa, verdict, kappaLowerBound, noiseFloor, lambdaMin } = conditionNumber(matrixOf(n, () => 0));
      expect({ kappa, verdict, kappaLowerBound, noiseFloor, lambdaMin }).toEqual({
        kappa: NaN,
        verdict: 'lower-bound',
        kappaLowerBound: 1,
        noiseFloor: 0,
        lambdaMin: 0,
      });
      expect(teNasKappa(kappa)).toBe(100000);
    }
  });

  test('of a matrix that is not a kernel is indefinite', () => {
    for (const entries of [[1, -1e-3], [-1], [-1, -2, -3], [1e-8, -1]]) {
      const { verdict, kappaLowerBound } = conditionNumber(diagonal(...entries), { dtype: 'float32' });
      expect(verdict).toBe('indefinite');
      expect(kappaLowerBound).toBe(1);
    }
  });
});

describe('the noise floor', () => {
  test('grows with every source of error, and vanishes next to λmax', () => {
    const theta = withSpectrum([0.5, 1, 2], new Generator(1));
    const floor = (dtype: DType, parameters: number, precision: DType = 'float64') =>
      conditionNumber(ndarray(theta.data, [3, 3], precision), { dtype, parameters }).noiseFloor;
    expect(floor('float64', 1e4)).toBeLessThan(floor('float64', 1e6));
    expect(floor('float64', 1e6)).toBeLessThan(floor('float32', 1e6));
    expect(floor('float32', 1e6)).toBeLessThan(floor('float32', 1e6, 'float32'));
    expect(floor('float32', 1e6, 'float32')).toBeLessThan(1e-3);
  });

  // From three rows on: two equal rows leave a clean zero.
  const samples = fc.integer({ min: 3, max: 8 });

  test('is above the rounding of a zero eigenvalue of dependent float32 rows', () => {
    fc.assert(
      fc.property(samples, fc.integer({ min: 50, max: 2000 }), fc.nat(), (n, p, seed) => {
        const theta = gramOf(roundRows(dependentRows(n, p, new Generator(seed))), 'float64');
        const { verdict, kappaLowerBound } = conditionNumber(theta, { dtype: 'float32', parameters: p });
        expect(verdict).toBe('lower-bound');
        // The floor is not vacuous: with float32 rows it is still some 1e-10 of λmax.
        expect(kappaLowerBound).toBeGreaterThan(1e9);
      }),
    );
  });

  test('is above the rounding of a zero eigenvalue of rows with the errors of a deep network', () => {
    fc.assert(
      fc.property(samples, fc.nat(), (n, seed) => {
        const generator = new Generator(seed);
        const parameters = 500;
        // 6·ε relative to the row, as measured on networks of 17 cells.
        const noisy = dependentRows(n, parameters, generator).map((row) => {
          const size = (6 * EPSILON.float32 * Math.hypot(...row)) / Math.sqrt(parameters);
          return row.map((x) => Math.fround(x + size * generator.normal()));
        });
        const theta = gramOf(noisy, 'float64');
        expect(conditionNumber(theta, { dtype: 'float32', parameters }).verdict).toBe('lower-bound');
        // The error is real: with float64 rows, the same eigenvalue would be resolved.
        expect(conditionNumber(theta, { dtype: 'float64', parameters }).verdict).toBe('resolved');
      }),
    );
  });

  test.each(['float32', 'float64'] as const)(
    'is above the rounding of a zero eigenvalue by summation in %s',
    (dtype) => {
      fc.assert(
        fc.property(samples, fc.nat(), (n, seed) => {
          const parameters = 5000;
          const rows = dependentRows(n, parameters, new Generator(seed));
          const theta = gramOf(dtype === 'float32' ? roundRows(rows) : rows, dtype);
          const { verdict, lambdaMin } = conditionNumber(theta, { dtype, parameters });
          expect(verdict).toBe('lower-bound');
          // The rounding is not zero.
          expect(lambdaMin).not.toBe(0);
        }),
        { numRuns: 30 },
      );
    },
  );

  test('lets κ = 1e8 of float32 rows pass when Θ is in float64, and κ is right to 1 %', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const rows = roundRows(rowsWithSingularValues([1, 0.7, 0.3, 0.1, 1e-4], 2000, new Generator(seed)));
        const { verdict, kappa } = conditionNumber(gramOf(rows, 'float64'), { dtype: 'float32', parameters: 2000 });
        expect(verdict).toBe('resolved');
        // σmin moves by at most ε/2·√tr Θ ≈ 8e-8, κ by 2·8e-8/1e-4 = 0.16 %.
        expect(Math.abs(kappa / 1e8 - 1)).toBeLessThan(0.01);
      }),
      { numRuns: 30 },
    );
  });

  test('flags κ = 4e6 computed in float32 throughout, as by TE-NAS', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const rows = roundRows(rowsWithSingularValues([1, 0.7, 0.3, 0.1, 5e-4], 2000, new Generator(seed)));
        const options = { dtype: 'float32', parameters: 2000 } as const;
        const single = conditionNumber(gramOf(rows, 'float32'), options);
        expect(single.verdict).toBe('lower-bound');
        expect(single.kappaLowerBound).toBeLessThan(4e6);
        expect(single.kappaInterval[1]).toBeGreaterThan(4e6);
        // In float64 it is an ordinary number.
        const double = conditionNumber(gramOf(rows, 'float64'), options);
        expect(double.verdict).toBe('resolved');
        expect(Math.abs(double.kappa / 4e6 - 1)).toBeLessThan(1e-3);
      }),
      { numRuns: 30 },
    );
  });
});

describe('by eigenvalues alone', () => {
  test('κ and its certificate are the same', () => {
    for (const precision of ['float32', 'float64'] as const) {
      const theta = cast(withSpectrum([1e-9, 0.5, 1, 2], new Generator(3)), precision);
      const origin = { dtype: 'float32', parameters: 5000 } as const;
      const whole = conditionNumber(theta, origin);
      expect(conditionNumberOf(whole.eigenvalues, { ...origin, thetaDtype: precision })).toEqual(whole);
    }
    expect(conditionNumberOf(Float64Array.of(1, 2)).noiseFloor).toBe(conditionNumber(diagonal(1, 2)).noiseFloor);
  });

  test('the noise floor is (√2·η + √(4·η² + 2·(√P + N)·ε))²·Σ|λ|, in closed form', () => {
    const floor = (eta: number, e: number) => 4 * (Math.SQRT2 * eta + Math.sqrt(4 * eta ** 2 + 2 * e)) ** 2;
    // η = 32·2⁻²³ = 2⁻¹⁸ for float32 rows; P = 400: √P + N = 22.
    const { noiseFloor } = conditionNumberOf(Float64Array.of(-1, 3), { dtype: 'float32', parameters: 400 });
    expect(noiseFloor / floor(2 ** -18, 22 * 2 ** -52)).toBeCloseTo(1, 14);
    const double = conditionNumberOf(Float64Array.of(1, 3), { dtype: 'float64', parameters: 400 });
    expect(double.noiseFloor / floor(2 ** -47, 22 * 2 ** -52)).toBeCloseTo(1, 14);
    const single = conditionNumberOf(Float64Array.of(1, 3), { parameters: 400, thetaDtype: 'float32' });
    expect(single.noiseFloor / floor(2 ** -47, 22 * 2 ** -23)).toBeCloseTo(1, 14);
    const measured = conditionNumberOf(Float64Array.of(1, 3), { parameters: 400, rowError: 0.01 });
    expect(measured.noiseFloor / floor(0.01, 22 * 2 ** -52)).toBeCloseTo(1, 14);
    const ofRows = conditionNumberOf(Float64Array.of(1, 3), { parameters: 400, spectrumOf: 'rows', rowError: 0 });
    expect(ofRows.noiseFloor / floor(22 * 2 ** -52, 0)).toBeCloseTo(1, 14);
  });

  test('the interval and the rank follow from the two errors, in closed form', () => {
    // √P + N = 1000 + 3; tr Θ = 1: e = 1003·2⁻⁵², which η = 0.01 hides.
    const { kappaInterval, rank, verdict } = conditionNumberOf(Float64Array.of(0.00009, 0.09991, 0.9), {
      rowError: 0.01,
    });
    const smallest = (Math.sqrt(0.00009) + 0.01) ** 2;
    expect(kappaInterval[0] / ((Math.sqrt(0.9) - 0.01) ** 2 / smallest)).toBeCloseTo(1, 8);
    expect({ highest: kappaInterval[1], rank, verdict }).toEqual({
      highest: Infinity,
      rank: 2,
      verdict: 'lower-bound',
    });
    const e = 1002 * 2 ** -52;
    const resolved = conditionNumberOf(Float64Array.of(0.25, 0.75), { rowError: 0.1 });
    expect(resolved.kappaInterval[0]).toBeCloseTo(
      (Math.sqrt(0.75 - e) - 0.1) ** 2 / (Math.sqrt(0.25 + e) + 0.1) ** 2,
      12,
    );
    expect(resolved.kappaInterval[1]).toBeCloseTo(
      (Math.sqrt(0.75 + e) + 0.1) ** 2 / (Math.sqrt(0.25 - e) - 0.1) ** 2,
      12,
    );
    expect(resolved.kappaLowerBound).toBe(resolved.kappaInterval[0]);
    // No kernel has a κ below 1.
    expect(conditionNumberOf(Float64Array.of(1, 1), { rowError: 0.1 }).kappaInterval[0]).toBe(1);
  });

  test('invalid eigenvalues are refused', () => {
    expect(() => conditionNumberOf(new Float64Array(0))).toThrow(
      new ShapeError('conditionNumber: expected at least one eigenvalue, got none'),
    );
    expect(() => conditionNumberOf(Float64Array.of(1, NaN))).toThrow(
      new NumericalError('conditionNumber: expected finite eigenvalues, got NaN at index 1'),
    );
    expect(() => conditionNumberOf(Float64Array.of(2, 1))).toThrow(
      new InputError('conditionNumber: expected eigenvalues in ascending order, got 2 before 1'),
    );
  });
});

describe('refused are', () => {
  test('impossible numbers of parameters and unknown precisions', () => {
    for (const parameters of [NaN, 0, -5, Infinity]) {
      expect(() => conditionNumber(diagonal(1, 2), { parameters })).toThrow(
        new InputError(`conditionNumber: parameters: expected a number ≥ 1, got ${parameters}`),
      );
    }
    const half = 'float16' as DType;
    expect(() => conditionNumber(diagonal(1, 2), { dtype: half })).toThrow(
      new InputError('conditionNumber: dtype: expected "float32" or "float64", got "float16"'),
    );
    expect(() => conditionNumberOf(Float64Array.of(1), { thetaDtype: half })).toThrow(
      new InputError('conditionNumber: thetaDtype: expected "float32" or "float64", got "float16"'),
    );
    expect(() => conditionNumber({ ...diagonal(1, 2), dtype: 'int8' as DType })).toThrow(
      new InputError('conditionNumber: theta: dtype: expected "float32" or "float64", got "int8"'),
    );
  });

  test('impossible errors of rows and unknown sources of spectra', () => {
    for (const rowError of [NaN, -1, Infinity]) {
      expect(() => conditionNumber(diagonal(1, 2), { rowError })).toThrow(
        new InputError(`conditionNumber: rowError: expected a number ≥ 0, got ${rowError}`),
      );
    }
    expect(() => conditionNumberOf(Float64Array.of(1), { spectrumOf: 'J' as 'rows' })).toThrow(
      new InputError('conditionNumber: spectrumOf: expected "kernel" or "rows", got "J"'),
    );
  });

  test('kernels with NaN or infinity', () => {
    for (const bad of [NaN, Infinity]) {
      const theta = ndarray([1, 0, 0, bad], [2, 2]);
      expect(() => conditionNumber(theta)).toThrow(NumericalError);
      expect(() => conditionNumber(theta)).toThrow(`expected finite entries, got ${bad} in row 1, column 1`);
    }
  });

  test('kernels that are not square or not symmetric', () => {
    expect(() => conditionNumber(ndarray([1, 2], [1, 2]))).toThrow(ShapeError);
    expect(() => conditionNumber(ndarray([], [0, 0]))).toThrow(ShapeError);
    expect(() => conditionNumber(ndarray([1, 2, 3, 4], [2, 2]))).toThrow(NumericalError);
  });
});

test("TE-NAS's number is κ with NaN as 100000 and infinities as the largest doubles", () => {
  expect(teNasKappa(12.5)).toBe(12.5);
  expect(teNasKappa(-3e7)).toBe(-3e7);
  expect(teNasKappa(0)).toBe(0);
  expect(teNasKappa(NaN)).toBe(100000);
  expect(teNasKappa(Infinity)).toBe(Number.MAX_VALUE);
  expect(teNasKappa(-Infinity)).toBe(-Number.MAX_VALUE);
  expect(teNasKappa(conditionNumber(diagonal(3, 0)).kappa)).toBe(Number.MAX_VALUE);
});
