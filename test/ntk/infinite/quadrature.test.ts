import { describe, expect, test } from 'vitest';
import { infinite, infiniteKernel } from '../../../src/ntk/index.ts';
import { constant, erf as erfOf, evaluate, ndarray, type NDArray } from '../../../src/tensor/index.ts';
import { draw } from '../../../src/testing/arrays.ts';

const { conv, dense, erf, flatten, layerNorm, serial } = infinite;

/** Points of a trapezoidal rule, which converges faster than any power of its step for what a Gaussian bounds. */
const step = 1 / 16;
const points = Array.from({ length: 321 }, (_, i) => (i - 160) * step);
const density = (u: number) => (step * Math.exp((-u * u) / 2)) / Math.sqrt(2 * Math.PI);

/** E[f(u)·f(v)] over u and v of given variances and covariance; f is applied to all numbers at once. */
async function expectation(
  f: (values: Float64Array) => Promise<Float64Array> | Float64Array,
  [k11, k12, k22]: readonly [number, number, number],
): Promise<number> {
  const [a, c] = [Math.sqrt(k11), k12 / Math.sqrt(k11)];
  const rest = Math.sqrt(Math.max(0, k22 - c * c));
  const first = await f(Float64Array.from(points, (p) => a * p));
  const second = await f(
    Float64Array.from({ length: points.length ** 2 }, (_, e) => {
      const [i, j] = [Math.floor(e / points.length), e % points.length];
      return c * points[i] + rest * points[j];
    }),
  );
  let sum = 0;
  points.forEach((p, i) =>
    points.forEach((q, j) => (sum += density(p) * density(q) * first[i] * second[i * points.length + j])),
  );
  return sum;
}

const erfAll = async (values: Float64Array) =>
  (await evaluate([erfOf(constant(ndarray(values, [values.length])))]))[0].data as Float64Array;
const slopeAll = (values: Float64Array) => values.map((u) => (2 / Math.sqrt(Math.PI)) * Math.exp(-u * u));

const x = draw(1, [3, 4]);
const affine = { weightStd: 1.5, biasStd: 0.3 };

/** K and Θ of the first layer, by hand. */
function firstLayer(i: number, j: number): number {
  const [a, b] = [i, j].map((row) => [...x.data.slice(row * 4, row * 4 + 4)]);
  return 1.5 ** 2 * (a.reduce((sum, value, c) => sum + value * b[c], 0) / 4) + 0.3 ** 2;
}

describe('against quadrature, to 1e-9', () => {
  const pairs = [0, 1, 2].flatMap((i) => [0, 1, 2].map((j) => [i, j] as const));

  async function check(map: infinite.KernelMap, covariance: (i: number, j: number) => number, theta = covariance) {
    const { nngp, ntk } = await infiniteKernel(map, x);
    for (const [i, j] of pairs) {
      const ks = [covariance(i, i), covariance(i, j), covariance(j, j)] as const;
      expect(Math.abs(nngp.data[3 * i + j] - (await expectation(erfAll, ks)))).toBeLessThan(1e-9);
      expect(Math.abs(ntk.data[3 * i + j] - theta(i, j) * (await expectation(slopeAll, ks)))).toBeLessThan(1e-9);
    }
  }

  test('erf', async () => {
    await check(serial(dense(8, affine), erf()), firstLayer);
  });

  test('erf of layer norm', async () => {
    // What layer norm divides by: the root of the variance over channels, each of which is u.
    const eps = 0.01;
    const variance = await Promise.all(
      [0, 1, 2].map((i) => expectation((u) => u, [firstLayer(i, i), firstLayer(i, i), firstLayer(i, i)])),
    );
    const normalized = (i: number, j: number) =>
      firstLayer(i, j) / Math.sqrt((variance[i] + eps) * (variance[j] + eps));
    await check(serial(dense(8, affine), layerNorm({ eps }), erf()), normalized);
    expect(variance[0]).toBeCloseTo(firstLayer(0, 0), 10);
  });
});

test('erf of large variances approaches the sign, and of small ones is linear', async () => {
  const at = async (weightStd: number) =>
    (await infiniteKernel(serial(dense(8, { weightStd }), erf()), x)).nngp.data.map((k) => k);
  const cosine = (i: number, j: number) => {
    const [a, b] = [i, j].map((row) => [...x.data.slice(row * 4, row * 4 + 4)]);
    const dot = (u: typeof a, v: typeof a) => u.reduce((sum, value, c) => sum + value * v[c], 0);
    return { dot: dot(a, b), cosine: dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)) };
  };
  const [large, small] = [await at(1e7), await at(1e-5)];
  for (const [i, j] of [
    [0, 1],
    [0, 2],
    [1, 2],
  ] as const) {
    expect(large[3 * i + j]).toBeCloseTo((2 / Math.PI) * Math.asin(cosine(i, j).cosine), 8);
    expect(small[3 * i + j] / ((4 / Math.PI) * 1e-10 * (cosine(i, j).dot / 4))).toBeCloseTo(1, 8);
  }
});

test('layer norm over the channels of a pixel and over a whole sample', async () => {
  const images: NDArray = draw(2, [2, 3, 2, 2]);
  const eps = 1e-3;
  // A convolution of single pixels leaves K = x·x'/C in place.
  const k = (i: number, j: number, p: number) =>
    [0, 1, 2].reduce((sum, c) => sum + images.data[(i * 3 + c) * 4 + p] * images.data[(j * 3 + c) * 4 + p], 0) / 3;
  const all = [0, 1, 2, 3];
  const mean = (f: (p: number) => number) => all.reduce((sum, p) => sum + f(p) / 4, 0);
  const own = (over: 'channels' | 'sample') =>
    infiniteKernel(serial(conv(5, 1), layerNorm({ over, eps }), flatten()), images);
  const [byPixel, bySample] = [await own('channels'), await own('sample')];
  for (const [i, j] of [
    [0, 0],
    [0, 1],
    [1, 1],
  ] as const) {
    const pixel = mean((p) => k(i, j, p) / Math.sqrt((k(i, i, p) + eps) * (k(j, j, p) + eps)));
    const variance = (s: number) => mean((p) => k(s, s, p)) + eps;
    const sample = mean((p) => k(i, j, p)) / Math.sqrt(variance(i) * variance(j));
    for (const kernel of ['nngp', 'ntk'] as const) {
      expect(byPixel[kernel].data[2 * i + j]).toBeCloseTo(pixel, 13);
      expect(bySample[kernel].data[2 * i + j]).toBeCloseTo(sample, 13);
    }
  }
});
