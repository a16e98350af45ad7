import { describe, expect, test } from 'vitest';
import { crossEntropy, forward, initialize, Linear, pytorchDefault, Sequential, Tanh } from '../../../src/nn/index.ts';
import { crossEntropyDynamics, linearize, tangentKernel } from '../../../src/ntk/index.ts';
import { constant, evaluate, Generator, gram, ndarray, type NDArray } from '../../../src/tensor/index.ts';
import { draw, largestDifference, rowOf } from '../../../src/testing/arrays.ts';
import { against, descend } from '../../support/descent.ts';

const [n, m, k, d] = [5, 2, 3, 4];
const x = draw(1, [n, d]);
const xTest = draw(2, [m, d]);
const oneHot = ndarray(
  Array.from({ length: n * k }, (_, e) => Number(e % k === Math.floor(e / k) % k)),
  [n, k],
);

test('is the limit of Euler steps of a linearised network: the gap halves with the step', async () => {
  const time = 3;
  const gaps: number[][] = [];
  for (const count of [300, 600, 1200]) {
    const network = new Sequential(new Linear(d, 8), new Tanh(), new Linear(8, k));
    initialize(network, pytorchDefault, new Generator(5));
    const linear = linearize(network);
    const exact = { outputs: 'full', dtype: 'float64' } as const;
    const { kernel, logits } = await tangentKernel(linear, x, exact);
    const cross = (await tangentKernel(linear, xTest, { ...exact, x2: x })).kernel;
    const points = { kernel: cross, initial: await forward(linear, xTest, { dtype: 'float64' }) };
    const { outputs, loss, testOutputs } = await crossEntropyDynamics(kernel, oneHot, { initial: logits }).run([time], {
      points,
    });
    const learningRate = time / count;
    const [seen] = await descend(linear, [x, xTest], against(crossEntropy, oneHot), { learningRate }, [count]);
    gaps.push([
      largestDifference(rowOf(outputs, 0), seen.outputs[0]),
      largestDifference(rowOf(testOutputs!, 0), seen.outputs[1]),
      Math.abs(loss[0] - seen.loss),
    ]);
  }
  for (const of of [0, 1, 2]) {
    expect(gaps[0][of]).toBeGreaterThan(1e-5);
    for (const i of [1, 2]) expect(Math.abs(gaps[i - 1][of] / gaps[i][of] - 2)).toBeLessThan(0.02);
  }
});

// The second moves so fast that the first step tried is far too long.
describe.each([0.7, 1e4])('of one sample of two classes, with an eigenvalue of %d', (lambda) => {
  // With Θ = λ·1 and f₁ − f₂ = δ: dδ/dt = 2·λ/(1 + e^δ), so that δ + e^δ = 1 + 2·λ·t from δ = 0.
  const times = [0, 0.1, 1, 10, 1000].map((t) => t / lambda);
  const dynamics = crossEntropyDynamics(ndarray([lambda], [1, 1]), ndarray([1, 0], [1, 2]));

  test('the logits agree with the closed-form solution, to the tolerance', async () => {
    for (const tolerance of [1e-6, 1e-9, 1e-12]) {
      const { outputs, loss } = await dynamics.run(times, { tolerance });
      times.forEach((t, i) => {
        const delta = outputs.data[2 * i] - outputs.data[2 * i + 1];
        expect(Math.abs((delta + Math.exp(delta)) / (1 + 2 * lambda * t) - 1)).toBeLessThan(100 * tolerance);
        expect(loss[i]).toBeCloseTo(Math.log1p(Math.exp(-delta)), 13);
      });
    }
  });

  test('a smaller tolerance takes more steps', async () => {
    const few = { maximumSteps: 60 };
    await dynamics.run([100 / lambda], { ...few, tolerance: 1e-4 });
    await expect(dynamics.run([100 / lambda], { ...few, tolerance: 1e-13 })).rejects.toThrow(
      /^dormandPrince: expected at most 60 steps to time .*, got to /,
    );
  });
});

test('training points given as test points move like training points, for both forms of the kernel', async () => {
  const y = draw(4, [n, k]).data.map(Math.exp);
  const targets = ndarray(
    y.map((p, e) => p / [...y.slice(Math.floor(e / k) * k, Math.floor(e / k) * k + k)].reduce((a, b) => a + b, 0)),
    [n, k],
  );
  for (const size of [n, n * k]) {
    const [kernel] = await evaluate([gram(constant(draw(6, [size, size + 1])))]);
    const initial = draw(7, [n, k]);
    const dynamics = crossEntropyDynamics(kernel, targets, { initial, reduction: 'sum' });
    const { outputs, loss, testOutputs } = await dynamics.run([0, 0.5, 2], { points: { kernel, initial } });
    expect(largestDifference(testOutputs!, outputs)).toBeLessThan(1e-13);
    expect(largestDifference(rowOf(outputs, 0), initial)).toBe(0);
    const losses = await evaluate(
      [0, 1, 2].map((i) => crossEntropy(constant(rowOf(outputs, i)), constant(targets), { reduction: 'sum' })),
    );
    losses.forEach(({ data }, i) => expect(loss[i]).toBeCloseTo(data[0], 12));
    expect(loss[2]).toBeLessThan(loss[1]);
  }
});

test('invalid arguments are refused', async () => {
  const kernel = ndarray([1], [1, 1]);
  const make = (targets: NDArray) => crossEntropyDynamics(kernel, targets);
  expect(() => make(ndarray([1], [1, 1]))).toThrow('targets: expected [N, K], K ≥ 2, got [1, 1]');
  expect(() => make(ndarray([0.5, 0.6], [1, 2]))).toThrow(
    'expected probabilities that sum to 1, got [0.5,0.6] for sample 0',
  );
  expect(() => make(ndarray([1.5, -0.5], [1, 2]))).toThrow('expected probabilities');
  const dynamics = make(ndarray([1, 0], [1, 2]));
  for (const times of [[1, 0], [Infinity]]) {
    await expect(dynamics.run(times)).rejects.toThrow('times: expected finite ones in ascending order');
  }
  await expect(dynamics.run([1], { tolerance: 0 })).rejects.toThrow('tolerance: expected a finite number > 0, got 0');
  await expect(dynamics.run([1], { points: { kernel: draw(1, [1, 2]) } })).rejects.toThrow(
    'expected [M, 1] of M test points',
  );
  await expect(dynamics.run([1e9], { signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough');
});
