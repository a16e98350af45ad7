import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { implicitQL } from '../../src/tensor/eigen/implicitQL.ts';
import { jacobi } from '../../src/tensor/eigen/index.ts';
import { symmetricEigen, type SymmetricEigen, symmetricEigenQR } from '../../src/ntk/index.ts';
import {
  cast,
  Generator,
  InputError,
  ndarray,
  type NDArray,
  NumericalError,
  ShapeError,
} from '../../src/tensor/index.ts';
import { countBelow } from '../support/inertia.ts';
import { defects, example, kinds, matrixOf } from '../support/spectra.ts';
import { runs } from '../support/runs.ts';

const methods = ['jacobi', 'householder', 'qr'] as const;

/** By ntkit's own solvers, or by ml-matrix's. */
async function eigen(matrix: NDArray, method: (typeof methods)[number]): Promise<Required<SymmetricEigen>> {
  const options = { vectors: true } as const;
  return method === 'qr' ? symmetricEigenQR(matrix, options) : symmetricEigen(matrix, { ...options, method });
}

/** As {@link eigen}, without eigenvectors. */
async function spectrumBy(matrix: NDArray, method: (typeof methods)[number]): Promise<Float64Array> {
  const { values, vectors } = await (method === 'qr' ? symmetricEigenQR(matrix) : symmetricEigen(matrix, { method }));
  expect(vectors).toBeUndefined();
  return values;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));
}

/** All solvers, and the example they were drawn from, agree; their vectors are eigenvectors. */
async function checkExample(kind: string, n: number, seed: number): Promise<void> {
  const { matrix, expected, size } = example(kind, n, seed);
  for (const method of methods) {
    const { values, vectors } = await eigen(matrix, method);
    // Errors are some n·ε·max|λ| ≤ 5e-14·max|λ| for n = 200; seen: 2e-14.
    expect(largestDifference(values, expected)).toBeLessThanOrEqual(1e-12 * size);
    expect([...values]).toEqual([...values].sort((a, b) => a - b));
    expect(vectors.shape).toEqual([n, n]);
    const [residual, skew] = defects(matrix, values, vectors);
    expect(residual).toBeLessThanOrEqual(1e-12 * size);
    expect(skew).toBeLessThan(1e-12);
    for (let i = 0; i < n; i++) {
      const column = Array.from({ length: n }, (_, k) => vectors.data[k * n + i]);
      const largest = Math.max(...column.map(Math.abs));
      expect(column.find((x) => Math.abs(x) === largest)).toBeGreaterThan(0);
    }
    // Without eigenvectors, the same arithmetic yields the same eigenvalues.
    expect(await spectrumBy(matrix, method)).toEqual(values);
  }
}

describe('all solvers', () => {
  test.each(kinds)('find a spectrum %s, and its eigenvectors, for 200 rows', async (kind) => {
    await checkExample(kind, 200, 1);
  });

  test('are chosen by size: Jacobi up to 100 rows, Householder and QL beyond', () => {
    for (const [n, method] of [
      [100, 'jacobi'],
      [101, 'householder'],
    ] as const) {
      const { matrix } = example('graded from 1 to 1e-12', n, 2);
      const [chosen, jacobiValues] = [method, 'jacobi'].map((m) => symmetricEigen(matrix, { method: m as 'jacobi' }));
      expect(symmetricEigen(matrix)).toEqual(chosen);
      // The two differ in the last digits: the comparison above can fail.
      expect(chosen.values.every((x, i) => x === jacobiValues.values[i])).toBe(method === 'jacobi');
    }
  });

  test('find any spectrum and its eigenvectors for up to 20 rows', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 20 }), fc.nat(), async (kind, n, seed) => {
        await checkExample(kind, n, seed);
      }),
      { numRuns: runs(200) },
    );
  });

  test('are invariant under permutations of rows and columns', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 20 }), fc.nat(), async (kind, n, seed) => {
        const { matrix, size } = example(kind, n, seed);
        const order = new Generator(seed).permutation(n);
        const permuted = matrixOf(n, (i, j) => matrix.data[order[i] * n + order[j]]);
        for (const method of methods) {
          const [values, again] = await Promise.all([matrix, permuted].map((m) => spectrumBy(m, method)));
          expect(largestDifference(values, again)).toBeLessThanOrEqual(1e-13 * size);
        }
      }),
    );
  });

  test('are scaled exactly with a power of two', async () => {
    const any = fc.tuple(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 12 }), fc.nat());
    await fc.assert(
      fc.asyncProperty(any, fc.integer({ min: -900, max: 900 }), async ([kind, n, seed], exponent) => {
        const { matrix } = example(kind, n, seed);
        const scaled = { ...matrix, data: matrix.data.map((x) => x * 2 ** exponent) };
        for (const method of methods) {
          const before = await eigen(matrix, method);
          const after = await eigen(scaled, method);
          expect(after.values).toEqual(before.values.map((x) => x * 2 ** exponent));
          expect(after.vectors).toEqual(before.vectors);
        }
      }),
    );
  });

  test('change sign and order with the sign of the matrix', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 20 }), fc.nat(), async (kind, n, seed) => {
        const { matrix, size } = example(kind, n, seed);
        const negated = { ...matrix, data: matrix.data.map((x) => -x) };
        for (const method of methods) {
          const values = await spectrumBy(matrix, method);
          const reversed = (await spectrumBy(negated, method)).map((x) => -x).reverse();
          expect(largestDifference(values, reversed)).toBeLessThanOrEqual(1e-13 * size);
        }
      }),
    );
  });

  test.each(methods)('do not change the matrix (%s)', async (method) => {
    const { matrix } = example('of both signs', 10, 4);
    const before = matrix.data.slice();
    await eigen(matrix, method);
    expect(matrix.data).toEqual(before);
  });
});

describe.each(methods)('matrices with a spectrum in closed form, by %s', (method) => {
  const spectrum = (matrix: NDArray) => spectrumBy(matrix, method);

  test('the second difference has 2 − 2·cos(kπ/(n + 1))', async () => {
    for (const n of [1, 2, 3, 10, 100]) {
      const matrix = matrixOf(n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));
      // 4·sin²: the difference of 2 and a cosine near 1 would lose digits itself.
      const expected = Array.from({ length: n }, (_, k) => 4 * Math.sin(((k + 1) * Math.PI) / (2 * n + 2)) ** 2);
      expect(largestDifference(await spectrum(matrix), expected)).toBeLessThan(1e-13);
    }
  });

  test('min(i, j) has 1 / (4·sin²((2k − 1)π/(4n + 2)))', async () => {
    const n = 30;
    const matrix = matrixOf(n, (i, j) => Math.min(i, j) + 1);
    const expected = Array.from(
      { length: n },
      (_, k) => 0.25 / Math.sin(((2 * (n - k) - 1) * Math.PI) / (4 * n + 2)) ** 2,
    );
    expect(largestDifference(await spectrum(matrix), expected)).toBeLessThan(1e-13 * expected[n - 1]);
  });

  test('all ones has n once and otherwise 0', async () => {
    for (const n of [1, 2, 7, 100]) {
      const values = await spectrum(matrixOf(n, () => 1));
      const expected = Array.from({ length: n }, (_, k) => (k === n - 1 ? n : 0));
      expect(largestDifference(values, expected)).toBeLessThan(1e-13 * n);
    }
  });

  test("the largest eigenvalue of Hilbert's matrix agrees with a computation with 60 digits", async () => {
    const largest = [
      1, 1.2675918792439982155, 1.4083189271236539575, 1.500214280059242763, 1.5670506910982307956, 1.6188998589243391,
      1.6608853389269309, 1.6959389969219495,
    ];
    for (const [k, expected] of largest.entries()) {
      const values = await spectrum(matrixOf(k + 1, (i, j) => 1 / (i + j + 1)));
      // Entries are rounded to ε/2 each, the solver adds some n·ε.
      expect(Math.abs(values[k] / expected - 1)).toBeLessThan(1e-14);
    }
  });

  test('a diagonal matrix has its diagonal, exactly and in order', async () => {
    const diagonal = [3, -1, 0, 1e-12, 2];
    const values = await spectrum(matrixOf(5, (i, j) => (i === j ? diagonal[i] : 0)));
    expect([...values]).toEqual([-1, 0, 1e-12, 2, 3]);
  });

  test('one number is its own eigenvalue', async () => {
    for (const x of [5, -5, 0, 5e-324, Number.MAX_VALUE]) {
      const { values, vectors } = await eigen(ndarray([x], [1, 1]), method);
      expect([...values]).toEqual([x]);
      expect([...vectors.data]).toEqual([1]);
    }
  });

  test('a zero matrix has +0 and orthonormal eigenvectors', async () => {
    const { values, vectors } = await eigen(ndarray([0, -0, -0, -0], [2, 2]), method);
    expect([...values]).toEqual([0, 0]);
    expect([...vectors.data]).toEqual([1, 0, 0, 1]);
  });

  test('a swap of two coordinates has −1 and 1', async () => {
    expect(largestDifference(await spectrum(ndarray([0, 1, 1, 0], [2, 2])), [-1, 1])).toBeLessThan(1e-15);
  });

  test('entries from 1e-300 to 1e300 neither underflow nor overflow', async () => {
    for (const size of [1e-300, 1e-200, 1e200, 1e300]) {
      const values = await spectrum(matrixOf(3, (i, j) => (i === j ? 2 : 1) * size));
      expect(
        largestDifference(
          values.map((x) => x / size),
          [1, 1, 4],
        ),
      ).toBeLessThan(1e-14);
    }
  });

  test('float32 matrices are decomposed in float64', async () => {
    const { matrix } = example('uniform', 8, 3);
    const single = cast(matrix, 'float32');
    expect(await spectrum(single)).toEqual(await spectrum(cast(single, 'float64')));
  });

  test('halves that differ by rounding are averaged', async () => {
    const rounding = 2 ** -50;
    const values = await spectrum(ndarray([1, 0.5 + rounding, 0.5 - rounding, 1], [2, 2]));
    expect(values).toEqual(await spectrum(ndarray([1, 0.5, 0.5, 1], [2, 2])));
  });
});

describe('a graded positive definite matrix D·B·D', () => {
  /** B has ones on the diagonal and row sums below 1/2 else, so κ(B) < 3; D runs over 12 decades in random order. */
  function graded(n: number, seed: number): NDArray {
    const generator = new Generator(seed);
    const d = Float64Array.from({ length: n }, () => 10 ** generator.uniform(-12, 0));
    const b = Float64Array.from({ length: n * n }, () => generator.uniform(-1, 1) / (2 * n));
    return matrixOf(n, (i, j) => d[i] * d[j] * (i === j ? 1 : b[Math.min(i, j) * n + Math.max(i, j)]));
  }

  test('is judged by an eigenvalue count that is right for known spectra', () => {
    const n = 6;
    const matrix = matrixOf(n, (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0));
    for (let k = 1; k <= n; k++) {
      const lambda = 4 * Math.sin((k * Math.PI) / (2 * n + 2)) ** 2;
      expect(countBelow(matrix, lambda * (1 - 1e-14))).toBe(k - 1);
      expect(countBelow(matrix, lambda * (1 + 1e-14))).toBe(k);
    }
  });

  /** Every eigenvalue is within the relative tolerance, counted in exact arithmetic. */
  function expectRelative(matrix: NDArray, values: Float64Array, tolerance: number): void {
    values.forEach((lambda, k) => {
      expect(countBelow(matrix, lambda * (1 - tolerance))).toBeLessThanOrEqual(k);
      expect(countBelow(matrix, lambda * (1 + tolerance))).toBeGreaterThan(k);
    });
  }

  test('has every eigenvalue right to 1e-12 of itself by Jacobi', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.nat(), (n, seed) => {
        const matrix = graded(n, seed);
        // Demmel & Veselić: sweeps·n·ε·κ(B), here some 10·10·2e-16·3 = 7e-14.
        expectRelative(matrix, symmetricEigen(matrix).values, 1e-12);
      }),
    );
  });

  test('has its 20 eigenvalues right to 1e-12 of themselves by Jacobi, with κ beyond 1e20', () => {
    const matrix = graded(20, 8);
    const { values } = symmetricEigen(matrix);
    expect(values[19] / values[0]).toBeGreaterThan(1e20);
    expectRelative(matrix, values, 1e-12);
  });

  test('has eigenvalues right to n·ε·λmax by Householder and QL, without a right digit in the small ones', async () => {
    const matrix = graded(20, 8);
    const [jacobiValues, ...others] = await Promise.all(methods.map((method) => spectrumBy(matrix, method)));
    expect(others.length).toBe(2);
    for (const values of others) {
      expect(largestDifference(jacobiValues, values)).toBeLessThan(20 * Number.EPSILON * jacobiValues[19]);
    }
    // The tolerance above is far larger than the smallest eigenvalue, and so does not test it.
    expect(jacobiValues[0]).toBeLessThan(1e-3 * Number.EPSILON * jacobiValues[19]);
  });
});

describe('input without eigenvalues is refused', () => {
  const refuse = async (
    matrix: NDArray,
    type: typeof ShapeError | typeof NumericalError | typeof InputError,
    message: string,
  ) => {
    for (const method of methods) {
      await expect(spectrumBy(matrix, method)).rejects.toThrow(type);
      await expect(spectrumBy(matrix, method)).rejects.toThrow(message);
    }
  };

  test('matrices that are not square, or empty', async () => {
    const expected = 'symmetricEigen: expected a square matrix of at least one row, got shape ';
    await refuse(ndarray([1, 2], [1, 2]), ShapeError, `${expected}[1, 2]`);
    await refuse(ndarray([], [0, 0]), ShapeError, `${expected}[0, 0]`);
    await refuse(ndarray([1], [1]), ShapeError, `${expected}[1]`);
    await refuse(ndarray([1], [1, 1, 1]), ShapeError, `${expected}[1, 1, 1]`);
    await refuse(ndarray([1], []), ShapeError, `${expected}[]`);
  });

  test('entries that are NaN or infinite', async () => {
    for (const bad of [NaN, Infinity, -Infinity]) {
      const matrix = ndarray([1, 2, bad, 1], [2, 2]);
      await refuse(matrix, NumericalError, `symmetricEigen: expected finite entries, got ${bad} in row 1, column 0`);
    }
  });

  test('unknown precisions and methods', async () => {
    const matrix = { ...ndarray([1], [1, 1]), dtype: 'int8' } as unknown as NDArray;
    await refuse(matrix, InputError, 'symmetricEigen: dtype: expected "float32" or "float64", got "int8"');
    expect(() => symmetricEigen(ndarray([1], [1, 1]), { method: 'lanczos' as 'jacobi' })).toThrow(
      new InputError('symmetricEigen: method: expected "jacobi" or "householder", got "lanczos"'),
    );
  });

  test('asymmetry beyond rounding', async () => {
    const message = 'symmetricEigen: expected a symmetric matrix, got 3 in row 1, column 0 and 2 in row 0, column 1';
    await refuse(ndarray([1, 2, 3, 1], [2, 2]), NumericalError, message);
    await refuse(ndarray([1, 0.5 + 1e-12, 0.5, 1], [2, 2]), NumericalError, 'expected a symmetric matrix');
    await refuse(ndarray([1, 0.501, 0.5, 1], [2, 2], 'float32'), NumericalError, 'expected a symmetric matrix');
  });

  test('eigenvalues beyond the range of float64', async () => {
    const matrix = matrixOf(2, () => Number.MAX_VALUE);
    await refuse(matrix, NumericalError, 'symmetricEigen: expected eigenvalues within ±1.7976931348623157e+308, got ');
  });

  test('a matrix whose eigenvalues QL cannot find', () => {
    const broken = { d: Float64Array.of(1, 2), e: Float64Array.of(0, NaN) };
    expect(() => implicitQL({ d: broken.d, e: broken.e })).toThrow(
      new NumericalError('implicitQL: eigenvalue 0 of 2 did not converge, expected at most 30 iterations'),
    );
  });

  test('a matrix that Jacobi cannot make diagonal in the sweeps it may take', () => {
    const { matrix } = example('uniform', 10, 1);
    const attempt = () => jacobi(Float64Array.from(matrix.data), 10, false, 2);
    expect(attempt).toThrow(NumericalError);
    expect(attempt).toThrow('jacobi: a matrix of 10 rows did not become diagonal, expected at most 2 sweeps');
  });
});
