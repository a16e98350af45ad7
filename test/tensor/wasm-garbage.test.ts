import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { vjp } from '../../src/autodiff/index.ts';
import {
  averagePool,
  convolution,
  type DType,
  evaluate,
  exp,
  input,
  matmul,
  maxPool,
  Program,
  referenceBackend,
  relu,
  type Shape,
  standardize,
  sum,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { seeds } from '../../src/testing/arbitraries/shapes.ts';
import { runs } from '../support/runs.ts';

// Kernels read whole vectors, and so beyond the end of an array: no result may depend on that memory, even if it is
// NaN.

const backend = wasmBackend({ threads: 1 });
afterAll(() => backend.close());

/** Leaves NaN in the memory of later programs. */
async function soil(): Promise<void> {
  const x = input('x', [2 ** 18], 'float32');
  const program = await Program.compile([exp(x), relu(exp(exp(x)))], { backend });
  await program.bind(new Map([[x, { shape: x.shape, dtype: 'float32', data: new Float32Array(2 ** 18).fill(NaN) }]]));
  await program.run();
  program.dispose();
}

type Operation = (x: Tensor, other: (shape: Shape) => Tensor) => readonly Tensor[];

const gradients = (y: Tensor, inputs: readonly Tensor[], other: (shape: Shape) => Tensor) =>
  vjp([y], inputs, [other(y.shape)]);

function convolved(kernel: number, channels: number, options: Parameters<typeof convolution>[2]): Operation {
  return (x, other) => {
    const weight = other([channels, x.shape[1] / (options?.groups ?? 1), kernel, kernel]);
    const y = convolution(x, weight, options);
    return [y, ...gradients(y, [x, weight], other)];
  };
}

const operations: Readonly<Record<string, Operation>> = {
  'a 1×1 convolution': convolved(1, 5, {}),
  'a 1×1 convolution with a stride': convolved(1, 3, { stride: 2 }),
  'a 3×3 convolution': convolved(3, 3, { padding: 1 }),
  'a 3×3 convolution of many channels': convolved(3, 18, { padding: 1 }),
  'a 3×3 convolution with a stride': convolved(3, 4, { padding: 1, stride: 2 }),
  'a 5×5 convolution with dilation': convolved(5, 3, { padding: 4, dilation: 2 }),
  'batch norm': (x, other) => [standardize(x, 1e-5), ...gradients(standardize(x, 1e-5), [x], other)],
  'an average pool': (x, other) => {
    const y = averagePool(x, 3, { stride: 1, padding: 1 });
    return [y, ...gradients(y, [x], other)];
  },
  'a maximum pool': (x, other) => {
    const y = maxPool(x, 3, { stride: 2, padding: 1 });
    return [y, ...gradients(y, [x], other)];
  },
  'a product of matrices': (x, other) => [matmul(x, other([x.shape[3], 5])), matmul(x, x, { transposeB: true })],
  sums: (x) => [sum(x), sum(x, [-1]), sum(x, [0, 1])],
};

const shapes = fc.tuple(
  fc.integer({ min: 1, max: 3 }),
  fc.integer({ min: 1, max: 5 }),
  fc.integer({ min: 3, max: 11 }),
  fc.integer({ min: 3, max: 11 }),
);

describe.each<[DType, number]>([
  ['float32', 2 ** -24],
  ['float64', 2 ** -53],
])('in memory full of NaN, in %s', (dtype, unit) => {
  test.each(Object.keys(operations))('%s does not change', async (name) => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, async (shape, seed) => {
        const feeds = new Map<Tensor, ReturnType<typeof draw>>();
        const other = (of: Shape) => {
          const tensor = input(`x${feeds.size}`, of, dtype);
          feeds.set(tensor, draw(seed + feeds.size, of, undefined, dtype));
          return tensor;
        };
        const outputs = operations[name](other(shape), other);
        await soil();
        const got = await evaluate(outputs, feeds, backend);
        const expected = await evaluate(outputs, feeds, referenceBackend);
        got.forEach(({ data }, i) => {
          const size = Math.max(...[...expected[i].data].map(Math.abs));
          // Sums of at most a thousand terms, and batch norm of a few that are nearly equal: the question is NaN.
          data.forEach((value, k) => {
            expect(Math.abs(value - expected[i].data[k])).toBeLessThanOrEqual(1e4 * unit * Math.max(1, size));
          });
        });
      }),
      { numRuns: runs(40) },
    );
  });
});
