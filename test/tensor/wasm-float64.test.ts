import { afterAll, describe, expect, test } from 'vitest';
import { computeNtk } from '../../src/ntk/index.ts';
import {
  apply,
  cast,
  constant,
  convolution,
  DTYPES,
  type DType,
  evaluate,
  input,
  matmul,
  type NDArray,
  Program,
  referenceBackend,
  sum,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw, relativeError } from '../../src/testing/arrays.ts';
import { smallNetwork } from '../support/networks.ts';

// One wasm backend computes in both precisions: the kernels for float64 are a module of its own, loaded when a program
// first calls some, on the memory of the others.

const array = (seed: number, shape: readonly number[], dtype: DType) => draw(seed, shape, undefined, dtype);
const image = (dtype: DType) => constant(array(1, [2, 3, 9, 9], dtype));
const weight = (dtype: DType) => constant(array(2, [4, 3, 3, 3], dtype));
const convolved = (dtype: DType) => convolution(image(dtype), weight(dtype), { padding: 1 });

describe.each([true, false])('in both precisions, shared memory: %s', (sharedMemory) => {
  const backend = wasmBackend({ threads: 2, sharedMemory });
  afterAll(() => backend.close());

  const valueOf = async (tensor: Tensor) => (await evaluate([tensor], new Map(), backend))[0];
  const exactOf = async (tensor: Tensor) => (await evaluate([tensor], new Map(), referenceBackend))[0];

  test('programs that are compiled side by side, the first of float64 among them', async () => {
    const both = [...DTYPES, ...DTYPES].map(convolved);
    const results = await Promise.all(both.map(valueOf));
    for (const [i, { dtype }] of both.entries()) {
      expect(results[i].dtype).toBe(dtype);
      const error = relativeError(results[i], await exactOf(both[i]));
      expect(error).toBeLessThan(dtype === 'float64' ? 1e-15 : 1e-6);
    }
  });

  test('one program with steps of both', async () => {
    const toWide = apply('cast', [convolved('float32')], { dtype: 'float64' });
    const product = convolution(toWide, constant(array(3, [2, 4, 3, 3], 'float64')));
    const back = apply('cast', [product], { dtype: 'float32' });
    const y = convolution(back, constant(array(4, [3, 2, 1, 1], 'float32')));
    expect((await valueOf(toWide)).dtype).toBe('float64');
    expect(relativeError(await valueOf(y), await exactOf(y))).toBeLessThan(1e-6);
  });

  test('blocks of float64 rows, reproducible bit for bit', async () => {
    const x = input('x', [5, 7]);
    const y = sum(matmul(x, constant(array(5, [7, 6], 'float64'))), [0]);
    const blocks = Array.from({ length: 7 }, (_, i) => new Map([[x, array(10 + i, [5, 7], 'float64')]]));
    const runs: NDArray[][] = [];
    for (let run = 0; run < 2; run++) {
      const program = await Program.compile([y], { backend, varying: [x] });
      await program.bind();
      const seen: NDArray[] = [];
      await program.runBlocks(blocks, (block, [value]) => {
        seen[block] = { ...value, data: value.data.slice() };
      });
      program.dispose();
      runs.push(seen);
    }
    expect(runs[1]).toEqual(runs[0]);
    for (const [i, block] of blocks.entries()) {
      const [exact] = await evaluate([y], block, referenceBackend);
      expect(relativeError(runs[0][i], exact)).toBeLessThan(1e-14);
    }
  });
});

test('float64 is the default of a backend made for it, and available on any', async () => {
  const network = smallNetwork('NAS-Bench-201 supernet', 3);
  const images = draw(1, [3, 3, 8, 8]);
  const exact = await computeNtk(network, images, { backend: referenceBackend });
  const [wide, plain] = [wasmBackend({ dtype: 'float64', threads: 2 }), wasmBackend({ threads: 2 })];
  try {
    expect([wide.dtypes, plain.dtypes]).toEqual([
      ['float64', 'float32'],
      ['float32', 'float64'],
    ]);
    const own = await computeNtk(network, images, { backend: wide });
    const asked = await computeNtk(network, images, { backend: plain, dtype: 'float64' });
    const narrow = await computeNtk(network, images, { backend: wide, dtype: 'float32' });
    expect([own.dtype, asked.dtype, narrow.dtype]).toEqual(['float64', 'float64', 'float32']);
    expect(asked.kernel.data).toEqual(own.kernel.data);
    expect(relativeError(own.kernel, exact.kernel)).toBeLessThan(1e-12);
    expect(relativeError(narrow.kernel, exact.kernel)).toBeGreaterThan(1e-10);
  } finally {
    await wide.close();
    await plain.close();
  }
});

test('a closed backend and a new one each load their kernels', async () => {
  for (let time = 0; time < 2; time++) {
    const backend = wasmBackend({ threads: 1 });
    const [got] = await evaluate([convolved('float64')], new Map(), backend);
    expect(cast(got, 'float64')).toBe(got);
    await backend.close();
    await expect(evaluate([convolved('float64')], new Map(), backend)).rejects.toThrow('closed');
  }
});
