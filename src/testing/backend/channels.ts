import { vjp } from '../../autodiff/index.ts';
import {
  type Backend,
  batchNorm,
  batchNormWith,
  channelStatistics,
  constant,
  type DType,
  evaluate,
  Generator,
  inverseDeviation,
  ndarray,
  type NDArray,
  standardize,
  type Tensor,
} from '../../tensor/index.ts';
import { draw } from '../arrays.ts';
import { excess, type Measured } from '../law.ts';

// Channels in which batch norm's statistics can cancel: constant ones, and those that spread over a few units in the last
// place. What is right is arithmetic.

/** The unit roundoff of a precision, and the bits of a mantissa after the first. */
const PRECISION = { float32: { unit: 2 ** -24, bits: 23 }, float64: { unit: 2 ** -53, bits: 52 } } as const;

const SAMPLES = 8;

/** The height and the width of a plane. */
export type Sides = readonly [height: number, width: number];

/** Planes of whole vectors of eight, and of those with one, six and three pixels after the last. */
export const PLANES: Readonly<Record<string, Sides>> = {
  'whole vectors': [32, 32],
  'one pixel more': [7, 7],
  'six more': [6, 5],
  'three more': [7, 5],
};

/** An image batch whose channels are given by a function of sample and pixel. */
function imagesOf(channels: readonly ((i: number) => number)[], [height, width]: Sides, dtype: DType): NDArray {
  const pixels = height * width;
  const data = Array.from({ length: SAMPLES }, (_, n) =>
    channels.map((channel) => Array.from({ length: pixels }, (_, pixel) => channel(n * pixels + pixel))),
  ).flat(2);
  return ndarray(data, [SAMPLES, channels.length, height, width], dtype);
}

/** The element of an array that is furthest off for its bound. */
function within(what: string, got: NDArray, expected: (i: number) => number, bound: (i: number) => number): Measured {
  let worst: Measured = { what, error: 0, bound: 0 };
  got.data.forEach((value, i) => {
    const each = { what: `${what}: element ${i}`, error: Math.abs(value - expected(i)), bound: bound(i) };
    if (!(excess(each) <= excess(worst))) worst = each;
  });
  return worst;
}
const exactly = () => 0;

/** Constant channels of many magnitudes: batch norm gives β, and γ's gradient is 0, exactly. */
export async function checkConstantChannels(backend: Backend, dtype: DType, sides: Sides): Promise<Measured[]> {
  const found: Measured[] = [];
  const { unit } = PRECISION[dtype];
  const constants = [0.1, -0.1, 1 / 3, 1e-20, -7e-4, 12345.678, 1e10, -3e20, 0];
  const c = constants.length;
  const pixels = sides[0] * sides[1];
  const channelOf = (i: number) => Math.floor(i / pixels) % c;
  const x = imagesOf(
    constants.map((value) => () => value),
    sides,
    dtype,
  );
  const g = draw(1, x.shape, undefined, dtype);
  const [gamma, beta] = [2, 3].map((seed) => draw(seed, [c], undefined, dtype));
  const [xs, gs, gammas, betas] = [x, g, gamma, beta].map(constant);
  const y = batchNorm(xs, gammas, betas);
  const statistics = channelStatistics(xs);
  const expressions: Tensor[] = [
    ...[y, ...vjp([y], [xs, gammas], [gs])],
    ...[statistics.mean, statistics.variance, batchNormWith(statistics, xs, gammas, betas)],
  ];
  const [value, gradientX, gradientGamma, mean, variance, given] = await evaluate(expressions, new Map(), backend);
  const ofChannel =
    ({ data }: NDArray) =>
    (i: number) =>
      data[channelOf(i)];
  found.push(within('batch norm', value, ofChannel(beta), exactly));
  found.push(within("the scale's gradient", gradientGamma, () => 0, exactly));
  found.push(within('mean', mean, (k) => x.data[k * pixels], exactly));
  found.push(within('variance', variance, () => 0, exactly));
  found.push(within('batch norm by given statistics', given, ofChannel(beta), exactly));

  // γ·(g − mean g)/√ε. A mean of |g| ≤ 2 over up to 256 numbers a lane, 4 lanes and 8 planes is off by (256 + 12)·2 units, and
  // the rest by 6 roundings of at most 4: together below 600 units before the factor.
  const means = constants.map((_, k) => {
    const own = [...g.data].filter((_, i) => channelOf(i) === k);
    return own.reduce((sum, each) => sum + each, 0) / own.length;
  });
  const factor = (i: number) => gamma.data[channelOf(i)] / Math.sqrt(1e-5);
  found.push(
    within(
      "the input's gradient",
      gradientX,
      (i) => factor(i) * (g.data[i] - means[channelOf(i)]),
      (i) => 600 * unit * Math.abs(factor(i)),
    ),
  );
  return found;
}

/** A constant plane so large that sums of its values are off by many units: of its distances they are 0. */
export async function checkLargeConstantPlane(backend: Backend, dtype: DType): Promise<Measured[]> {
  const found: Measured[] = [];
  const x = ndarray(
    Array.from({ length: 601 * 600 }, () => 0.1),
    [1, 1, 601, 600],
    dtype,
  );
  const [y] = await evaluate([standardize(constant(x), 1e-5)], new Map(), backend);
  found.push(within('standardize', y, () => 0, exactly));
  return found;
}

/** Channels base + k·ulp with whole k from 0 to 5: every distance is a multiple of the ulp. */
export async function checkNearlyConstantChannels(
  backend: Backend,
  dtype: DType,
  { sides, seed }: { readonly sides: Sides; readonly seed: number },
): Promise<Measured[]> {
  const pixels = sides[0] * sides[1];
  const count = SAMPLES * pixels;
  const channelOf = (i: number) => Math.floor(i / pixels) % 3;
  const found: Measured[] = [];
  const { unit, bits } = PRECISION[dtype];
  const generator = new Generator(seed);
  const exponent = Math.floor(generator.uniform(-9, 20));
  const ulp = 2 ** (exponent - bits);
  const channels = Array.from({ length: 3 }, () => {
    const base = 2 ** exponent + ulp * Math.floor(generator.uniform(0, 2 ** (bits - 1)));
    const k = Array.from({ length: count }, () => Math.floor(generator.uniform(0, 6)));
    const mean = k.reduce((sum, each) => sum + each, 0) / count;
    const variance = k.reduce((sum, each) => sum + (each - mean) ** 2, 0) / count;
    return { base, k, mean, variance };
  });
  const x = imagesOf(
    channels.map(
      ({ base, k }) =>
        (i) =>
          base + k[i] * ulp,
    ),
    sides,
    dtype,
  );
  const epsilon = ulp ** 2;
  const xs = constant(x);
  const statistics = channelStatistics(xs);
  const [y, inverse, mean, variance] = await evaluate(
    [standardize(xs, epsilon), inverseDeviation(xs, epsilon), statistics.mean, statistics.variance],
    new Map(),
    backend,
  );
  const position = (i: number) => Math.floor(i / (3 * pixels)) * pixels + (i % pixels);
  const spread = (k: number) => Math.sqrt(channels[k].variance + 1);
  // Sums of whole numbers below 2²⁴ are exact. Then come at most 12 roundings, 3 units each for a graphics device's
  // division and root, of numbers that are at most 5 ulp in size.
  found.push(
    within(
      'standardize',
      y,
      (i) => (channels[channelOf(i)].k[position(i)] - channels[channelOf(i)].mean) / spread(channelOf(i)),
      () => 40 * 5 * unit,
    ),
  );
  found.push(
    within(
      'inverse deviation',
      inverse,
      (k) => 1 / (ulp * spread(k)),
      (k) => (40 * unit) / (ulp * spread(k)),
    ),
  );
  found.push(
    within(
      'mean',
      mean,
      (k) => channels[k].base + channels[k].mean * ulp,
      () => ulp,
    ),
  );
  found.push(
    within(
      'variance',
      variance,
      (k) => channels[k].variance * ulp ** 2,
      () => 40 * unit * 9 * ulp ** 2,
    ),
  );
  return found;
}

/** A first value far from all others is no worse than any: it only begins the sums. */
export async function checkOutlier(backend: Backend, dtype: DType, sides: Sides): Promise<Measured[]> {
  const count = SAMPLES * sides[0] * sides[1];
  const found: Measured[] = [];
  const { unit } = PRECISION[dtype];
  const generator = new Generator(5);
  const rest = Array.from({ length: count }, () => generator.uniform(-1, 1));
  const x = imagesOf([(i) => (i === 0 ? 1e4 : rest[i])], sides, dtype);
  const values = [...x.data];
  const mean = values.reduce((sum, each) => sum + each, 0) / count;
  const variance = values.reduce((sum, each) => sum + (each - mean) ** 2, 0) / count;
  const [y] = await evaluate([standardize(constant(x), 1e-5)], new Map(), backend);
  const expected = (i: number) => (x.data[i] - mean) / Math.sqrt(variance + 1e-5);
  // Sums of distances over 268 additions are off by 268 units of Σ|x − μ| ≤ count·σ, those of squares of Σ(x − μ)²: the
  // mean by 268·σ units, the deviation by 134 of itself.
  found.push(within('standardize', y, expected, (i) => 300 * unit * (1 + Math.abs(expected(i)))));
  return found;
}
