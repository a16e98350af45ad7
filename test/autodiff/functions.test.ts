import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkGradients } from '../../src/autodiff/index.ts';
import {
  averagePool,
  batchNorm,
  batchNormWith,
  divide,
  globalAveragePool,
  linear,
  maxPool,
  mean,
  type NDArray,
  sqrt,
  subtract,
  type Tensor,
} from '../../src/tensor/index.ts';
import { anywhere, apart, draw, positive } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';
import { runs } from '../support/runs.ts';

// Functions made of several primitives: their gradient against central differences.

async function gradientsAreRight(f: (...x: Tensor[]) => Tensor, inputs: NDArray[]): Promise<void> {
  const report = await checkGradients(f, inputs);
  if (!(report.error < 1e-7)) throw new Error(report.toString());
  expect(report.entries.length).toBeGreaterThan(0);
}

const images = fc.record({ n: extent(2), c: extent(2), h: extent(5, 2), w: extent(5, 2), seed: seeds });

describe('the gradient of', () => {
  test('batch norm by the batch', () =>
    fc.assert(
      fc.asyncProperty(images, async ({ n, c, h, w, seed }) => {
        const x = draw(seed, [n, c, h, w]);
        await gradientsAreRight((...t) => batchNorm(t[0], t[1], t[2]), [x, draw(seed + 1, [c]), draw(seed + 2, [c])]);
      }),
      { numRuns: runs(100) },
    ));

  test('batch norm by given statistics', () =>
    fc.assert(
      fc.asyncProperty(images, async ({ n, c, h, w, seed }) => {
        const inputs = [1, 2, 3].map((k) => draw(seed + k, [c]));
        const f = (x: Tensor, variance: Tensor, average: Tensor, gamma: Tensor, beta: Tensor) =>
          batchNormWith({ mean: average, variance }, x, gamma, beta);
        const all = [draw(seed, [n, c, h, w]), draw(seed + 4, [c], positive), ...inputs];
        await gradientsAreRight((...t) => f(t[0], t[1], t[2], t[3], t[4]), all);
      }),
      { numRuns: runs(100) },
    ));

  test('maximum, average and global average pools', () =>
    fc.assert(
      fc.asyncProperty(
        images,
        extent(3),
        extent(2),
        fc.boolean(),
        async ({ n, c, h, w, seed }, kernel, stride, pad) => {
          const size = Math.min(kernel, h, w);
          const options = { stride, padding: pad ? Math.floor(size / 2) : 0 };
          const x = draw(seed, [n, c, h, w], apart);
          await gradientsAreRight((t) => maxPool(t, size, options), [x]);
          await gradientsAreRight((t) => averagePool(t, size, options), [x]);
          await gradientsAreRight((t) => globalAveragePool(t), [x]);
        },
      ),
      { numRuns: runs(100) },
    ));

  test('a linear layer, under leading dimensions too', () =>
    fc.assert(
      fc.asyncProperty(extent(3), extent(3), extent(3), extent(2), seeds, async (n, i, o, lead, seed) => {
        const inputs = [draw(seed, [lead, n, i]), draw(seed + 1, [lead, o, i]), draw(seed + 2, [lead, o])];
        await gradientsAreRight((...t) => linear(t[0], t[1], t[2]), inputs);
      }),
      { numRuns: runs(100) },
    ));

  test('quotients, roots, differences and means, shapes broadcast', () =>
    fc.assert(
      fc.asyncProperty(extent(3), extent(3), seeds, async (m, n, seed) => {
        const inputs = [draw(seed, [m, n], anywhere), draw(seed + 1, [n], positive)];
        await gradientsAreRight((a, b) => mean(subtract(divide(a, sqrt(b)), b), [0]), inputs);
      }),
      { numRuns: runs(100) },
    ));
});
