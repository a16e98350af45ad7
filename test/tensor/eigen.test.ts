import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { eigenvaluesOn, symmetricEigen } from '../../src/ntk/index.ts';
import {
  type Backend,
  cast,
  constant,
  eigenvalues,
  eigenvectors,
  evaluate,
  Generator,
  InputError,
  type NDArray,
  ndarray,
  NumericalError,
  referenceBackend,
  ShapeError,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { defects, example, kinds, matrixOf } from '../support/spectra.ts';
import { runs } from '../support/runs.ts';

// The decompositions as primitives, on every backend that has kernels of its own for them.

const shared = wasmBackend({ threads: 2 });
const separate = wasmBackend({ threads: 1, sharedMemory: false });
const backends: [string, Backend][] = [
  ['reference', referenceBackend],
  ['wasm, shared memory, 2 threads', shared],
  ['wasm, separate memories, 1 thread', separate],
];
afterAll(() => Promise.all([shared.close(), separate.close()]));

const EPSILON = Number.EPSILON;

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));
}

describe.each(backends)('%s', (_, backend) => {
  const decompose = async (matrix: NDArray) =>
    evaluate([eigenvalues(constant(matrix)), eigenvectors(constant(matrix))], new Map(), backend);

  const check = async (kind: string, n: number, seed: number) => {
    const { matrix, expected, size } = example(kind, n, seed);
    const [values, vectors] = await decompose(matrix);
    expect(values.shape).toEqual([n]);
    expect(vectors.shape).toEqual([n, n]);
    // n·ε·‖A‖ of the method, and as much of the matrix; constants are near 1, and count for small n.
    const tolerance = 2 * Math.max(n, 10) * EPSILON;
    expect(largestDifference(values.data, expected)).toBeLessThanOrEqual(tolerance * size);
    expect([...values.data]).toEqual([...values.data].sort((a, b) => a - b));
    // Entries of A·V − V·Λ and of VᵀV − I.
    const [residual, skew] = defects(matrix, Float64Array.from(values.data), vectors);
    expect(residual).toBeLessThanOrEqual(tolerance * size);
    expect(skew).toBeLessThanOrEqual(tolerance);
  };

  test('finds any spectrum and its eigenvectors for up to 30 rows', async () => {
    await fc.assert(fc.asyncProperty(fc.constantFrom(...kinds), fc.integer({ min: 1, max: 30 }), fc.nat(), check), {
      numRuns: runs(100),
    });
  });

  test.each(kinds)('finds a spectrum %s for 101 to 400 rows', async (kind) => {
    for (const n of [101, 130, 257]) await check(kind, n, n);
    const { matrix, expected, size } = example(kind, 400, 5);
    expect(largestDifference(await eigenvaluesOn(backend, matrix), expected)).toBeLessThanOrEqual(800 * EPSILON * size);
  });

  test('min(i, j) of 1,000 rows has 1 / (4·sin²((2k − 1)π/(4n + 2)))', async () => {
    const n = 1000;
    const matrix = matrixOf(n, (i, j) => Math.min(i, j) + 1);
    const expected = Array.from(
      { length: n },
      (_, k) => 0.25 / Math.sin(((2 * (n - k) - 1) * Math.PI) / (4 * n + 2)) ** 2,
    );
    const values = await eigenvaluesOn(backend, matrix);
    expect(largestDifference(values, expected)).toBeLessThan(n * EPSILON * expected[n - 1]);
  });

  test('finds the spectrum of a low-rank matrix of many rows, such as the kernel of a bias with all outputs', async () => {
    // G ⊗ I has the eigenvalues of G, each k times: G of eight ones by eight, or of rank 3.
    const k = 60;
    const ones = matrixOf(8 * k, (i, j) => Number(i % k === j % k));
    const waves = matrixOf(8 * k, (i, j) => {
      const [a, b] = [Math.floor(i / k), Math.floor(j / k)];
      return i % k === j % k
        ? [0, 1, 2].reduce((sum, q) => sum + Math.cos(a * q + a + q) * Math.cos(b * q + b + q), 0)
        : 0;
    });
    for (const [matrix, rank] of [
      [ones, 1],
      [waves, 3],
    ] as const) {
      const [values, vectors] = await decompose(matrix);
      const [residual, skew] = defects(matrix, Float64Array.from(values.data), vectors);
      expect(values.data.filter((value) => Math.abs(value) > 1e-3)).toHaveLength(rank * k);
      expect(Math.max(...values.data.slice(0, (8 - rank) * k).map(Math.abs))).toBeLessThan(8 * k * 8 * EPSILON);
      expect(residual).toBeLessThanOrEqual(2 * 8 * k * EPSILON * 8);
      expect(skew).toBeLessThanOrEqual(2 * 8 * k * EPSILON);
    }
  });

  test('takes the symmetric part of a matrix', async () => {
    for (const n of [5, 120]) {
      const generator = new Generator(n);
      const any = matrixOf(n, () => generator.normal());
      const part = matrixOf(n, (i, j) => (any.data[i * n + j] + any.data[j * n + i]) / 2);
      const [ofAny, ofPart] = [await decompose(any), await decompose(part)];
      // The sum is rounded before it is halved or after: the same number.
      expect(ofAny).toEqual(ofPart);
    }
  });

  test('decomposes float32 matrices in float64, and any number of them', async () => {
    for (const n of [3, 102]) {
      const single = [1, 2, 3].map((seed) => cast(example('of both signs', n, seed).matrix, 'float32'));
      const stacked = ndarray(Float32Array.from(single.flatMap(({ data }) => [...data])), [3, n, n], 'float32');
      const [values, vectors] = await decompose(stacked);
      expect(values.dtype).toBe('float64');
      for (const [k, matrix] of single.entries()) {
        const [own, ownVectors] = await decompose(cast(matrix, 'float64'));
        expect(values.data.slice(k * n, (k + 1) * n)).toEqual(own.data);
        expect(vectors.data.slice(k * n * n, (k + 1) * n * n)).toEqual(ownVectors.data);
      }
    }
  });

  test('is scaled exactly with a power of two, to the ends of the range', async () => {
    for (const n of [4, 110]) {
      const { matrix } = example('of both signs', n, 3);
      const [values, vectors] = await decompose(matrix);
      for (const exponent of [-1010, -500, 500, 1000]) {
        const scaled = { ...matrix, data: matrix.data.map((x) => x * 2 ** exponent) };
        // Entries below 2⁻¹⁰²² lose digits.
        if (scaled.data.some((x) => x !== 0 && Math.abs(x) < 2 ** -1022)) continue;
        const [after, vectorsAfter] = await decompose(scaled);
        expect(after.data).toEqual(values.data.map((x) => x * 2 ** exponent));
        expect(vectorsAfter.data).toEqual(vectors.data);
      }
    }
  });

  test('one number is its own eigenvalue, zeros have +0', async () => {
    for (const x of [5, -5, 5e-324, 2 ** -1074 * 3, Number.MAX_VALUE]) {
      expect((await decompose(ndarray([x], [1, 1]))).map(({ data }) => [...data])).toEqual([[x], [1]]);
    }
    for (const n of [2, 101]) {
      const [values, vectors] = await decompose(matrixOf(n, () => -0));
      expect([...values.data]).toEqual(new Array(n).fill(0));
      expect(vectors).toEqual(matrixOf(n, (i, j) => (i === j ? 1 : 0)));
    }
  });

  test('a matrix with NaN or infinity has NaN for eigenvalues and eigenvectors', async () => {
    for (const n of [3, 101]) {
      for (const bad of [NaN, Infinity, -Infinity]) {
        const [values, vectors] = await decompose(matrixOf(n, (i, j) => (i === 2 && j === 1 ? bad : i + j)));
        expect(values.data.every(Number.isNaN)).toBe(true);
        expect(vectors.data.every(Number.isNaN)).toBe(true);
      }
    }
  });

  test('eigenvaluesOn refuses input without eigenvalues', async () => {
    const refuse = (matrix: NDArray, error: Error) => expect(eigenvaluesOn(backend, matrix)).rejects.toThrow(error);
    await refuse(
      ndarray([1, 2], [1, 2]),
      new ShapeError('symmetricEigen: expected a square matrix of at least one row, got shape [1, 2]'),
    );
    await refuse(
      ndarray([1, 2, NaN, 1], [2, 2]),
      new NumericalError('symmetricEigen: expected finite entries, got NaN in row 1, column 0'),
    );
    await refuse(
      ndarray([1, 2, 3, 1], [2, 2]),
      new NumericalError(
        'symmetricEigen: expected a symmetric matrix, got 3 in row 1, column 0 and 2 in row 0, column 1',
      ),
    );
    const most = Number.MAX_VALUE;
    await expect(eigenvaluesOn(backend, ndarray([most, most, most, most], [2, 2]))).rejects.toThrow(NumericalError);
    await refuse(
      { ...ndarray([1], [1, 1]), dtype: 'int8' } as unknown as NDArray,
      new InputError('symmetricEigen: dtype: expected "float32" or "float64", got "int8"'),
    );
  });
});

test('Jacobi on wasm is Jacobi in TypeScript, bit by bit', async () => {
  for (const kind of kinds) {
    for (const n of [1, 2, 7, 50, 100]) {
      const { matrix } = example(kind, n, n);
      const expected = symmetricEigen(matrix, { vectors: true });
      const expressions = [eigenvalues(constant(matrix)), eigenvectors(constant(matrix))];
      const [values, vectors] = await evaluate(expressions, new Map(), shared);
      expect(values.data).toEqual(expected.values);
      expect(vectors).toEqual(expected.vectors);
    }
  }
});

test('eigenvaluesOn works for more sizes than it caches, concurrently, and refuses a closed backend', async () => {
  const backend = wasmBackend({ threads: 1 });
  const matrices = [3, 4, 5, 6, 7, 8, 3, 9, 4, 3].map((n) => example('uniform', n, n).matrix);
  const expected = matrices.map((matrix) => symmetricEigen(matrix).values);
  expect(await Promise.all(matrices.map((matrix) => eigenvaluesOn(backend, matrix)))).toEqual(expected);
  for (const [i, matrix] of matrices.entries()) expect(await eigenvaluesOn(backend, matrix)).toEqual(expected[i]);
  await backend.close();
  await expect(eigenvaluesOn(backend, matrices[0])).rejects.toThrow('closed');
});
