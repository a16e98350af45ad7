import { describe, expect, test } from 'vitest';
import {
  Conv2d,
  Flatten,
  initialize,
  Linear,
  pytorchDefault,
  ReLU,
  Sequential,
  stateDict,
} from '../../../src/nn/index.ts';
import { infinite, infiniteKernel, monteCarloKernel, tangentKernel, wideNetwork } from '../../../src/ntk/index.ts';
import { studentQuantile } from '../../../src/ntk/infinite/studentT.ts';
import { Generator } from '../../../src/tensor/index.ts';
import { draw, mapArray, relativeError } from '../../../src/testing/arrays.ts';
import { runs } from '../../support/runs.ts';

const { dense, relu, serial } = infinite;
const x = draw(1, [3, 4]);

test("Student's quantiles agree with the tables", () => {
  // Two-sided: P(|T| ≤ t) = 0.5, 0.95, 0.99.
  const table = [
    [1, 1, 12.706204736, 63.656741162],
    [2, 0.816496581, 4.30265273, 9.924843201],
    [3, 0.764892328, 3.182446305, 5.84090931],
    [4, 0.740697084, 2.776445105, 4.604094871],
    [5, 0.726686844, 2.570581836, 4.032142984],
    [10, 0.699812061, 2.228138852, 3.169272673],
    [15, 0.691196949, 2.131449546, 2.946712883],
    [30, 0.682755693, 2.042272456, 2.749995654],
  ];
  for (const [degrees, ...quantiles] of table) {
    [0.5, 0.95, 0.99].forEach((p, i) => expect(studentQuantile(p, degrees) / quantiles[i]).toBeCloseTo(1, 8));
  }
});

describe('of one hidden layer, whose expectation is the limit at any width', () => {
  const map = serial(dense(8, { biasStd: 0.5 }), relu(), dense(3, { weightStd: 2, biasStd: 0.1 }));
  const network = wideNetwork(map, [4]);

  test('the intervals contain it as often as they claim', async () => {
    const { nngp, ntk } = await infiniteKernel(map, x);
    const counts = { nngp: 0, ntk: 0, all: 0 };
    for (let seed = 0; seed < runs(200); seed++) {
      const estimates = await monteCarloKernel(network, x, {
        draws: 10,
        generator: new Generator(seed),
        confidence: 0.8,
      });
      for (const [name, exact] of [
        ['nngp', nngp],
        ['ntk', ntk],
      ] as const) {
        const [low, high] = estimates[name].interval;
        for (const i of [0, 1, 5])
          counts[name] += Number(low.data[i] <= exact.data[i] && exact.data[i] <= high.data[i]);
      }
      counts.all += 3;
    }
    // Numbers that are skewed miss a little more often than those of a Gaussian.
    for (const name of ['nngp', 'ntk'] as const) {
      expect(counts[name] / counts.all).toBeGreaterThan(0.68);
      expect(counts[name] / counts.all).toBeLessThan(0.9);
    }
  });

  test('the error falls with the square root of the number of draws', async () => {
    const few = await monteCarloKernel(network, x, { draws: 25 });
    const many = await monteCarloKernel(network, x, { draws: 400 });
    expect(many.draws).toBe(400);
    const ratio = few.ntk.standardError.data[0] / many.ntk.standardError.data[0];
    expect(ratio).toBeGreaterThan(2.5);
    expect(ratio).toBeLessThan(6);
    expect(relativeError(many.ntk.mean, (await infiniteKernel(map, x)).ntk)).toBeLessThan(0.1);
  });

  test('the kernel with a second batch is a block of that of both together', async () => {
    const options = { draws: 5, dtype: 'float64' } as const;
    const square = await monteCarloKernel(network, x, options);
    const part = await monteCarloKernel(
      network,
      { ...x, shape: [1, 4], data: x.data.slice(0, 4) },
      { ...options, x2: x },
    );
    for (const name of ['nngp', 'ntk'] as const) {
      for (const j of [0, 1, 2]) {
        expect(part[name].mean.data[j]).toBeCloseTo(square[name].mean.data[j], 12);
        expect(part[name].standardError.data[j]).toBeCloseTo(square[name].standardError.data[j], 12);
      }
    }
  });
});

test('any network is drawn by the scheme, and its own parameters are restored afterwards', async () => {
  const network = new Sequential(new Conv2d(1, 3, 2), new ReLU(), new Flatten(), new Linear(12, 2));
  initialize(network, pytorchDefault, new Generator(9));
  const before = stateDict(network);
  const images = draw(2, [2, 1, 3, 3]);
  const generator = new Generator(5);
  const { ntk, nngp } = await monteCarloKernel(network, images, {
    draws: 2,
    generator,
    parameters: 'weight',
    dtype: 'float64',
  });
  expect(stateDict(network)).toEqual(before);
  const drawn = await Promise.all(
    [0, 1].map(async (i) => {
      const copy = new Sequential(new Conv2d(1, 3, 2), new ReLU(), new Flatten(), new Linear(12, 2));
      initialize(copy, pytorchDefault, generator.fork(i));
      return tangentKernel(copy, images, { parameters: 'weight', dtype: 'float64' });
    }),
  );
  const mean = mapArray(drawn[0].kernel, (theta, i) => (theta + drawn[1].kernel.data[i]) / 4);
  expect(relativeError(ntk.mean, mean)).toBeLessThan(1e-14);
  const f = drawn.map(({ logits }) => (logits.data[0] * logits.data[2] + logits.data[1] * logits.data[3]) / 2);
  expect(nngp.mean.data[1]).toBeCloseTo((f[0] + f[1]) / 2, 14);
  expect(nngp.standardError.data[1]).toBeCloseTo(Math.abs(f[0] - f[1]) / 2, 14);
});

test('invalid arguments are refused', async () => {
  const network = wideNetwork(dense(1), [4]);
  await expect(monteCarloKernel(network, x, { draws: 1 })).rejects.toThrow('draws: expected an integer ≥ 2, got 1');
  await expect(monteCarloKernel(network, x, { confidence: 1 })).rejects.toThrow(
    'confidence: expected a finite number > 0 and < 1, got 1',
  );
  await expect(monteCarloKernel(network, x, { outputs: 'sum' } as never)).rejects.toThrow(
    'expected options among mode,',
  );
});
