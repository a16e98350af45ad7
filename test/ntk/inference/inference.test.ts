import { beforeAll, describe, expect, test } from 'vitest';
import {
  gaussianProcess,
  gradientDescent,
  gradientFlow,
  infinite,
  infiniteKernel,
  type InfiniteKernel,
  kernelRegression,
  mseDynamics,
  networkEnsemble,
  symmetricEigen,
} from '../../../src/ntk/index.ts';
import { constant, evaluate, matmul, ndarray, type NDArray, transpose } from '../../../src/tensor/index.ts';
import { draw, largestDifference } from '../../../src/testing/arrays.ts';

// Three features, for which everything can be computed in a second way: by matrices of 3 × 3, not N × N.

const [n, m, d, k] = [7, 4, 3, 2];
const x = draw(1, [n, d]);
const xTest = draw(2, [m, d]);
const y = draw(3, [n, k]);

async function times(...factors: NDArray[]): Promise<NDArray> {
  return (await evaluate([factors.map((each) => constant(each)).reduce((a, b) => matmul(a, b))]))[0];
}
const t = async (a: NDArray) => (await evaluate([transpose(constant(a))]))[0];

/** f of a symmetric matrix. */
async function ofEigenvalues(a: NDArray, f: (lambda: number) => number): Promise<NDArray> {
  const { values, vectors } = symmetricEigen(a, { vectors: true });
  const size = values.length;
  const diagonal = ndarray(
    Array.from({ length: size * size }, (_, e) => (e % (size + 1) === 0 ? f(values[e / (size + 1)]) : 0)),
    [size, size],
  );
  return times(vectors, diagonal, await t(vectors));
}

let train: NDArray;
let cross: NDArray;
let prior: NDArray;
let gram: NDArray;
beforeAll(async () => {
  train = await times(x, await t(x));
  cross = await times(xTest, await t(x));
  prior = await times(xTest, await t(xTest));
  gram = await times(await t(x), x);
});

describe('a Gaussian process with noise', () => {
  const noise = 0.3;

  test('is Bayesian linear regression on features', async () => {
    // θ | y ~ N(A⁻¹·xᵀ·y, σ²·A⁻¹) with A = xᵀ·x + σ².
    const inverse = await ofEigenvalues(gram, (lambda) => 1 / (lambda + noise));
    const mean = await times(xTest, inverse, await t(x), y);
    const covariance = await times(xTest, inverse, await t(xTest));
    const posterior = gaussianProcess(train, y, { noise }).posterior(cross, prior);
    expect(posterior.mean.shape).toEqual([m, k]);
    expect(largestDifference(posterior.mean, mean)).toBeLessThan(1e-12);
    expect(
      largestDifference(
        posterior.covariance,
        ndarray(
          covariance.data.map((c) => noise * c),
          [m, m],
        ),
      ),
    ).toBeLessThan(1e-12);
    expect(largestDifference(kernelRegression(train, y, { noise })(cross), mean)).toBeLessThan(1e-12);
  });

  test('has the likelihood that the chain rule gives', () => {
    // log p(y₁) + log p(y₂ | y₁) + …, each by the posterior of those before it.
    const rows = (from: number, to: number, columns: number) =>
      ndarray(
        Array.from({ length: to - from }, (_, r) => [
          ...train.data.slice((from + r) * n, (from + r) * n + columns),
        ]).flat(),
        [to - from, columns],
      );
    const known = (i: number) => {
      if (i === 0) return { mean: ndarray([0, 0], [1, 2]), covariance: rows(0, 1, 1) };
      const targets = ndarray(y.data.slice(0, i * k), [i, k]);
      const own = ndarray([train.data[i * n + i]], [1, 1]);
      return gaussianProcess(rows(0, i, i), targets, { noise }).posterior(rows(i, i + 1, i), own);
    };
    let sum = 0;
    for (let i = 0; i < n; i++) {
      const { mean, covariance } = known(i);
      const variance = covariance.data[0] + noise;
      for (const c of [0, 1]) {
        sum -= ((y.data[i * k + c] - mean.data[c]) ** 2 / variance + Math.log(2 * Math.PI * variance)) / 2;
      }
    }
    expect(gaussianProcess(train, y, { noise }).logMarginalLikelihood).toBeCloseTo(sum, 11);
  });

  test('refuses kernels that are not positive definite', () => {
    expect(() => gaussianProcess(train, y)).toThrow(
      /^gaussianProcess: kernel: expected a positive definite matrix, got a pivot of .* in row \d; a larger noise/,
    );
    expect(() => kernelRegression(ndarray([1, 2, 2, 1], [2, 2]), ndarray([1, 1], [2]))).toThrow(
      'kernelRegression: kernel: expected a positive',
    );
    expect(() => gaussianProcess(train, y, { noise: -1 })).toThrow('noise: expected a finite number ≥ 0, got -1');
    expect(() => gaussianProcess(cross, y)).toThrow('gaussianProcess: kernel: expected [7, 7], got [4, 7]');
    const process = gaussianProcess(train, y, { noise });
    expect(() => process.mean(prior)).toThrow('mean: kernel: expected [M, 7], got [4, 4]');
    expect(() => process.posterior(cross, cross)).toThrow('posterior: prior: kernel: expected [4, 4], got [4, 7]');
  });
});

describe('an ensemble of networks', () => {
  /** As if there were one layer only: Θ is K. */
  const both = (kernel: NDArray): InfiniteKernel => ({ nngp: kernel, ntk: kernel });

  test.each([
    { descent: gradientFlow(), time: 2.5, decay: (h: number) => Math.exp(-2.5 * h) },
    { descent: gradientDescent({ learningRate: 0.1 }), time: 30, decay: (h: number) => (1 - 0.1 * h) ** 30 },
    { descent: gradientFlow(), time: Infinity, decay: (h: number) => (h > 1e-9 ? 0 : 1) },
  ])('trains as linear models from random parameters do: $descent.name, $time', async ({ descent, time, decay }) => {
    // θ(t) = D·θ(0) + (1 − D)·(xᵀx)⁻¹·xᵀ·y with D = decay(2·xᵀx/M), θ(0) ~ N(0, 1).
    const h = (lambda: number) => (2 * lambda) / (n * k);
    const left = await ofEigenvalues(gram, (lambda) => decay(h(lambda)));
    const learned = await ofEigenvalues(gram, (lambda) => (1 - decay(h(lambda))) / lambda);
    const mean = await times(xTest, learned, await t(x), y);
    const covariance = await times(xTest, left, left, await t(xTest));
    const ensemble = networkEnsemble(both(train), y);
    const predicted = ensemble.predict(descent, time, { cross: both(cross), test: both(prior) });
    expect(predicted.mean.shape).toEqual([m, k]);
    expect(largestDifference(predicted.mean, mean)).toBeLessThan(1e-11);
    expect(largestDifference(predicted.covariance, covariance)).toBeLessThan(1e-11);
  });

  test('of wide networks: a draw of the NNGP before training, and through the targets after it', async () => {
    const { dense, relu, serial } = infinite;
    const map = serial(dense(8, { biasStd: 0.2 }), relu(), dense(1));
    const [a, b, c] = [
      await infiniteKernel(map, x),
      await infiniteKernel(map, xTest, { x2: x }),
      await infiniteKernel(map, xTest),
    ];
    const ensemble = networkEnsemble(a, y);
    const points = { cross: b, test: c };
    const start = ensemble.predict(gradientFlow(), 0, points);
    expect(largestDifference(start.mean, ndarray(new Float64Array(m * k), [m, k]))).toBe(0);
    expect(largestDifference(start.covariance, c.nngp)).toBe(0);
    const end = ensemble.predict(gradientFlow(), Infinity, { cross: a, test: a });
    expect(largestDifference(end.mean, y)).toBeLessThan(1e-9);
    expect(largestDifference(end.covariance, ndarray(new Float64Array(n * n), [n, n]))).toBeLessThan(1e-9);
    // Its mean is that of a network that starts at 0, and ends at kernel regression.
    const mean = ensemble.predict(gradientFlow(), 3, points).mean;
    expect(largestDifference(mean, mseDynamics(a.ntk, y).predict(gradientFlow(), [3], { kernel: b.ntk }))).toBeLessThan(
      1e-11,
    );
    const last = ensemble.predict(gradientFlow(), Infinity, points).mean;
    expect(largestDifference(last, kernelRegression(a.ntk, y)(b.ntk))).toBeLessThan(1e-8);
    // With the last layer alone it is Bayesian.
    const bayesian = networkEnsemble(a, y, { trained: 'last' }).predict(gradientFlow(), Infinity, points);
    const posterior = gaussianProcess(a.nngp, y).posterior(b.nngp, c.nngp);
    expect(largestDifference(bayesian.mean, posterior.mean)).toBeLessThan(1e-8);
    expect(largestDifference(bayesian.covariance, posterior.covariance)).toBeLessThan(1e-8);
    const all = ensemble.predict(gradientFlow(), Infinity, points);
    expect(largestDifference(all.covariance, posterior.covariance)).toBeGreaterThan(1e-3);
  });

  test('refuses kernels that do not fit', () => {
    expect(() => networkEnsemble(both(cross), y)).toThrow('networkEnsemble: nngp: kernel: expected [7, 7], got [4, 7]');
    const ensemble = networkEnsemble(both(train), y);
    const flow = gradientFlow();
    expect(() => ensemble.predict(flow, 1, { cross: both(prior), test: both(prior) })).toThrow(
      'cross: kernel: expected [M, 7], got [4, 4]',
    );
    expect(() => ensemble.predict(flow, 1, { cross: both(cross), test: both(train) })).toThrow(
      'test: kernel: expected [4, 4], got [7, 7]',
    );
    expect(() => networkEnsemble(both(train), y, { trained: 'first' as never })).toThrow(
      'trained: expected "all" or "last"',
    );
  });
});
