import { describe, expect, test } from 'vitest';
import {
  BatchNorm2d,
  Conv2d,
  fan,
  Functional,
  GlobalAvgPool2d,
  initialize,
  kaimingNormal,
  kaimingUniform,
  Linear,
  MaxPool2d,
  Module,
  type Parameter,
  pytorchDefault,
  recalibrateBatchNorm,
  ReLU,
  type Scheme,
  Sequential,
  TE_NAS_SCHEMES,
  Trace,
  updateRunningStatistics,
  withZeroBias,
} from '../../src/nn/index.ts';
import { add, evaluate, Generator, InputError, multiply, type NDArray, type Tensor } from '../../src/tensor/index.ts';
import { draw, relativeError, stack } from '../../src/testing/arrays.ts';

const forward = async (network: Module, images: NDArray, mode: 'train' | 'eval') => {
  const trace = new Trace(network, images.shape, { mode });
  return (await evaluate([trace.y], new Map([...trace.variables(), [trace.x, images]])))[0];
};

const net = () =>
  new Sequential(
    new Conv2d(3, 64, 3, { padding: 1 }),
    new BatchNorm2d(64),
    new ReLU(),
    new MaxPool2d(2),
    new Functional({ a: new Conv2d(64, 64, 1), b: new BatchNorm2d(64) }, (x, { a, b }) => add(x, b(a(x)))),
    new GlobalAvgPool2d(),
    new Linear(64, 10),
  );

describe('modules', () => {
  test('name their parameters and buffers as PyTorch does, a module before its children', () => {
    expect([...net().namedParameters().keys()]).toEqual([
      '0.weight', '0.bias', '1.weight', '1.bias', '4.a.weight', '4.a.bias', '4.b.weight', '4.b.bias', '6.weight', '6.bias',
    ]); // prettier-ignore
    expect([...net().namedBuffers().keys()]).toEqual([
      '1.running_mean', '1.running_var', '4.b.running_mean', '4.b.running_var',
    ]); // prettier-ignore
  });

  test('compute the functions they consist of', async () => {
    const convolution = new Conv2d(1, 1, 1);
    convolution.weight.value = { shape: [1, 1, 1, 1], dtype: 'float64', data: Float64Array.of(2) };
    convolution.bias!.value = { shape: [1], dtype: 'float64', data: Float64Array.of(1) };
    const images: NDArray = { shape: [1, 1, 2, 2], dtype: 'float64', data: Float64Array.of(1, -2, 3, 0) };
    expect([...(await forward(new Sequential(convolution, new ReLU()), images, 'eval')).data]).toEqual([3, 0, 7, 1]);
  });

  test('a batch norm without affine parameters standardizes', async () => {
    const norm = new BatchNorm2d(2, { affine: false });
    expect(norm.namedParameters().size).toBe(0);
    const { data } = await forward(norm, draw(1, [3, 2, 4, 4]), 'train');
    expect([...data].reduce((a, b) => a + b)).toBeCloseTo(0, 12);
  });
});

describe('initialisation', () => {
  const shape = [64, 64, 3, 3];
  const moments = ({ data }: NDArray) => {
    const mean = [...data].reduce((a, b) => a + b, 0) / data.length;
    return { mean, variance: [...data].reduce((a, b) => a + (b - mean) ** 2, 0) / data.length };
  };

  test('fans are counted as PyTorch counts them', () => {
    expect([fan([8, 4, 3, 3], 'fan-in'), fan([8, 4, 3, 3], 'fan-out')]).toEqual([36, 72]);
    expect([fan([10, 64], 'fan-in'), fan([10, 64], 'fan-out')]).toEqual([64, 10]);
  });

  // 36,864 draws: the variance of a sample variance is about 2σ⁴/n (normal), so 5 standard errors are 5·√(2/n) = 3.7 %.
  test.each([
    ['normal, fan in', kaimingNormal('fan-in'), 2 / 576],
    ['normal, fan out', kaimingNormal('fan-out'), 2 / 576],
    ['uniform, fan in', kaimingUniform('fan-in'), 2 / 576],
  ])('Kaiming %s has mean 0 and variance 2/fan', (_, initializer, variance) => {
    const drawn = moments(initializer(shape, new Generator(1)));
    expect(Math.abs(drawn.mean)).toBeLessThan(5 * Math.sqrt(variance / 36864));
    expect(Math.abs(drawn.variance / variance - 1)).toBeLessThan(0.037);
  });

  test.each(['paper', 'code'] as const)('the scheme %s draws each layer as documented', (reading) => {
    const network = net();
    initialize(network, TE_NAS_SCHEMES[reading], new Generator(7));
    const value = (name: string) => network.namedParameters().get(name)!.value;
    const weight = moments(value('0.weight')).variance;
    // Fan in 27, fan out 576; 1,728 draws: 5 standard errors are 17 %.
    expect(Math.abs(weight / (reading === 'paper' ? 2 / 576 : 1 / 81) - 1)).toBeLessThan(0.17);
    expect(value('0.bias').data.every((x) => x === 0)).toBe(reading === 'paper');
    expect(Math.max(...value('0.bias').data.map(Math.abs))).toBeLessThanOrEqual(1 / Math.sqrt(27));
    expect(value('1.weight').data.every((x) => x === 1)).toBe(true);
    expect(value('1.bias').data.every((x) => x === 0)).toBe(true);
  });

  test('is the same for the same seed, and a layer’s draw does not depend on other layers', () => {
    const of = (network: Module, seed: number, scheme: Scheme = pytorchDefault) => {
      initialize(network, scheme, new Generator(seed));
      return network.namedParameters().get('0.weight')!.value.data;
    };
    expect(of(net(), 3)).toEqual(of(net(), 3));
    expect(of(net(), 3)).not.toEqual(of(net(), 4));
    expect(of(new Sequential(new Conv2d(3, 64, 3)), 3)).toEqual(of(net(), 3));
    expect(of(net(), 3, withZeroBias(kaimingNormal('fan-in')))).not.toEqual(of(net(), 3));
  });
});

test('a shared parameter is drawn by the first module that has it', () => {
  class Tied extends Module {
    readonly weight: Parameter;

    constructor(weight: Parameter) {
      super();
      this.weight = this.parameter('weight', weight);
    }

    protected override forward(x: Tensor, trace: Trace) {
      return multiply(x, trace.parameter(this.weight));
    }
  }
  const first = new Linear(3, 3);
  const of = (network: Module) => {
    initialize(network, pytorchDefault, new Generator(5));
    return first.weight.value.data;
  };
  const alone = of(new Sequential(first, new ReLU()));
  expect(of(new Sequential(first, new ReLU(), new Tied(first.weight)))).toEqual(alone);
  expect(of(new Sequential(new ReLU(), first))).not.toEqual(alone);
});

describe('running statistics', () => {
  const images = draw(1, [4, 3, 6, 6]);
  const unbiased = (values: readonly number[]) => {
    const mean = values.reduce((a, b) => a + b) / values.length;
    return { mean, variance: values.reduce((a, b) => a + (b - mean) ** 2, 0) / (values.length - 1) };
  };
  const channel = (batch: NDArray, c: number) => [...batch.data].filter((_, i) => Math.floor(i / 36) % 3 === c);

  test('move a tenth of the way to the batch, the variance unbiased', async () => {
    const norm = new BatchNorm2d(3);
    await updateRunningStatistics(new Sequential(norm), { images }, { dtype: 'float64' });
    for (const c of [0, 1, 2]) {
      const { mean, variance } = unbiased(channel(images, c));
      expect(norm.runningMean!.value.data[c]).toBeCloseTo(0.1 * mean, 12);
      expect(norm.runningVar!.value.data[c]).toBeCloseTo(0.9 + 0.1 * variance, 12);
    }
  });

  test('move by the momentum of the call, whatever the layers’ own', async () => {
    const norms = [new BatchNorm2d(3), new BatchNorm2d(3, { momentum: 0.7 })];
    const { mean, variance } = unbiased(channel(images, 1));
    for (const norm of norms) {
      await updateRunningStatistics(new Sequential(norm), { images }, { dtype: 'float64', momentum: 0.25 });
      expect(norm.runningMean!.value.data[1]).toBeCloseTo(0.25 * mean, 12);
      expect(norm.runningVar!.value.data[1]).toBeCloseTo(0.75 + 0.25 * variance, 12);
    }
    await updateRunningStatistics(new Sequential(norms[1]), { images }, { dtype: 'float64', momentum: 0 });
    expect(norms[1].runningMean!.value.data[1]).toBeCloseTo(0.25 * mean, 12);
  });

  test('are the mean over the given batches when recalibrated', async () => {
    const norm = new BatchNorm2d(3);
    const batches = [1, 2, 3].map((seed) => ({ images: draw(seed, [4, 3, 6, 6]) }));
    await recalibrateBatchNorm(new Sequential(norm), batches, 2, { dtype: 'float64' });
    const [a, b] = batches.map((batch) => unbiased(channel(batch.images, 1)));
    expect(norm.runningMean!.value.data[1]).toBeCloseTo((a.mean + b.mean) / 2, 12);
    expect(norm.runningVar!.value.data[1]).toBeCloseTo((a.variance + b.variance) / 2, 12);
  });

  test('are the mean over all batches when recalibrated on 0, and an invalid number is refused', async () => {
    const [all, three] = [new BatchNorm2d(3), new BatchNorm2d(3)];
    const batches = [1, 2, 3].map((seed) => ({ images: draw(seed, [4, 3, 6, 6]) }));
    await recalibrateBatchNorm(new Sequential(all), batches, 0, { dtype: 'float64' });
    await recalibrateBatchNorm(new Sequential(three), batches, 3, { dtype: 'float64' });
    expect(all.runningMean!.value).toEqual(three.runningMean!.value);
    expect(all.runningVar!.value).toEqual(three.runningVar!.value);
    expect(all.runningMean!.value.data[0]).not.toBe(0);
    for (const count of [-1, 1.5, NaN, '2' as unknown as number]) {
      await expect(recalibrateBatchNorm(new Sequential(all), batches, count)).rejects.toThrow(
        /^recalibrateBatchNorm: batches: expected an integer ≥ 0, got/,
      );
    }
  });

  test('recalibrated on one large batch make eval mode equal to train mode up to the bias of the variance', async () => {
    const network = net();
    initialize(network, pytorchDefault, new Generator(1));
    const batch = stack([...Array(8).keys()].map((seed) => draw(seed, [3, 8, 8])));
    await recalibrateBatchNorm(network, [{ images: batch }], 0, { dtype: 'float64' });
    const [train, evaluation] = [await forward(network, batch, 'train'), await forward(network, batch, 'eval')];
    // 512 values a channel at the first norm, 128 at the second: 1/m − 1 ≈ 0.8 %, half of it in the deviation.
    expect(relativeError(evaluation, train)).toBeLessThan(0.01);
  });

  test('need a batch', async () => {
    await expect(recalibrateBatchNorm(net(), [])).rejects.toThrow(InputError);
  });
});
