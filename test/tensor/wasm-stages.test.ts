import type { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cellNetwork, initialize, parseGenotype, TE_NAS_SCHEMES } from '../../src/nn/index.ts';
import { vjp } from '../../src/autodiff/index.ts';
import { JacobianProgram, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import { lowerPlan } from '../../src/tensor/backends/wasm/program.ts';
import {
  add,
  averagePool,
  BackendError,
  channelAffine,
  concatenate,
  constant,
  convolution,
  DTYPES,
  evaluate,
  exp,
  Generator,
  input,
  inverseDeviation,
  matmul,
  maxPool,
  planEvaluation,
  Program,
  relu,
  standardize,
  sum,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';

// What depends on fixed inputs alone is computed by all threads in step: each operation is divided among them by samples,
// channels, planes or cache lines. No sum is cut in two, so that the number of threads leaves every bit as it is.

const single = (seed: number, shape: readonly number[]) => constant(draw(seed, shape, undefined, 'float32'));

/** An array of x's precision. */
const like = (x: Tensor, seed: number, shape: readonly number[]) => constant(draw(seed, shape, undefined, x.dtype));

/** Operations of large arrays [n, c, h, w], of extents that no number of threads divides. */
const operations: Readonly<Record<string, (x: Tensor, seed: number) => Tensor>> = {
  'a 3×3 convolution': (x, seed) => convolution(x, like(x, seed, [5, x.shape[1], 3, 3]), { padding: 1 }),
  'a convolution with stride and dilation': (x, seed) =>
    convolution(x, like(x, seed, [32, x.shape[1], 3, 3]), { padding: 2, stride: 2, dilation: 2 }),
  'a 1×1 convolution': (x, seed) => convolution(x, like(x, seed, [9, x.shape[1], 1, 1])),
  'a depthwise convolution': (x, seed) =>
    convolution(x, like(x, seed, [x.shape[1], 1, 3, 3]), { padding: 1, groups: x.shape[1] }),
  'batch norm': (x) => standardize(x, 1e-5),
  'the deviations of batch norm': (x) => inverseDeviation(x, 1e-5),
  'an affine map of channels': (x, seed) =>
    channelAffine(x, like(x, seed, [x.shape[1]]), like(x, seed + 1, [x.shape[1]])),
  'a ReLU': (x) => relu(x),
  'an exponential': (x) => exp(x),
  'a sum': (x) => add(x, relu(x), exp(x)),
  'a sum with a row': (x, seed) => add(x, like(x, seed, [x.shape[3]])),
  'an average pool': (x) => averagePool(x, 3, { stride: 1, padding: 1 }),
  'an average pool with a stride': (x) => averagePool(x, 2, { stride: 2 }),
  'a max pool': (x) => maxPool(x, 3, { stride: 1, padding: 1 }),
  'the gradient of what several convolutions read': (x, seed) => {
    const read = relu(x);
    const [c] = x.shape.slice(1);
    const outputs = [
      convolution(read, like(x, seed, [5, c, 3, 3]), { padding: 1 }),
      convolution(read, like(x, seed + 1, [7, c, 1, 1])),
      convolution(read, like(x, seed + 2, [12, c, 3, 3]), { padding: 1 }),
      convolution(x, like(x, seed + 3, [4, c, 3, 3]), { padding: 1, stride: 2 }),
    ];
    const cotangents = outputs.map(({ shape }, i) => like(x, seed + 10 + i, shape));
    return vjp(outputs, [x], cotangents)[0];
  },
  'a weight gradient': (x, seed) => weightGradient(x, like(x, seed, [13, x.shape[1], 3, 3]), seed, {}),
  'a weight gradient of many kernels': (x, seed) =>
    weightGradient(x, like(x, seed, [17, x.shape[1], 3, 3]), seed, { padding: 1 }),
  'a weight gradient with a stride': (x, seed) =>
    weightGradient(x, like(x, seed, [10, x.shape[1], 3, 3]), seed, { padding: 1, stride: 2 }),
  'the gradient of batch norm': (x, seed) => vjp([standardize(x, 1e-5)], [x], [like(x, seed, x.shape)])[0],
};

function weightGradient(x: Tensor, weight: Tensor, seed: number, options: Parameters<typeof convolution>[2]): Tensor {
  const w = add(weight, sum(x)); // a weight that is computed, so that it is not a constant
  const y = convolution(x, w, options);
  return vjp([y], [w], [like(x, seed + 1, y.shape)])[0];
}

/** Operations that one thread computes while the others wait, before and after one that is divided. */
const undivided: typeof operations = {
  'a sum over pixels': (x) => relu(sum(relu(x), [-1, -2])),
  'a sum over samples': (x) => relu(sum(exp(x), [0])),
  'a product of matrices': (x) => relu(matmul(relu(x), exp(x), { transposeB: true })),
  'a concatenation': (x) => relu(concatenate([relu(x), exp(x)], 1)),
};

const shapes = fc.tuple(fc.integer({ min: 7, max: 9 }), fc.integer({ min: 5, max: 9 }), extent(12, 1), extent(12, 1));

describe('an operation divided among threads', () => {
  const all = { ...operations, ...undivided };
  const names = DTYPES.flatMap((dtype) => Object.keys(all).map((name) => [name, dtype] as const));
  test.each(names)('%s in %s: the bits of one thread', async (name, dtype) => {
    const one = wasmBackend({ threads: 1 });
    const three = wasmBackend({ threads: 3 });
    try {
      await fc.assert(
        fc.asyncProperty(shapes, seeds, async ([n, c, h, w], seed) => {
          const x = input('x', [n, c, 100 + h, 100 + w], dtype);
          const y = all[name](x, seed);
          const parts = lowerPlan(planEvaluation([y]).plan, 3).fixedCalls;
          const working = parts.map((calls) => calls.filter(({ kernel }) => kernel !== 'barrier').length);
          expect(Math.min(...working)).toBeGreaterThan(0);
          const feeds = new Map([[x, draw(seed, x.shape, undefined, dtype)]]);
          const [expected] = await evaluate([y], feeds, one);
          const [got] = await evaluate([y], feeds, three);
          expect(Buffer.from(got.data.buffer).equals(Buffer.from(expected.data.buffer))).toBe(true);
        }),
        { numRuns: dtype === 'float32' ? 3 : 1 },
      );
    } finally {
      await one.close();
      await three.close();
    }
  });

  test('small ones run on one thread, and nothing waits', () => {
    const { plan } = planEvaluation([relu(input('x', [2, 3], 'float32'))]);
    expect(lowerPlan(plan, 3).fixedCalls.map((calls) => calls.length)).toEqual([1, 0, 0]);
  });
});

describe('threads in step', () => {
  test.each(DTYPES)('give a whole network the logits and the rows of one thread, in %s', async (dtype) => {
    const genotype = '|nor_conv_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|skip_connect~0|none~1|nor_conv_3x3~2|';
    const options = { channels: 16, cells: 1, classes: 10, depth: -1, useStem: true };
    const network = cellNetwork(parseGenotype(genotype), options);
    initialize(network, TE_NAS_SCHEMES.paper, new Generator(0));
    const batch = draw(2, [6, 3, 32, 32], undefined, 'float32');
    const results: string[][] = [];
    for (const threads of [1, 2, 3]) {
      const backend = wasmBackend({ threads });
      const fixed = { ...TE_NAS_KERNEL, backend, dtype, blockRows: 2 };
      const program = await JacobianProgram.compile(network, batch.shape, fixed);
      const { logits, parameters } = await program.run(batch);
      const arrays = [logits, ...parameters.map(({ rows }) => rows)];
      results.push(arrays.map(({ data }) => Buffer.from(data.slice().buffer).toString('base64')));
      await backend.close();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
  });

  const chain = (x: Tensor, length: number) =>
    Array.from({ length }).reduce<Tensor>(
      (y, _, i) => relu(convolution(y, single(i, [4, 4, 3, 3]), { padding: 1 })),
      x,
    );
  const images = draw(1, [5, 4, 40, 40], undefined, 'float32');

  test('give the same results at any time, and when several programs are bound at once', async () => {
    const backend = wasmBackend({ threads: 4 });
    const x = input('x', images.shape, 'float32');
    const programs = await Promise.all([3, 4, 5].map((n) => Program.compile([chain(x, n)], { backend })));
    const all = async () => {
      await Promise.all(programs.map((program) => program.bind(new Map([[x, images]]))));
      const results = await Promise.all(programs.map((program) => program.run()));
      return results.map(([{ data }]) => Buffer.from(data.buffer).toString('base64'));
    };
    const first = await all();
    for (let i = 0; i < 20; i++) expect(await all()).toEqual(first);
    await backend.close();
  });

  test('all end when one of them dies while the others wait', async () => {
    const workers: Worker[] = [];
    const listen = (worker: Worker) => void workers.push(worker);
    process.on('worker', listen);
    const backend = wasmBackend({ threads: 3 });
    const x = input('x', [32, 4, 64, 64], 'float32');
    const program = await Program.compile([chain(x, 60)], { backend });
    process.off('worker', listen);
    const bound = program.bind(new Map([[x, draw(1, x.shape, undefined, 'float32')]]));
    const failed = expect(bound).rejects.toThrow(BackendError);
    await workers[1].terminate();
    await failed;
    const [again] = await evaluate([relu(single(1, [3]))], new Map(), backend);
    expect(again.shape).toEqual([3]);
    await backend.close();
  });
});
