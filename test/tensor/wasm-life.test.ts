import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Worker } from 'node:worker_threads';
import { describe, expect, test, vi } from 'vitest';
import { computeNtk, kernelMatrix } from '../../src/ntk/index.ts';
import {
  allocateShared,
  type Backend,
  BackendError,
  constant,
  convolution,
  evaluate,
  exp,
  type FloatArray,
  input,
  InputError,
  matmul,
  type NDArray,
  ndarray,
  Program,
  relu,
  scale,
  sum,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { smallNetwork } from '../support/networks.ts';
import { rowsFrom } from '../support/rows.ts';

// The life cycle of a backend: its threads, its memory, and what remains when either fails.

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const single = (seed: number, shape: readonly number[]) => draw(seed, shape, undefined, 'float32');
const images = single(7, [6, 3, 8, 8]);

async function withBackend<T>(backend: Backend, use: (backend: Backend) => Promise<T>): Promise<T> {
  try {
    return await use(backend);
  } finally {
    await backend.close();
  }
}

/** The worker threads that start during a function. */
async function startedBy(action: () => Promise<unknown>): Promise<Worker[]> {
  const workers: Worker[] = [];
  const listen = (worker: Worker) => void workers.push(worker);
  process.on('worker', listen);
  try {
    await action();
  } finally {
    process.off('worker', listen);
  }
  return workers;
}

/** A program that takes long enough to stop a worker during it: many rows of products. */
async function longProgram(
  backend: Backend,
): Promise<{ program: Program; blocks: Map<ReturnType<typeof input>, NDArray>[] }> {
  const x = input('x', [256, 256], 'float32');
  const y = Array.from({ length: 20 }).reduce<ReturnType<typeof input>>((z) => matmul(relu(z), x), x);
  const program = await Program.compile([sum(y)], { backend, varying: [x] });
  await program.bind();
  return { program, blocks: Array.from({ length: 64 }, (_, i) => new Map([[x, single(i, [256, 256])]])) };
}

describe('threads', () => {
  const thetaOn = (threads: number) =>
    withBackend(wasmBackend({ threads }), async (backend) => {
      const network = smallNetwork('NAS-Bench-201 supernet', 3);
      const { kernel: theta, logits } = await computeNtk(network, images, { mode: 'train', backend, dtype: 'float32' });
      return { theta: [...theta.data], logits: [...logits.data] };
    });

  test('the same number of threads gives the same bits', async () => {
    expect(await thetaOn(2)).toEqual(await thetaOn(2));
  });

  test('more threads change only the order of roundings', async () => {
    const [one, three] = [await thetaOn(1), await thetaOn(3)];
    // A row of J may go through another tile: P ≈ 2000 products of numbers with a few 2⁻²⁴ each, against the diagonal.
    const scale = Math.max(...one.theta.map(Math.abs));
    one.theta.forEach((value, i) => expect(Math.abs(value - three.theta[i])).toBeLessThan(1e-5 * scale));
    expect(three.theta.every(Number.isFinite)).toBe(true);
  });

  test('do not change the kernel of given rows', async () => {
    const rows = single(3, [5, 3001]);
    const given = rowsFrom([rows]);
    const thetaOf = (threads: number) =>
      withBackend(wasmBackend({ threads }), async (backend) => [...(await kernelMatrix(given, { backend })).data]);
    const theta = await thetaOf(1);
    expect(await thetaOf(3)).toEqual(theta);
    // Sums of 3001 products of float32 numbers, which are exact in float64.
    const exact = [...(await kernelMatrix(given)).data];
    theta.forEach((value, i) => expect(Math.abs(value - exact[i])).toBeLessThan(3001 * 2 ** -52 * exact[0] * 2));
  });
});

describe.each([true, false])('results of blocks, shared memory: %s', (sharedMemory) => {
  test('are stored at their destination, on shared memory or not', async () => {
    await withBackend(wasmBackend({ threads: 2, sharedMemory }), async (backend) => {
      const x = input('x', [3], 'float32');
      const program = await Program.compile([relu(x), scale(x, 2), scale(x, 3)], { backend, varying: [x] });
      await program.bind();
      const blocks = Array.from({ length: 9 }, (_, k) => new Map([[x, ndarray([k, k, -k], [3], 'float32')]]));
      const shared = allocateShared('float32', 27);
      const own = new Float32Array(27);
      const rest: number[] = [];
      const place = (whole: FloatArray, block: number) => whole.subarray(3 * block, 3 * (block + 1));
      await program.runBlocks(
        blocks,
        (block, [a, b, c]) => {
          expect(a.data.buffer).toBe(shared.buffer);
          expect(b.data.buffer).toBe(own.buffer);
          rest[block] = c.data[0];
        },
        (block) => [place(shared, block), place(own, block)],
      );
      expect([...shared]).toEqual(blocks.flatMap((_, k) => [k, k, 0]));
      expect([...own]).toEqual(blocks.flatMap((_, k) => [2 * k, 2 * k, -2 * k]));
      expect(rest).toEqual(blocks.map((_, k) => 3 * k));
    });
  });
});

describe('a worker that dies', () => {
  test('rejects its requests with one clear error, and the backend starts again', async () => {
    await withBackend(wasmBackend({ threads: 2 }), async (backend) => {
      let running: Promise<void> | undefined;
      let program: Program | undefined;
      const workers = await startedBy(async () => {
        const long = await longProgram(backend);
        program = long.program;
        running = program.runBlocks(long.blocks, () => {});
      });
      expect(workers).toHaveLength(2);
      const failed = expect(running).rejects.toThrow(/backend wasm: worker \d died: it ended with code \d/);
      await workers[1].terminate();
      await failed;
      await expect(program!.bind()).rejects.toThrow(BackendError); // its memory is gone, as that of the others
      const [value] = await evaluate([exp(constant(ndarray([0, 0], [2], 'float32')))], new Map(), backend);
      expect([...value.data]).toEqual([1, 1]);
    });
  });
});

describe('a closed backend', () => {
  const closed = /^backend wasm: expected an open backend, got one that was closed$/;

  test('rejects pending runs, and starts no more workers', async () => {
    const backend = wasmBackend({ threads: 1 });
    const { program, blocks } = await longProgram(backend);
    const failed = expect(program.runBlocks(blocks, () => {})).rejects.toThrow(closed);
    const workers = await startedBy(async () => {
      await backend.close();
      await failed;
      await expect(evaluate([sum(constant(single(1, [3])))], new Map(), backend)).rejects.toThrow(closed);
      await expect(program.bind()).rejects.toThrow(closed);
      program.dispose();
      await backend.close();
    });
    expect(workers).toEqual([]);
  });

  test('leaves no worker when it is closed while the first ones start', async () => {
    const workers = await startedBy(async () => {
      const backend = wasmBackend({ threads: 2 });
      const failed = expect(evaluate([sum(constant(single(1, [3])))], new Map(), backend)).rejects.toThrow(closed);
      await backend.close();
      await failed;
    });
    // Those that had started have ended: a thread that has ended has the number −1.
    expect(workers.map(({ threadId }) => threadId)).toEqual(workers.map(() => -1));
  });
});

test('invalid options are refused', () => {
  const refused = (options: Record<string, unknown>, message: RegExp) => {
    expect(() => wasmBackend(options)).toThrow(InputError);
    expect(() => wasmBackend(options)).toThrow(message);
  };
  for (const threads of [0, 1.5, NaN, '2']) refused({ threads }, /threads ≥ 1, got/);
  for (const maximumBytes of [0, NaN, -1, '1']) refused({ maximumBytes }, /maximumBytes: expected a whole number ≥ 1/);
  refused({ workerUrl: '/worker.js' }, /workerUrl: expected none where there are no web workers, as in Node/);
  refused({ sharedMemory: 'false' }, /sharedMemory: expected true or false, got "false"/);
});

describe('memory', () => {
  const square = (size: number) => exp(constant(single(size, [size, size])));

  test('that may not grow gives one clear error, and smaller programs still run', async () => {
    await withBackend(wasmBackend({ threads: 1, maximumBytes: 8 * 2 ** 20 }), async (backend) => {
      await expect(evaluate([square(2000)], new Map(), backend)).rejects.toThrow(
        /backend wasm: memory cannot grow, its limit is reached: expected at most 8\.0 MiB, got \d+\.\d MiB needed/,
      );
      // The memory of the failed program is free again: this one needs more than half of the limit, twice.
      for (let i = 0; i < 2; i++) {
        const [value] = await evaluate([square(800)], new Map(), backend);
        expect(value.data).toHaveLength(640_000);
      }
    });
  });

  test('for 200 programs of changing shapes does not grow after the first 20', async () => {
    await withBackend(wasmBackend({ threads: 2 }), async (backend) => {
      const resident: number[] = [];
      for (let i = 0; i < 200; i++) {
        const [n, c, size] = [1 + (i % 4), 4 + (i % 7), 40 + (i % 20)];
        const x = constant(single(i, [n, c, size, size]));
        const w = constant(single(i + 1, [8, c, 3, 3]));
        await evaluate([convolution(x, w, { padding: 1 })], new Map(), backend);
        if (i < 20) {
          collectGarbage();
          resident.push(process.memoryUsage().rss);
        }
      }
      // A program's arrays are about 1 MiB: were they not freed, there would be 180 MiB more. Garbage of JavaScript's
      // own heap need not be returned to the system at once, least of all on a busy machine.
      const peak = Math.max(...resident);
      await vi.waitFor(
        () => {
          collectGarbage();
          expect(process.memoryUsage().rss - peak).toBeLessThan(60 * 2 ** 20);
        },
        { timeout: 20_000, interval: 200 },
      );
    });
  });
});
