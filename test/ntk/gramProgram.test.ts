import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { GramProgram, kernelMatrix } from '../../src/ntk/index.ts';
import {
  type Backend,
  constant,
  type DType,
  evaluate,
  type Executable,
  gram,
  InputError,
  type NDArray,
  referenceBackend,
  ShapeError,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';
import { rowsFrom } from '../support/rows.ts';
import { runs } from '../support/runs.ts';

const shared = wasmBackend({ threads: 2 });
const separate = wasmBackend({ threads: 1, sharedMemory: false });
const backends: [string, Backend][] = [
  ['reference', referenceBackend],
  ['wasm, shared memory, 2 threads', shared],
  ['wasm, separate memories, 1 thread', separate],
];
afterAll(() => Promise.all([shared.close(), separate.close()]));

const dtypes = fc.constantFrom<DType>('float32', 'float64');
const rowsOf = (seed: number, n: number, p: number, dtype: DType) => draw(seed, [n, p], undefined, dtype);

/**
 * Every inner product, summed in order. Two orders of summation of P products in float64 differ by at most 2·P·2⁻⁵³ of
 * the sum of their magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, §4.2).
 */
function expectProducts(got: NDArray, a: readonly NDArray[], b: readonly NDArray[]): void {
  const [n, m] = [a[0].shape[0], b[0].shape[0]];
  expect(got.shape).toEqual([n, m]);
  expect(got.dtype).toBe('float64');
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < m; j++) {
      let [sum, size, count] = [0, 0, 0];
      a.forEach(({ data, shape: [, p] }, k) => {
        const other = b[k].data;
        for (let l = 0; l < p; l++) {
          const product = data[i * p + l] * other[j * p + l];
          sum += product;
          size += Math.abs(product);
        }
        count += p;
      });
      if (!(Math.abs(got.data[i * m + j] - sum) <= 2 * count * 2 ** -53 * size)) {
        throw new Error(`row ${i}, column ${j}: expected ${sum}, got ${got.data[i * m + j]}`);
      }
    }
  }
}

describe.each(backends)('%s', (_, backend) => {
  test('gram has the inner products, for more rows and columns than its blocks', async () => {
    const check = async (n: number, m: number, p: number, seed: number, dtype: DType) => {
      const a = rowsOf(seed, n, p, dtype);
      const b = rowsOf(seed + 1, m, p, dtype);
      const [own, other] = await evaluate([gram(constant(a)), gram(constant(a), constant(b))], new Map(), backend);
      expectProducts(own, [a], [a]);
      expectProducts(other, [a], [b]);
      for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) expect(own.data[i * n + j]).toBe(own.data[j * n + i]);
    };
    await fc.assert(fc.asyncProperty(extent(30), extent(30), extent(600), seeds, dtypes, check), { numRuns: runs(40) });
    // Beyond 160 rows, 40 strips of 4, and beyond 256 columns.
    for (const dtype of ['float32', 'float64'] as const) await check(171, 166, 259, 3, dtype);
  });

  test('a Gram program has the inner products of arrays side by side', async () => {
    await fc.assert(
      fc.asyncProperty(
        extent(6),
        extent(6),
        fc.array(extent(40), { minLength: 1, maxLength: 5 }),
        seeds,
        dtypes,
        async (n, m, widths, seed, dtype) => {
          const a = widths.map((p, k) => rowsOf(seed + k, n, p, dtype));
          const b = widths.map((p, k) => rowsOf(seed + 100 + k, m, p, dtype));
          const columns = widths.reduce((sum, p) => sum + p, 0);
          const square = await GramProgram.compile({ rows: n, columns, dtype, backend });
          const rectangle = await GramProgram.compile({ rows: n, rows2: m, columns, dtype, backend });
          // Twice: a second run works in the memory of the first.
          for (let run = 0; run < 2; run++) {
            expectProducts(await square.run(a), a, a);
            expectProducts(await rectangle.run(a, b), a, b);
          }
          square.dispose();
          rectangle.dispose();
        },
      ),
      { numRuns: 20 },
    );
  });

  test('many columns go in 24 blocks', async () => {
    const widths = [70_000, 1, 60_000, 77];
    const a = widths.map((p, k) => rowsOf(k, 3, p, 'float32'));
    const b = widths.map((p, k) => rowsOf(10 + k, 2, p, 'float32'));
    const columns = 130_078;
    const rectangle = await GramProgram.compile({ rows: 3, rows2: 2, columns, dtype: 'float32', backend });
    expectProducts(await rectangle.run(a, b), a, b);
    rectangle.dispose();
    expectProducts(await kernelMatrix(rowsFrom(a), { backend }), a, a);
  });
});

test('the number of threads does not change a bit', async () => {
  const arrays = [50_000, 33_333, 100_001].map((p, k) => rowsOf(k, 5, p, 'float32'));
  const results: NDArray[] = [];
  for (const threads of [1, 2, 3]) {
    const backend = wasmBackend({ threads });
    results.push(await kernelMatrix(rowsFrom(arrays), { backend }));
    await backend.close();
  }
  expect(results[1].data).toEqual(results[0].data);
  expect(results[2].data).toEqual(results[0].data);
});

test('blocks in any order, in reused memory, give the same bits', async () => {
  /** Computes the blocks in reverse order, with one array for all results. */
  const contrary: Backend = {
    ...referenceBackend,
    async compile(plan) {
      const inner = await referenceBackend.compile(plan);
      const executable: Executable = {
        bind: (fixed) => inner.bind(fixed),
        carried: () => inner.carried(),
        run: (varying) => inner.run(varying),
        dispose: () => inner.dispose(),
        async runBlocks(blocks, consume, placesOf) {
          const all = [...blocks];
          for (let block = all.length - 1; block >= 0; block--) {
            placesOf?.(block);
            const [result] = await inner.run(all[block]);
            consume(block, [result]);
            result.data.fill(NaN);
          }
        },
      };
      return executable;
    },
  };
  const arrays = [40, 33].map((p, k) => rowsOf(k, 4, p, 'float64'));
  const [got, expected] = [contrary, referenceBackend].map((backend) => kernelMatrix(rowsFrom(arrays), { backend }));
  expect(await got).toEqual(await expected);
});

describe('refused are', () => {
  const compile = (options: object) => GramProgram.compile({ rows: 2, columns: 3, ...options });

  test('invalid sizes', async () => {
    await expect(compile({ rows: 0 })).rejects.toThrow(
      new InputError('gram: rows: expected a whole number ≥ 1, got 0'),
    );
    await expect(compile({ rows2: 1.5 })).rejects.toThrow(
      new InputError('gram: rows2: expected a whole number ≥ 1, got 1.5'),
    );
    await expect(compile({ columns: NaN })).rejects.toThrow(
      new InputError('gram: columns: expected a whole number ≥ 1, got NaN'),
    );
  });

  test('arrays that do not fit', async () => {
    const square = await compile({});
    const rectangle = await compile({ rows2: 4 });
    const rows = (n: number, p: number, dtype: DType = 'float64') => rowsOf(1, n, p, dtype);
    const refuse = (attempt: Promise<unknown>, message: string) =>
      expect(attempt).rejects.toThrow(new ShapeError(message));
    await refuse(square.run([rows(2, 2)]), 'gram: expected 3 columns, got 2');
    await refuse(square.run([]), 'gram: expected 3 columns, got 0');
    await refuse(square.run([rows(3, 3)]), 'gram: expected float64[2, …], got float64[3, 3]');
    await refuse(square.run([rows(2, 3, 'float32')]), 'gram: expected float64[2, …], got float32[2, 3]');
    await refuse(square.run([rows(2, 3)], [rows(2, 3)]), 'gram: expected 1 factors, got 2');
    await refuse(rectangle.run([rows(2, 3)]), 'gram: expected 2 factors, got 1');
    await refuse(rectangle.run([rows(2, 3)], [rows(2, 3)]), 'gram: expected float64[4, …], got float64[2, 3]');
  });

  test('a kernel matrix of no parameters', async () => {
    await expect(kernelMatrix(rowsFrom([]))).rejects.toThrow(
      new InputError('kernelMatrix: expected the rows of at least one parameter, got none'),
    );
  });
});
