import { describe, expect, test } from 'vitest';
import { checkGradients } from '../../src/autodiff/index.ts';
import { crossEntropy, mseLoss } from '../../src/nn/index.ts';
import { constant, evaluate, ndarray, type NDArray, ShapeError } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

const [n, k] = [5, 3];
const outputs = draw(1, [n, k]);
const targets = draw(2, [n, k]);
const probabilities = (() => {
  const raw = draw(3, [n, k]).data.map(Math.exp);
  const sum = (i: number) => [...raw.slice(i * k, (i + 1) * k)].reduce((a, b) => a + b, 0);
  return ndarray(
    raw.map((p, e) => p / sum(Math.floor(e / k))),
    [n, k],
  );
})();

async function value(loss: typeof mseLoss, target: NDArray, options?: { reduction: 'mean' | 'sum' }): Promise<number> {
  const [{ data, shape }] = await evaluate([loss(constant(outputs), constant(target), options)]);
  expect(shape).toEqual([]);
  return data[0];
}

const squares = [...outputs.data].reduce((sum, f, i) => sum + (f - targets.data[i]) ** 2, 0);
const entropy = [...outputs.data].reduce((sum, f, e) => {
  const row = [...outputs.data.slice(Math.floor(e / k) * k, Math.floor(e / k) * k + k)];
  return sum - probabilities.data[e] * (f - Math.log(row.reduce((total, z) => total + Math.exp(z), 0)));
}, 0);

describe.each([
  { name: 'mseLoss', loss: mseLoss, target: targets, sum: squares, divisor: n * k },
  { name: 'crossEntropy', loss: crossEntropy, target: probabilities, sum: entropy, divisor: n },
] as const)('$name', ({ loss, target, sum, divisor }) => {
  test('agrees with PyTorch', async () => {
    expect(await value(loss, target)).toBeCloseTo(sum / divisor, 13);
    expect(await value(loss, target, { reduction: 'mean' })).toBeCloseTo(sum / divisor, 13);
    expect(await value(loss, target, { reduction: 'sum' })).toBeCloseTo(sum, 13);
  });

  test.each(['mean', 'sum'] as const)(
    'has the gradient of central differences in both arguments, %s',
    async (reduction) => {
      const report = await checkGradients((f, y) => loss(f, y, { reduction }), [outputs, target]);
      if (!(report.error < 1e-8)) throw new Error(report.toString());
    },
  );

  test('refuses targets of a different shape, and unknown reductions', () => {
    expect(() => loss(constant(outputs), constant(draw(1, [n])))).toThrow(
      new ShapeError(`${loss.name}: expected a target of shape [5, 3], got [5]`),
    );
    expect(() => loss(constant(outputs), constant(target), { reduction: 'none' as never })).toThrow(
      `${loss.name}: reduction: expected "mean" or "sum", got "none"`,
    );
  });
});

test('crossEntropy of large logits is precise, and its input must be a batch', async () => {
  const logits = constant(ndarray([1000, 0, -1000, 0], [2, 2]));
  const [loss] = await evaluate([crossEntropy(logits, constant(ndarray([0, 1, 1, 0], [2, 2])), { reduction: 'sum' })]);
  expect(loss.data[0]).toBe(2000);
  expect(() => crossEntropy(constant(draw(1, [3])), constant(draw(1, [3])))).toThrow(
    'crossEntropy: expected logits [N, K], got [3]',
  );
});
