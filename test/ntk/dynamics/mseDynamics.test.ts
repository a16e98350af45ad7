import { beforeAll, describe, expect, test } from 'vitest';
import {
  forward,
  initialize,
  Linear,
  type Module,
  mseLoss,
  pytorchDefault,
  Sequential,
  Tanh,
} from '../../../src/nn/index.ts';
import {
  type Descent,
  gradientDescent,
  gradientFlow,
  linearize,
  mseDynamics,
  type MseDynamics,
  tangentKernel,
} from '../../../src/ntk/index.ts';
import { Generator, ndarray, type NDArray } from '../../../src/tensor/index.ts';
import { draw, largestDifference, rowOf, stack } from '../../../src/testing/arrays.ts';
import { against, descend, type Steps } from '../../support/descent.ts';

const [n, m, k, d] = [6, 3, 2, 4];
const x = draw(1, [n, d]);
const xTest = draw(2, [m, d]);
const targets = draw(3, [n, k]);

function model(name: string): Module {
  const network: Module =
    name === 'a linear model' ? new Linear(d, k) : new Sequential(new Linear(d, 8), new Tanh(), new Linear(8, k));
  initialize(network, pytorchDefault, new Generator(5));
  return name === 'a linear model' ? network : linearize(network);
}

interface Case {
  readonly network: Module;
  readonly dynamics: MseDynamics;
  readonly points: { readonly kernel: NDArray; readonly initial: NDArray };
}

async function caseOf(name: string, reduction: 'mean' | 'sum' = 'mean'): Promise<Case> {
  const network = model(name);
  const exact = { outputs: 'full', dtype: 'float64' } as const;
  const { kernel, logits } = await tangentKernel(network, x, exact);
  const cross = await tangentKernel(network, xTest, { ...exact, x2: x });
  const initial = await forward(network, xTest, { dtype: 'float64' });
  const dynamics = mseDynamics(kernel, targets, { initial: logits, reduction });
  return { network, dynamics, points: { kernel: cross.kernel, initial } };
}

const wanted = [0, 1, 2, 3, 10, 100, 999, 1000];
/** Fractions of the largest learning rate that converges. */
const settings: readonly (Omit<Steps, 'learningRate'> & { readonly fraction: number })[] = [
  { fraction: 0.4 },
  { fraction: 0.95 },
  { fraction: 0.4, momentum: 0.9 },
  { fraction: 0.7, momentum: 0.5, nesterov: true },
];

describe.each(['a linear model', 'a linearised network'])('of %s', (name) => {
  test.each(settings)('predicted steps are the steps of gradient descent, to 1e-12 over 1,000: %o', async (setting) => {
    const { fraction, ...rest } = setting;
    const { network, dynamics, points } = await caseOf(name);
    const learningRate = fraction * dynamics.learningRateLimit(rest);
    const steps = { learningRate, ...rest };
    const seen = await descend(network, [x, xTest], against(mseLoss, targets), steps, wanted);
    const descent = gradientDescent(steps);
    const predicted = dynamics.predict(descent, wanted);
    const elsewhere = dynamics.predict(descent, wanted, points);
    expect(predicted.shape).toEqual([wanted.length, n, k]);
    expect(elsewhere.shape).toEqual([wanted.length, m, k]);
    expect(largestDifference(predicted, stack(seen.map(({ outputs }) => outputs[0])))).toBeLessThan(1e-12);
    expect(largestDifference(elsewhere, stack(seen.map(({ outputs }) => outputs[1])))).toBeLessThan(1e-12);
    const loss = dynamics.loss(descent, wanted);
    seen.forEach((each, i) => expect(Math.abs(loss[i] - each.loss)).toBeLessThan(1e-12));
    // The steps changed the outputs.
    expect(largestDifference(rowOf(predicted, 0), rowOf(predicted, 7))).toBeGreaterThan(0.1);
  });
});

test('gradient flow is the limit of Euler steps: the gap halves with the step, at training and test points', async () => {
  const time = 2;
  const gaps: number[][] = [];
  for (const count of [400, 800, 1600]) {
    const { network, dynamics, points } = await caseOf('a linearised network');
    const [{ outputs, loss }] = await descend(
      network,
      [x, xTest],
      against(mseLoss, targets),
      { learningRate: time / count },
      [count],
    );
    gaps.push([
      largestDifference(rowOf(dynamics.predict(gradientFlow(), [time]), 0), outputs[0]),
      largestDifference(rowOf(dynamics.predict(gradientFlow(), [time], points), 0), outputs[1]),
      Math.abs(dynamics.loss(gradientFlow(), [time])[0] - loss),
    ]);
  }
  for (const of of [0, 1, 2]) {
    expect(gaps[0][of]).toBeGreaterThan(1e-5);
    for (const i of [1, 2]) expect(Math.abs(gaps[i - 1][of] / gaps[i][of] - 2)).toBeLessThan(0.02);
  }
});

describe('the loss', () => {
  let it: Case;
  beforeAll(async () => {
    it = await caseOf('a linear model', 'sum');
  });

  const descents: readonly Descent[] = [gradientFlow(), gradientDescent({ learningRate: 0.01, momentum: 0.9 })];
  test.each(descents)('in closed form is that of the predicted outputs: $name', (descent) => {
    const times = [0, 1, 5, 50];
    const outputs = it.dynamics.predict(descent, times);
    it.dynamics.loss(descent, times).forEach((loss, i) => {
      const expected = [...rowOf(outputs, i).data].reduce((sum, f, e) => sum + (f - targets.data[e]) ** 2, 0);
      expect(Math.abs(loss - expected)).toBeLessThan(1e-12 * it.dynamics.initialLoss);
    });
  });

  test('falls to the part that cannot be learned', () => {
    // 6 samples in 4 dimensions with a bias: one direction per class cannot be fitted.
    expect(it.dynamics.modes.map(({ curvature }) => curvature > 0)).toEqual([
      false,
      false,
      ...Array<boolean>(10).fill(true),
    ]);
    const left = it.dynamics.modes[0].lossShare + it.dynamics.modes[1].lossShare;
    expect(left).toBeGreaterThan(1e-3);
    const [loss] = it.dynamics.loss(gradientFlow(), [Infinity]);
    expect(loss / it.dynamics.initialLoss).toBeCloseTo(left, 13);
    expect(it.dynamics.modes.reduce((sum, { lossShare }) => sum + lossShare, 0)).toBeCloseTo(1, 13);
  });
});

// λ = 1, 4 along (1, 1) and (1, −1): all by hand.
const kernel = ndarray([2.5, -1.5, -1.5, 2.5], [2, 2]);

test('two points, worked by hand', () => {
  const dynamics = mseDynamics(kernel, ndarray([3, 1], [2]));
  const flow = gradientFlow();
  // y = 2·(1, 1) + (1, −1); the mean has M = 2, so that h = λ.
  const at = (t: number) => [
    2 * (1 - Math.exp(-t)) + (1 - Math.exp(-4 * t)),
    2 * (1 - Math.exp(-t)) - (1 - Math.exp(-4 * t)),
  ];
  expect(largestDifference(dynamics.predict(flow, [0.3]), ndarray(at(0.3), [1, 2]))).toBeLessThan(1e-15);
  expect(dynamics.modes.map(({ eigenvalue }) => eigenvalue)).toEqual([expect.closeTo(1, 14), expect.closeTo(4, 14)]);
  expect(dynamics.modes.map(({ curvature }) => curvature)).toEqual([expect.closeTo(1, 14), expect.closeTo(4, 14)]);
  expect(dynamics.modes.map(({ lossShare }) => lossShare)).toEqual([expect.closeTo(0.8, 14), expect.closeTo(0.2, 14)]);
  expect(dynamics.initialLoss).toBeCloseTo(5, 14);
  expect([...dynamics.timeConstants(flow)]).toEqual([expect.closeTo(1, 14), expect.closeTo(0.25, 14)]);
  expect(dynamics.decay(flow, [1, Infinity]).data[0]).toBeCloseTo(Math.exp(-1), 14);
  expect(dynamics.learningRateLimit()).toBeCloseTo(0.5, 14);
  expect(dynamics.learningRateLimit({ momentum: 0.5 })).toBeCloseTo(0.75, 14);
  expect(dynamics.learningRateLimit({ momentum: 0.5, nesterov: true })).toBeCloseTo(0.375, 14);
  expect(dynamics.optimal().kappa).toBeCloseTo(4, 13);
  // The sum has M = 1: h = 2·λ.
  expect(mseDynamics(kernel, ndarray([3, 1], [2]), { reduction: 'sum' }).learningRateLimit()).toBeCloseTo(0.25, 14);
});

test('a kernel [N, N] acts on each output as its Kronecker product with the identity does', () => {
  const y = draw(7, [2, 3]);
  const full = new Float64Array(36);
  for (const [i, j, o] of [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1, 2].map((c) => [a, b, c])))) {
    full[(i * 3 + o) * 6 + j * 3 + o] = kernel.data[i * 2 + j];
  }
  const cross = draw(8, [1, 2]);
  const fullCross = new Float64Array(18);
  for (const [j, o] of [0, 1].flatMap((b) => [0, 1, 2].map((c) => [b, c])))
    fullCross[o * 6 + j * 3 + o] = cross.data[j];
  const initial = draw(9, [2, 3]);
  const shared = mseDynamics(kernel, y, { initial });
  const pairs = mseDynamics(ndarray(full, [6, 6]), y, { initial });
  const descent = gradientDescent({ learningRate: 0.2 });
  expect(largestDifference(shared.predict(descent, [7]), pairs.predict(descent, [7]))).toBeLessThan(1e-14);
  const points = { kernel: cross };
  expect(
    largestDifference(
      shared.predict(descent, [7, Infinity], points),
      pairs.predict(descent, [7, Infinity], { kernel: ndarray(fullCross, [3, 6]) }),
    ),
  ).toBeLessThan(1e-14);
  expect(shared.loss(descent, [7])[0]).toBeCloseTo(pairs.loss(descent, [7])[0], 14);
});

test('below the noise floor nothing is learned, and an infinite time is refused where a mode grows', () => {
  const y = ndarray([3, 1], [2]);
  const floored = mseDynamics(kernel, y, { noiseFloor: 1.5 });
  expect(floored.modes.map(({ curvature }) => curvature)).toEqual([0, expect.closeTo(4, 14)]);
  expect(largestDifference(floored.predict(gradientFlow(), [Infinity]), ndarray([1, -1], [1, 2]))).toBeLessThan(1e-14);
  expect([...floored.timeConstants(gradientFlow())][0]).toBe(Infinity);
  const dynamics = mseDynamics(kernel, y);
  const tooFast = gradientDescent({ learningRate: 0.51 });
  expect(dynamics.loss(tooFast, [1000])[0]).toBeGreaterThan(1e10);
  expect(() => dynamics.loss(tooFast, [Infinity])).toThrow(/^loss: gradient descent does not converge, expected curv/);
});

test('invalid arguments are refused', () => {
  const y = ndarray([3, 1], [2]);
  expect(() => mseDynamics(draw(1, [3, 3]), y)).toThrow(
    'mseDynamics: kernel: expected [2, 2] for 2 samples of 1 outputs, got [3, 3]',
  );
  expect(() => mseDynamics(ndarray([1, 2, 2, 1], [2, 2]), y)).toThrow(
    /expected eigenvalues ≥ 0 up to a noise of .*, got -1$/,
  );
  expect(() => mseDynamics(kernel, y, { initial: draw(1, [2, 1]) })).toThrow('expected shape [2], got [2, 1]');
  expect(() => mseDynamics(kernel, ndarray([NaN, 1], [2]))).toThrow(
    'targets: expected finite numbers, got NaN at element 0',
  );
  const dynamics = mseDynamics(kernel, y);
  expect(() => dynamics.predict(gradientFlow(), [-1])).toThrow(
    'predict: times: expected times ≥ 0 or Infinity, got -1',
  );
  expect(() => dynamics.loss(gradientDescent({ learningRate: 0.1 }), [0.5])).toThrow(
    'expected numbers of steps, integers ≥ 0',
  );
  expect(() => dynamics.predict(gradientFlow(), [1], { kernel: draw(1, [2, 3]) })).toThrow(
    'expected [M, 2] of M test points',
  );
  expect(() => dynamics.loss('flow' as never, [1])).toThrow(
    'loss: expected gradientFlow(), momentumFlow(…) or gradientDescent(…)',
  );
});
