import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  Conv2d,
  ELU,
  Flatten,
  Functional,
  GELU,
  initialize,
  kaimingNormal,
  Linear,
  MaxPool2d,
  type Module,
  parseCase,
  ReLU,
  ReLU6,
  Sequential,
  Trace,
  withZeroBias,
} from '../../src/nn/index.ts';
import { certifiedNtk, certify, computeNtk, preciseNtk } from '../../src/ntk/index.ts';
import { kinkSites } from '../../src/ntk/certificate/kinkSites.ts';
import {
  abs,
  constant,
  floor,
  Generator,
  InputError,
  less,
  max,
  maximum,
  multiply,
  ndarray,
  referenceBackend,
  scalar,
  select,
  softmax,
  stopGradient,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { golden } from '../support/golden.ts';
import { differentSides, kinkCase } from '../support/kinkNetworks.ts';
import { runs } from '../support/runs.ts';

const backend = wasmBackend({ threads: 1 });
afterAll(() => backend.close());

test('of random networks counts inputs on the other side of a kink than in float64, and its interval contains the κ of float64', async () => {
  let different = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: 1e6 }), async (seed) => {
      const { network, x, mode } = await kinkCase(seed);
      const certified = await certifiedNtk(network, x, { mode, backend });
      const exact = await computeNtk(network, x, { mode, backend: referenceBackend });
      const differ = await differentSides({ network, x, mode }, backend);
      if (differ > 0) {
        different += 1;
        expect(certified.kinks).toBeGreaterThan(0);
      }
      if (exact.verdict === 'resolved') {
        expect(certified.kappaInterval[0]).toBeLessThanOrEqual(exact.kappa);
        expect(certified.kappaInterval[1]).toBeGreaterThanOrEqual(exact.kappa);
      }
      if (certified.kinks === 0) {
        const size = Math.max(...exact.kernel.data.map(Math.abs));
        const error = exact.kernel.data.map((value, i) => Math.abs(value - certified.kernel.data[i]));
        expect(Math.max(...error)).toBeLessThan(1e-5 * size);
      }
    }),
    { numRuns: runs(200) },
  );
  // Otherwise this was not tested.
  expect(different).toBeGreaterThan(runs(200) / 20);
});

describe('the supernet whose κ depends on one ReLU', () => {
  const { network, input, mode } = parseCase(
    readFileSync(new URL('kinks/kink-supernet.safetensors', import.meta.url)),
    'kink-supernet',
  );

  test('has kinks on wasm, and an interval that contains κ', async () => {
    const { kinks, kappaInterval, kappaSides } = await certifiedNtk(network, input, { mode, backend });
    expect(kinks).toBeGreaterThan(0);
    expect(kappaSides.length).toBe(Math.min(4, kinks));
    expect(kappaInterval[0]).toBeLessThan(6.15904982);
    expect(kappaInterval[1]).toBeGreaterThan(6.15904983);
    // And it is not vacuously wide.
    expect(kappaInterval[1] / kappaInterval[0]).toBeLessThan(1.1);
  });
});

test.each(['nb201-arch-02-eval', 'nb201-supernet-01-train', 'darts-supernet-00-eval'])(
  '%s: the interval from measured errors contains κ, and is narrower than that from bounds',
  async (name) => {
    const { network, input, mode, metadata } = golden(name);
    const kappa = Number(metadata.kappa_float64);
    const certified = await certifiedNtk(network, input, { mode, backend });
    expect(certified).toMatchObject({ kinks: 0, kappaSides: [], rowErrorMeasured: true });
    const plain = await computeNtk(network, input, { mode, backend });
    for (const { kappaInterval } of [certified, plain]) {
      expect(kappaInterval[0]).toBeLessThan(kappa);
      expect(kappaInterval[1]).toBeGreaterThan(kappa);
    }
    expect(certified.kappaInterval[0]).toBeGreaterThan(plain.kappaInterval[0]);
    expect(certified.kappaInterval[1]).toBeLessThan(plain.kappaInterval[1]);
  },
);

describe('kinks', () => {
  const sitesOf = (layer: Module) => {
    const { x, y } = new Trace(new Sequential(layer), [2, 1, 4, 4], { mode: 'eval' });
    return kinkSites(y, [x]).map(({ tensor: { op } }) => (op.kind === 'primitive' ? op.primitive : op.kind));
  };
  const of = (f: (x: Tensor) => Tensor) => sitesOf(new Functional({}, f));
  const two = scalar(2);

  test('are where a derivative jumps', () => {
    expect(sitesOf(new ReLU())).toEqual(['relu']);
    expect(sitesOf(new ReLU6())).toEqual(['hardtanh']);
    expect(sitesOf(new MaxPool2d(2))).toEqual(['maxPoolIndex']);
    expect(of((x) => max(x, [-1]))).toEqual(['max']);
    expect(of((x) => maximum(x, multiply(x, two)))).toEqual(['maximum']);
    expect(of((x) => multiply(abs(x), x))).toEqual(['abs']);
    expect(of((x) => select(less(x, two), x, multiply(x, two)))).toEqual(['less']);
    expect(of((x) => multiply(x, floor(x)))).toEqual(['floor']);
  });

  test('are not where it does not, or where nothing depends on the batch', () => {
    expect(sitesOf(new ELU())).toEqual([]);
    expect(sitesOf(new GELU())).toEqual([]);
    expect(sitesOf(new ELU(0.5))).toEqual(['elu']);
    expect(of((x) => softmax(x))).toEqual([]);
    expect(of((x) => multiply(x, stopGradient(abs(x))))).toEqual([]);
    expect(of((x) => multiply(x, stopGradient(floor(x))))).toEqual(['floor']);
    const mask = constant(ndarray([1, -1, 1, -1], [4]));
    expect(of((x) => multiply(x, select(less(mask, two), mask, two)))).toEqual([]);
  });

  test('of each kind are found within rounding, and switched', async () => {
    // Outputs are sums of pixels; the first weight decides a tie at 0, at 6, or of two neighbours.
    const tie = (layer: Module, pixels: readonly number[]) => {
      const first = new Conv2d(1, 1, 1);
      first.weight.value = ndarray([1.1], [1, 1, 1, 1], 'float32');
      first.bias!.value = ndarray([0], [1], 'float32');
      const last = new Linear(layer instanceof MaxPool2d ? 1 : 4, 1, { bias: false });
      initialize(last, withZeroBias(kaimingNormal('fan-in')), new Generator(3));
      const network = new Sequential(first, layer, new Flatten(), last);
      const x = ndarray([...pixels, 0.3, 2.2, -1.7, 0.9], [2, 1, 2, 2], 'float32');
      return certifiedNtk(network, x, { mode: 'eval', parameters: 'all', backend });
    };
    const cases: [Module, readonly number[], number][] = [
      // 1.1·x rounds near the kink: within some 1e-7 of it. Neighbours at 1.9 are nearer to each other than products there.
      [new ReLU6(), [6 / 1.1, -1, 0.5, 2], 1],
      [new ReLU6(), [5.4, -1, 0.5, 2], 0],
      [new MaxPool2d(2), [1.9, 1.9000001, 0.5, 1], 1],
      [new MaxPool2d(2), [2.2, 2.3, 0.5, 1], 0],
    ];
    for (const [layer, pixels, kinks] of cases) {
      const certified = await tie(layer, pixels);
      expect({ pixels, kinks: certified.kinks, sides: certified.kappaSides.length }).toEqual({
        pixels,
        kinks,
        sides: kinks,
      });
      if (kinks === 0) continue;
      const [side] = certified.kappaSides;
      // Which of two equal pixels wins changes nothing here; whether a pixel counts does.
      if (layer instanceof ReLU6) expect(Math.abs(side / certified.kappa - 1)).toBeGreaterThan(1e-3);
      expect(certified.kappaInterval[0]).toBeLessThanOrEqual(Math.min(side, certified.kappa));
      expect(certified.kappaInterval[1]).toBeGreaterThanOrEqual(Math.max(side, certified.kappa));
    }
  });

  test('do not include ties among zeros', async () => {
    // A pool over the zeros of a ReLU: whole windows of zeros.
    const network = new Sequential(new Conv2d(1, 2, 3), new ReLU(), new MaxPool2d(2), new Flatten(), new Linear(18, 2));
    initialize(network, withZeroBias(kaimingNormal('fan-in')), new Generator(1));
    const { kinks } = await certifiedNtk(network, draw(2, [32, 1, 8, 8]), { mode: 'eval', backend });
    expect(kinks).toBe(0);
  });
});

describe('in float64', () => {
  const { network, input, mode, metadata } = golden('nb201-arch-01-train');

  test('the error of rows is measured in float32 and scaled', async () => {
    const certified = await certifiedNtk(network, input, { mode, dtype: 'float64' });
    expect(certified.rowErrorMeasured).toBe(true);
    expect(certified.rowError).toBeLessThan(1e-13);
    expect(certified.kinks).toBe(0);
    expect(Math.abs(certified.kappa / Number(metadata.kappa_float64) - 1)).toBeLessThan(1e-10);
  });

  test('κ of singular values is that of eigenvalues, and certified as such', async () => {
    const precise = await certifiedNtk(network, input, { mode, precise: true });
    expect(precise).toMatchObject({ spectrumOf: 'rows', dtype: 'float64', verdict: 'resolved', kinks: 0 });
    expect(Math.abs(precise.kappa / Number(metadata.kappa_float64) - 1)).toBeLessThan(1e-11);
    await expect(preciseNtk(network, input, { mode, dtype: 'float32' })).rejects.toThrow(
      new InputError('precise kernel: dtype: expected float64, got float32'),
    );
  });

  test('κ = 1e12 of known rows is right to 1e-6, also with traced outputs', async () => {
    // The rows of a linear network are the images; with K outputs each has K copies.
    const linear = new Linear(3, 2, { bias: false });
    linear.weight.value = ndarray([1, 2, 3, 4, 5, 6], [2, 3]);
    const sigma = [1, 1e-3, 1e-6];
    const turned = [
      [2 / 3, -2 / 3, 1 / 3],
      [1 / 3, 2 / 3, 2 / 3],
      [2 / 3, 1 / 3, -2 / 3],
    ];
    const x = ndarray(
      turned.flatMap((row) => row.map((value, k) => value * sigma[k])),
      [3, 3],
    );
    for (const outputs of ['sum', 'trace'] as const) {
      const precise = await preciseNtk(linear, x, { outputs });
      expect(Math.abs(precise.kappa / 1e12 - 1)).toBeLessThan(1e-6);
      expect(precise.verdict).toBe('resolved');
      expect(precise.kernel.shape).toEqual([3, 3]);
    }
  });
});

test('a certificate has the precision and the parameters of its kernel', async () => {
  const { network, input, mode } = golden('nb201-arch-00-eval');
  const ntk = await computeNtk(network, input, { mode, backend });
  await expect(certify(network, input, ntk, { dtype: 'float64' })).rejects.toThrow(
    new InputError('certify: dtype: expected float32, that of the kernel, got float64'),
  );
  await expect(certify(network, input, ntk, { parameters: /^classifier\.weight$/, backend })).rejects.toThrow(
    new InputError(
      `certify: parameters: expected the choice of the kernel, of ${ntk.parameters.used} numbers, ` +
        `got /^classifier\\.weight$/, of ${network.namedParameters().get('classifier.weight')!.value.data.length}`,
    ),
  );
});
