import { describe, expect, test } from 'vitest';
import { jacobian } from '../../src/autodiff/index.ts';
import {
  AdaptiveAvgPool2d,
  AvgPool1d,
  BatchNorm1d,
  BatchNorm2d,
  Buffer,
  buildNetwork,
  constantly,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dropout,
  Embedding,
  Flatten,
  Functional,
  GlobalAvgPool2d,
  GroupNorm,
  Hardtanh,
  initialize,
  LayerNorm,
  LeakyReLU,
  Linear,
  loadStateDict,
  MaxPool2d,
  Module,
  MultiheadAttention,
  Parameter,
  PReLU,
  pytorchDefault,
  recalibrateBatchNorm,
  registerNetwork,
  ReLU,
  Sequential,
  Softmax,
  stateDict,
  Trace,
  Unflatten,
  updateRunningStatistics,
  Upsample,
  withZeroBias,
  ZeroPad2d,
} from '../../src/nn/index.ts';
import { computeNtk, countLinearRegions } from '../../src/ntk/index.ts';
import { networkCost } from '../../src/search/index.ts';
import {
  add,
  convolution,
  evaluate,
  Generator,
  globalAveragePool,
  InputError,
  multiply,
  type NDArray,
  ndarray,
  ones,
  relu,
  ShapeError,
  type Tensor,
} from '../../src/tensor/index.ts';
import { draw, relativeError } from '../../src/testing/arrays.ts';

const forward = async (network: Module, x: NDArray, mode: 'train' | 'eval' = 'eval') => {
  const trace = new Trace(network, x.shape, { mode });
  return (await evaluate([trace.y], new Map([...trace.variables(), [trace.x, x]])))[0];
};

/** A user's module: x · scale, with or without an initialisation of the scale. */
class Scale extends Module {
  readonly scale: Parameter;

  constructor(shape: readonly number[], start?: number) {
    super();
    this.scale = this.parameter('scale', new Parameter(shape, start));
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return multiply(x, trace.parameter(this.scale));
  }
}

describe('a module that is used twice', () => {
  const build = () => {
    const convolution = new Conv2d(3, 3, 3, { padding: 1, bias: false });
    const linear = new Linear(3, 2);
    return {
      twice: new Sequential(convolution, new ReLU(), convolution, new GlobalAvgPool2d(), linear),
      once: new Functional({ convolution, linear }, (x, { convolution, linear }) =>
        linear(globalAveragePool(convolution(relu(convolution(x))))),
      ),
    };
  };

  test('has its parameters once, under the first name', async () => {
    const { twice, once } = build();
    initialize(twice, pytorchDefault, new Generator(1));
    expect([...twice.namedParameters().keys()]).toEqual(['0.weight', '4.weight', '4.bias']);
    expect([...twice.namedModules().keys()]).toEqual(['', '0', '1', '3', '4']);
    const images = draw(2, [3, 3, 5, 5]);
    const [a, b] = [
      await computeNtk(twice, images, { mode: 'eval', dtype: 'float64' }),
      await computeNtk(once, images, { mode: 'eval', dtype: 'float64' }),
    ];
    // 3·3·3·3 + 2·3: the shared weight is one block of columns, as in the network that registers it once.
    expect([a.parameters.used, b.parameters.used]).toEqual([87, 87]);
    expect(relativeError(a.kernel, b.kernel)).toBe(0);
  });

  test('is saved under both names and loaded from either, unless they disagree', () => {
    const { twice } = build();
    initialize(twice, pytorchDefault, new Generator(1));
    const state = stateDict(twice);
    expect([...state.keys()]).toEqual(['0.weight', '2.weight', '4.weight', '4.bias']);
    const other = draw(3, [3, 3, 3, 3]);
    loadStateDict(twice, new Map([...state].filter(([name]) => name !== '0.weight')).set('2.weight', other));
    expect(stateDict(twice).get('0.weight')!.data).toEqual(other.data);
    const disagreeing = new Map(state).set('2.weight', other);
    expect(() => loadStateDict(twice, disagreeing, 'file')).toThrow(InputError);
    expect(() => loadStateDict(twice, disagreeing, 'file')).toThrow(/^file: 0\.weight and 2\.weight are one shared/);
    const neither = new Map([...state].filter(([name]) => !/^[02]/.test(name)));
    expect(() => loadStateDict(twice, neither)).toThrow('state: missing 0.weight, 2.weight');
  });

  test('updates its running statistics at every use, in order', async () => {
    const norm = new BatchNorm2d(1, { affine: false, momentum: 0.5 });
    const network = new Functional({ norm }, (x, { norm }) => norm(add(norm(x), norm(x))));
    const { data } = draw(1, [4, 1, 1, 1]);
    await updateRunningStatistics(network, { images: ndarray(data, [4, 1, 1, 1]) }, { dtype: 'float64' });
    const mean = [...data].reduce((a, b) => a + b) / 4;
    const variance = [...data].reduce((a, b) => a + (b - mean) ** 2, 0);
    // Biased variance v over 4 values: x̂ has biased variance v/(v + ε), 2·x̂ four times that; unbiased is 4/3 of it.
    const unbiased = variance / 3;
    const doubled = ((4 / 3) * 4 * (variance / 4)) / (variance / 4 + 1e-5);
    const half = (old: number, seen: number) => 0.5 * old + 0.5 * seen;
    expect(norm.runningMean!.value.data[0]).toBeCloseTo(half(half(half(0, mean), mean), 0), 12);
    expect(norm.runningVar!.value.data[0]).toBeCloseTo(half(half(half(1, unbiased), unbiased), doubled), 12);
    await recalibrateBatchNorm(network, [{ images: ndarray(data, [4, 1, 1, 1]) }], 0, { dtype: 'float64' });
    expect(norm.runningVar!.value.data[0]).toBeCloseTo((unbiased + unbiased + doubled) / 3, 12);
  });
});

describe('a parameter', () => {
  test('that does not declare how it starts is refused by name, and nothing is changed', () => {
    const network = new Sequential(new Linear(2, 2), new Scale([2]));
    expect(() => initialize(network, pytorchDefault, new Generator(0))).toThrow(InputError);
    expect(() => initialize(network, pytorchDefault, new Generator(0))).toThrow(/parameter 1\.scale does not declare/);
    expect(network.namedParameters().get('0.weight')!.hasValue).toBe(false);
  });

  test('without a value is an error that names it', async () => {
    const network = new Sequential(new Linear(2, 2), new Scale([2], 3));
    await expect(forward(network, draw(1, [4, 2]))).rejects.toThrow(/parameter 0\.weight has no value yet/);
    expect(() => stateDict(network)).toThrow(InputError);
    initialize(network, pytorchDefault, new Generator(0));
    expect([...network.namedParameters().get('1.scale')!.value.data]).toEqual([3, 3]);
  });

  test('of a user’s module draws from the stream of its name, and a fixed one does not change', () => {
    const drawn = (name: string) => {
      class Own extends Module {
        readonly drawn = this.parameter(name, new Parameter([3], (shape, generator) => generator.normals(shape)));
        readonly fixed = this.parameter('fixed', new Parameter([2], { fixed: 7 }));
        protected override forward(x: Tensor): Tensor {
          return x;
        }
      }
      const own = new Own();
      own.fixed.value = ndarray([1, 2], [2]);
      initialize(new Sequential(own), pytorchDefault, new Generator(5));
      expect([...own.fixed.value.data]).toEqual([1, 2]);
      return own.drawn.value.data;
    };
    expect(drawn('a')).toEqual(new Generator(5).fork('0.a').normals([3]).data);
    expect(drawn('a')).not.toEqual(drawn('b'));
  });

  test('accepts only values of its size', () => {
    const parameter = new Parameter([2, 3], 0);
    expect(() => (parameter.value = draw(1, [5]))).toThrow(/expected 6 elements for shape \[2, 3\], got 5/);
  });

  test('that no module of the network registers is an error, not a constant', () => {
    class Loose extends Module {
      readonly #loose = new Parameter([2], 1);
      protected override forward(x: Tensor, trace: Trace): Tensor {
        return multiply(x, trace.parameter(this.#loose));
      }
    }
    expect(() => new Trace(new Loose(), [3, 2], { mode: 'eval' })).toThrow(/belongs to no module of the network/);
  });
});

describe('layers with an initialisation of their own', () => {
  test('start as in PyTorch, whatever the scheme', () => {
    const draw = (layer: Module) => {
      initialize(layer, withZeroBias(constantly(9)), new Generator(1));
      return (name: string) => layer.namedParameters().get(name)!.value.data;
    };
    const attention = draw(new MultiheadAttention(16, 2, { batchFirst: true }));
    // Xavier uniform of [48, 16]: within √(6/64), and of 768 draws the largest is nearly there.
    const bound = Math.sqrt(6 / 64);
    const largest = Math.max(...attention('in_proj_weight').map(Math.abs));
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.97 * bound);
    expect(attention('in_proj_bias').every((x) => x === 0)).toBe(true);
    expect(attention('out_proj.bias').every((x) => x === 0)).toBe(true);
    expect(attention('out_proj.weight').every((x) => x === 9)).toBe(true);
    expect([...draw(new PReLU(2))('weight')]).toEqual([0.25, 0.25]);
    for (const norm of [new GroupNorm(1, 2), new LayerNorm(2), new BatchNorm1d(2)]) {
      expect([...draw(norm)('weight'), ...draw(norm)('bias')]).toEqual([1, 1, 0, 0]);
    }
    // N(0, 1): of 4,000 draws the variance is 1 within 5·√(2/4000) = 11 %.
    const embedding = draw(new Embedding(400, 10))('weight');
    expect(Math.abs([...embedding].reduce((sum, x) => sum + x * x, 0) / 4000 - 1)).toBeLessThan(0.11);
  });
});

describe('buffers', () => {
  test('are reset when the network is initialised', () => {
    const norm = new BatchNorm2d(2);
    norm.runningMean!.value = ndarray([5, 6], [2]);
    norm.runningVar!.value = ndarray([7, 8], [2]);
    initialize(new Sequential(norm), pytorchDefault, new Generator(0));
    expect([...norm.runningMean!.value.data, ...norm.runningVar!.value.data]).toEqual([0, 0, 1, 1]);
    const table = new Buffer([3], ndarray([1, 2, 3], [3]));
    table.value = ndarray([0, 0, 0], [3]);
    table.reset();
    expect([...table.value.data]).toEqual([1, 2, 3]);
  });

  test('do not exist without running statistics', async () => {
    const norm = new BatchNorm2d(2, { trackRunningStats: false });
    expect(norm.namedBuffers().size).toBe(0);
    const images = draw(1, [3, 2, 4, 4]);
    expect(relativeError(await forward(norm, images, 'eval'), await forward(norm, images, 'train'))).toBe(0);
  });
});

describe('names', () => {
  test('are unique within a module', () => {
    const children = { a: new ReLU() };
    class Twice extends Functional<typeof children> {
      constructor() {
        super(children, (x) => x);
        this.parameter('a', new Parameter([1], 0));
      }
    }
    expect(() => new Twice()).toThrow(/Twice: expected a new name, got a a second time/);
  });
});

describe('inputs', () => {
  test.each([[[4, 3]], [[4, 5, 3]], [[4, 2, 2, 3]]])('of shape %j pass, the batch first', async (shape) => {
    const network = new Sequential(new Linear(3, 2), new ReLU());
    initialize(network, pytorchDefault, new Generator(1));
    expect((await forward(network, draw(1, shape))).shape).toEqual([...shape.slice(0, -1), 2]);
  });

  test('without a batch dimension, and unknown modes, are refused', () => {
    const trace =
      (shape: number[], mode: string, dtype = 'float64') =>
      () =>
        new Trace(new ReLU(), shape, { mode, dtype } as { mode: 'eval'; dtype: 'float64' });
    expect(trace([], 'eval')).toThrow(ShapeError);
    expect(trace([0, 2], 'eval')).toThrow(/expected an input \[N, …\] with N ≥ 1/);
    expect(trace([1], 'Train')).toThrow(/trace: mode: expected "train" or "eval", got "Train"/);
    expect(trace([1], 'eval', 'float16')).toThrow(/trace: dtype/);
  });
});

describe('what is read from the graph', () => {
  const functional = () =>
    new Functional({ first: new Linear(2, 8), last: new Linear(8, 3) }, (x, { first, last }) => last(relu(first(x))));

  test('are the ReLUs of an MLP, although no module is a ReLU', async () => {
    const network = functional();
    initialize(network, pytorchDefault, new Generator(1));
    const { regions, reluUnits } = await countLinearRegions(network, [draw(1, [200, 2])], { mode: 'eval' });
    expect(reluUnits).toBe(8);
    // Eight lines in the plane cut it into at most 1 + 8 + 28 parts.
    expect(regions).toBeGreaterThan(1);
    expect(regions).toBeLessThanOrEqual(37);
  });

  test('are the operations of one sample', () => {
    expect(networkCost(functional(), [2])).toEqual({ parameters: 2 * 8 + 8 + 8 * 3 + 3, flops: 2 * 8 + 8 + 8 * 3 + 3 });
    expect(networkCost(new AdaptiveAvgPool2d([3, 2]), [4, 5, 5]).flops).toBe(0);
    // Three pixels meet 2 output channels of a group and 4 taps each.
    expect(networkCost(new ConvTranspose2d(2, 4, 2, { groups: 2 }), [2, 1, 3]).flops).toBe(2 * 3 * 2 * 4);
    // 4 groups of 1 channel, 3×3 taps, 6×6 pixels; a convolution's bias does not count.
    expect(networkCost(new Conv2d(4, 8, 3, { groups: 4 }), [4, 8, 8]).flops).toBe(8 * 6 * 6 * 9);
    const fixed = new Functional({}, (x) => convolution(x, ones([8, 4, 3, 3], x.dtype)));
    expect(networkCost(fixed, [4, 8, 8])).toEqual({ parameters: 0, flops: 8 * 6 * 6 * 4 * 9 });
  });
});

describe('network families', () => {
  test('are registered by name', () => {
    registerNetwork({ name: 'test mlp', build: (fields) => new Linear(fields.integer('width', 1), 2) });
    const network = buildNetwork({ name: 'test mlp', width: 5 });
    expect(network.namedParameters().get('weight')!.shape).toEqual([2, 5]);
    expect(() => buildNetwork({ name: 'resnet18' })).toThrow(/"infer.tiny", "DARTS-V1" or "test mlp", got "resnet18"/);
  });
});

describe('arguments of layers', () => {
  test.each([
    [() => new Conv2d(3, 5, 3, { groups: 2 }), /Conv2d: groups: expected a divisor of the 3 inChannels, got 2/],
    [() => new Conv2d(4, 5, 3, { groups: 2 }), /Conv2d: groups: expected a divisor of the 5 outChannels, got 2/],
    [() => new Conv2d(-1, 4, 3), /Conv2d: inChannels: expected an integer ≥ 1, got -1/],
    [() => new Parameter([-1], 0), /parameter: shape: expected a shape, a list of integers ≥ 0, got \[-1\]/],
    [() => new Conv2d(1, 4, 0), /Conv2d: kernelSize: expected an integer ≥ 1 or a pair of them, got 0/],
    [() => new Conv2d(1, 4, [3] as unknown as [number, number]), /Conv2d: kernelSize: .* got \[3\]/],
    [() => new Conv2d(1, 4, 3, { stride: 0 }), /Conv2d: stride/],
    [() => new Conv2d(1, 4, 3, { padding: -1 }), /Conv2d: padding/],
    [() => new Linear(2.5, 1), /Linear: inFeatures: expected an integer ≥ 1, got 2.5/],
    [() => new BatchNorm2d(0), /BatchNorm2d: numFeatures/],
    [() => new GroupNorm(3, 4), /GroupNorm: numGroups: expected a divisor of the 4 channels, got 3/],
    [() => new LayerNorm([]), /LayerNorm: normalizedShape: expected one or more extents, got none/],
    [() => new MaxPool2d(2, { dilation: 2 }), /MaxPool2d: dilation: expected 1/],
    [() => new AvgPool1d(0), /AvgPool1d: kernelSize/],
    [() => new AdaptiveAvgPool2d(0), /AdaptiveAvgPool2d: outputSize/],
    [() => new ZeroPad2d(-1), /ZeroPad2d: padding: expected an integer ≥ 0, got -1/],
    [() => new Dropout(1.5), /Dropout: p: expected at most 1, got 1.5/],
    [() => new Unflatten(1, [-1, -1]), /Unflatten: unflattenedSize: expected at most one −1, got 2/],
    [() => new PReLU(0), /PReLU: numParameters/],
    [
      () => new Conv2d(1, 1, 3, { padding: 'same', stride: 2 }),
      /Conv2d: padding: expected stride 1 for 'same', got 2, 2/,
    ],
    [() => new Conv1d(2, 3, 3, { groups: 2 }), /Conv1d: groups: expected a divisor of the 3 outChannels, got 2/],
    [() => new ConvTranspose2d(3, 2, 3, { groups: 2 }), /ConvTranspose2d: groups: .* 3 inChannels, got 2/],
    [() => new ConvTranspose2d(2, 2, 3, { outputPadding: -1 }), /ConvTranspose2d: outputPadding/],
    [() => new Upsample({}), /Upsample: expected either size or scaleFactor, got both or neither/],
    [() => new Upsample({ scaleFactor: 0 }), /Upsample: scaleFactor: expected a number > 0, got 0/],
    [() => new Embedding(0, 2), /Embedding: numEmbeddings/],
    [
      () => new MultiheadAttention(6, 4, { batchFirst: true }),
      /MultiheadAttention: numHeads: expected a divisor of the 6/,
    ],
    [
      () => new MultiheadAttention(6, 3, {} as { batchFirst: true }),
      /batchFirst: expected true or false, got undefined/,
    ],
    [() => new Hardtanh(1, 0), /Hardtanh: maxVal: expected a finite number ≥ 1, got 0/],
    [() => new LeakyReLU(NaN), /LeakyReLU: negativeSlope/],
    [() => new BatchNorm2d(1, { eps: NaN }), /BatchNorm2d: eps: expected a finite number ≥ 0, got NaN/],
  ])('%s are refused by the constructor', (make, message) => {
    expect(make).toThrow(ShapeError);
    expect(make).toThrow(message);
  });
});

describe('inputs that do not fit a layer', () => {
  const trace = (layer: Module, shape: number[]) => () => new Trace(layer, shape, { mode: 'eval' });

  test.each([
    [new GroupNorm(2, 4), [3, 5], /GroupNorm: expected input \[N, 4, …\], got \[3, 5\]/],
    [new LayerNorm([2, 3]), [4, 3, 2], /LayerNorm: expected input \[N, …, 2, 3\], got \[4, 3, 2\]/],
    [new BatchNorm1d(3), [2, 3, 4, 4], /BatchNorm1d: expected input \[N, C\] or \[N, C, L\]/],
    [new AvgPool1d(2), [2, 3], /AvgPool1d: expected input \[N, C, L\]/],
    [new Flatten(2), [2, 3], /Flatten: startDim: expected a dimension of shape \[2, 3\], got 2/],
    [new Unflatten(1, [2, 2]), [2, 3], /Unflatten: unflattenedSize: expected extents whose product is 3/],
    [new Conv1d(2, 2, 1), [1, 2, 3, 3], /Conv1d: expected input \[N, 2, L\], got \[1, 2, 3, 3\]/],
    [new Softmax(2), [2, 3], /Softmax: dim: expected a dimension of shape \[2, 3\], got 2/],
    [new MultiheadAttention(4, 2, { batchFirst: true }), [2, 3, 5], /MultiheadAttention: expected input \[N, T, 4\]/],
    [new PReLU(4), [2, 3], /PReLU: expected input \[N, 4, …\]/],
  ])('%o %j are refused by name', (layer, shape, message) => {
    expect(trace(layer, shape)).toThrow(ShapeError);
    expect(trace(layer, shape)).toThrow(message);
  });

  test('dropout is the identity in both modes', async () => {
    const x = draw(1, [3, 4]);
    for (const mode of ['train', 'eval'] as const) {
      expect((await forward(new Dropout(0.9), x, mode)).data).toEqual(x.data);
    }
  });
});

describe('a parameter that scales another', () => {
  test('gets the gradient of the product', async () => {
    const inner = new Parameter([2, 3], 'weight');
    class Scaled extends Module {
      readonly weight = this.parameter('weight', inner);
      readonly gain = this.parameter('gain', new Parameter([1], 2));
      protected override forward(x: Tensor, trace: Trace): Tensor {
        return multiply(x, multiply(trace.parameter(this.weight), trace.parameter(this.gain)));
      }
    }
    const network = new Scaled();
    initialize(network, pytorchDefault, new Generator(1));
    const trace = new Trace(network, [1, 2, 3], { mode: 'eval' });
    const x = draw(1, [1, 2, 3]);
    const [dGain] = jacobian(trace.y, [trace.parameters(network).get('gain')!]);
    const [value] = await evaluate([dGain], new Map([...trace.variables(), [trace.x, x]]));
    expect([...value.data]).toEqual([...x.data].map((xi, i) => xi * inner.value.data[i]));
  });
});
