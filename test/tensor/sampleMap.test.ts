import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  add,
  averagePool,
  batchNorm,
  broadcastTo,
  concatenate,
  constant,
  convolution,
  evaluate,
  globalAveragePool,
  input,
  isMapOfSamples,
  matmul,
  maxPool,
  mean,
  multiply,
  ndarray,
  ones,
  pad,
  referenceBackend,
  relu,
  reshape,
  type Shape,
  slice,
  subtract,
  sum,
  type Tensor,
  transpose,
} from '../../src/tensor/index.ts';
import { draw, relativeError, rowOf, stack } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';

const N = 3;

/** Whether a function of a batch is shown to be one of single samples. */
function isMap(f: (x: Tensor, w: Tensor) => Tensor, sample: Shape, weight: Shape = [2, 2]): boolean {
  const w = input('w', weight);
  const of = (n: number) => {
    const x = input('x', [n, ...sample]);
    return { x, y: f(x, w) };
  };
  return isMapOfSamples(of(N), of(1), new Map([[w, w]]));
}

const n = (x: Tensor) => x.shape[0];

/** Every sample instead of the one before. */
function shifted(x: Tensor): Tensor {
  if (n(x) === 1) return x;
  const rest = x.shape.slice(1).map(() => ({}));
  return concatenate([slice(x, [{ start: 1 }, ...rest]), slice(x, [{ stop: 1 }, ...rest])], 0);
}

describe('is a map over samples', () => {
  const cases: [string, (x: Tensor, w: Tensor) => Tensor, Shape, Shape?][] = [
    ['a perceptron', (x, w) => relu(matmul(x, w)), [4], [4, 2]],
    ['a convolution, pools and a flattening', (x, w) => {
      const y = maxPool(averagePool(relu(convolution(x, w, { padding: 1 })), 2), 2);
      return reshape(y, [n(x), y.shape[1] * y.shape[2] * y.shape[3]]);
    }, [2, 8, 8], [3, 2, 3, 3]],
    ['samples and tokens in one dimension, and apart again', (x, w) => {
      const y = relu(matmul(reshape(x, [n(x) * 5, 4]), w));
      return reshape(y, [n(x), 5, 2]);
    }, [5, 4], [4, 2]],
    ['a class token in front of all others', (x, w) =>
      concatenate([broadcastTo(reshape(w, [1, 1, 4]), [n(x), 1, 4]), x], 1), [5, 4], [4]],
    ['learned positions without a batch dimension', (x, w) => add(x, w), [5, 4], [5, 4]],
    ['heads in front of tokens', (x) => transpose(reshape(x, [n(x), 5, 2, 2]), [0, 2, 1, 3]), [5, 4]],
    ['samples moved after another dimension, and back', (x, w) =>
      transpose(matmul(transpose(x, [1, 0, 2]), w), [1, 0, 2]), [5, 4], [4, 2]],
    ['a channel attention', (x) =>
      multiply(x, reshape(globalAveragePool(x), [n(x), x.shape[1], 1, 1])), [3, 4, 4]],
    ['normalisation of groups of a sample', (x) => {
      const groups = reshape(x, [1, n(x) * 2, x.shape[1] / 2, 16]);
      return reshape(batchNorm(groups, ones([n(x) * 2]), ones([n(x) * 2])), x.shape);
    }, [4, 4, 4]],
    ['padding and slicing inside a sample', (x) => slice(pad(x, [{}, { before: 1 }]), [{}, { start: 0, stop: 3 }]), [4]],
  ]; // prettier-ignore
  test.each(cases)('%s', (_, f, sample, weight) => expect(isMap(f, sample, weight)).toBe(true));
});

describe('is not a map over samples', () => {
  const cases: [string, (x: Tensor, w: Tensor) => Tensor, Shape, Shape?][] = [
    ['batch norm by the batch', (x, w) => batchNorm(x, w, w), [2, 4, 4], [2]],
    ['the difference from the mean of the batch', (x) => subtract(x, broadcastTo(mean(x, [0], { keepDimensions: true }), x.shape)), [4]],
    ['a product with all samples', (x) => matmul(matmul(x, x, { transposeB: true }), x), [4]],
    ['the sample before', shifted, [4]],
    ['a different number for each sample', (x) => multiply(x, constant(ndarray(Array.from({ length: n(x) }, (_, i) => i), [n(x), 1]))), [4]],
    ['a view that mixes samples', (x) => reshape(transpose(x), [n(x), 4]), [4]],
    ['another way for a single sample', (x) => (n(x) === 1 ? relu(x) : x), [4]],
    ['the number of samples as a factor', (x) => multiply(x, ndarrayOf(n(x))), [4]],
    ['the total over samples in every row', (x) => broadcastTo(sum(x, [0], { keepDimensions: true }), x.shape), [4]],
    ['a kernel size that follows the batch', (x) => matmul(reshape(x, [1, n(x) * 4]), ones([n(x) * 4, 4])), [4]],
  ]; // prettier-ignore
  const ndarrayOf = (value: number) => constant(ndarray([value], [1]));
  test.each(cases)('%s', (_, f, sample, weight) => expect(isMap(f, sample, weight)).toBe(false));

  test('a leaf that is not the batch', () => {
    const of = (count: number, w: Tensor) => {
      const x = input('x', [count, 2]);
      return { x, y: add(x, w) };
    };
    const [a, b] = [input('a', [2]), input('b', [2])];
    expect(isMapOfSamples(of(3, a), of(1, a), new Map([[a, a]]))).toBe(true);
    expect(isMapOfSamples(of(3, a), of(1, b), new Map([[a, a]]))).toBe(false);
    expect(isMapOfSamples(of(3, a), of(1, a), new Map())).toBe(false);
  });
});

/** Steps from an array [n, 4, 4] to one of the same shape; some keep samples apart, some do not. */
const STEPS: readonly ((x: Tensor) => Tensor)[] = [
  relu,
  (x) => matmul(x, constant(draw(1, [4, 4]))),
  (x) => transpose(x, [0, 2, 1]),
  (x) => reshape(reshape(x, [n(x) * 4, 4]), x.shape),
  (x) => reshape(transpose(reshape(x, [n(x), 16]), [1, 0]), [16 * n(x)]),
  (x) => reshape(x, [n(x), 4, 4]),
  (x) => add(x, broadcastTo(constant(draw(2, [1, 4, 4])), x.shape)),
  (x) => add(x, mean(x, [1], { keepDimensions: true })),
  (x) => add(x, mean(x, [0], { keepDimensions: true })),
  (x) => multiply(x, constant(draw(3, [4]))),
  (x) => concatenate([slice(x, [{}, { start: 2 }, {}]), slice(x, [{}, { stop: 2 }, {}])], 1),
  shifted,
  (x) => transpose(transpose(x, [1, 0, 2]), [1, 0, 2]),
  (x) => matmul(x, x, { transposeB: true }),
];

test('a graph recognised as a map over samples is one numerically', async () => {
  let shown = 0;
  let refused = 0;
  const program = fc.array(fc.nat(STEPS.length - 1), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(program, seeds, extent(3, 2), async (steps, seed, count) => {
      const of = (samples: number) => {
        const x = input('x', [samples, 4, 4]);
        return { x, y: steps.reduce((y, s) => reshape(STEPS[s](y), [samples, 4, 4]), x) };
      };
      const [batch, single] = [of(count), of(1)];
      if (!isMapOfSamples(batch, single, new Map())) {
        refused += 1;
        return;
      }
      shown += 1;
      const x = draw(seed, [count, 4, 4]);
      const [whole] = await evaluate([batch.y], new Map([[batch.x, x]]), referenceBackend);
      const rows = [];
      for (let i = 0; i < count; i++) {
        const one = rowOf(x, i);
        const feeds = new Map([[single.x, { ...one, shape: [1, 4, 4] }]]);
        const [y] = await evaluate([single.y], feeds, referenceBackend);
        rows.push({ ...y, shape: [4, 4] });
      }
      // The same sums, in the same order.
      expect(relativeError(whole, stack(rows))).toBeLessThan(1e-14);
    }),
    { numRuns: 400 },
  );
  expect(shown).toBeGreaterThan(60);
  expect(refused).toBeGreaterThan(60);
});
