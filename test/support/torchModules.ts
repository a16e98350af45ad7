import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  GELU,
  GroupNorm,
  LayerNorm,
  Linear,
  Module,
  MultiheadAttention,
  normalWith,
  Parameter,
  ReLU,
  Sequential,
  SiLU,
  Tanh,
  type Trace,
} from '../../src/nn/index.ts';
import {
  add,
  broadcastTo,
  concatenate,
  linear,
  matmul,
  mean,
  multiply,
  power,
  relu,
  reshape,
  scale,
  sigmoid,
  slice,
  softmax,
  sum,
  tanh,
  type Tensor,
  transpose,
} from '../../src/tensor/index.ts';

// The modules of test/torch/modules.py, written as a user of ntkit would write them, and named as there.

class Mlp extends Module {
  readonly #layers = this.child(
    'layers',
    new Sequential(new Linear(3, 5), new ReLU(), new Linear(5, 4), new Tanh(), new Linear(4, 2)),
  );

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.#layers.apply(x, trace);
  }
}

class Views extends Module {
  readonly #conv = this.child('conv', new Conv2d(2, 3, 3, { padding: 1 }));
  readonly #norm = this.child('norm', new BatchNorm2d(3));
  readonly #head = this.child('head', new Linear(3 * 3 * 3, 2));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = relu(this.#norm.apply(this.#conv.apply(x, trace), trace));
    return this.#head.apply(reshape(y, [y.shape[0], 27]), trace);
  }
}

class SkipSums extends Module {
  readonly #stem = this.child('stem', new Conv2d(2, 3, 1));
  readonly #blocks = [0, 1].map((i) =>
    this.child(`blocks.${i}`, new Sequential(new BatchNorm2d(3), new ReLU(), new Conv2d(3, 3, 3, { padding: 1 }))),
  );
  readonly #head = this.child('head', new Linear(3, 2));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const stem = this.#stem.apply(x, trace);
    const once = add(stem, this.#blocks[0].apply(stem, trace));
    const twice = add(once, scale(this.#blocks[1].apply(once, trace), 0.5));
    return this.#head.apply(mean(twice, [2, 3]), trace);
  }
}

class SharedWeights extends Module {
  readonly #embed = this.child('embed', new Linear(3, 4, { bias: false }));
  readonly #mix = this.child('mix', new Linear(4, 4));
  readonly #again = this.child('again', this.#mix);

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = tanh(this.#mix.apply(this.#embed.apply(x, trace), trace));
    const z = tanh(add(this.#again.apply(y, trace), this.#mix.apply(y, trace)));
    return matmul(z, trace.parameter(this.#embed.weight));
  }
}

class ScaledParameter extends Module {
  readonly #weight = this.parameter('weight', new Parameter([4, 3], 'weight'));
  readonly #gain = this.parameter('gain', new Parameter([4, 1], 1));
  readonly #norm = this.child('norm', new BatchNorm1d(4));
  readonly #head = this.child('head', new Linear(4, 3));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const weight = multiply(trace.parameter(this.#weight), trace.parameter(this.#gain));
    return this.#head.apply(tanh(this.#norm.apply(linear(x, weight), trace)), trace);
  }
}

class WeightNorm extends Module {
  readonly #g = this.parameter('weight_g', new Parameter([4, 1], 1));
  readonly #v = this.parameter('weight_v', new Parameter([4, 3], 'weight'));
  readonly #head = this.child('head', new Linear(4, 2));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const v = trace.parameter(this.#v);
    const norm = power(sum(power(v, 2), [1], { keepDimensions: true }), 0.5);
    const weight = multiply(trace.parameter(this.#g), multiply(v, power(norm, -1)));
    return this.#head.apply(relu(linear(x, weight)), trace);
  }
}

class SqueezeExcite extends Module {
  readonly #conv = this.child('conv', new Conv2d(2, 4, 3, { padding: 1, bias: false }));
  readonly #norm = this.child('norm', new BatchNorm2d(4));
  readonly #squeeze = this.child('squeeze', new Linear(4, 2));
  readonly #excite = this.child('excite', new Linear(2, 4));
  readonly #head = this.child('head', new Linear(4, 3));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = relu(this.#norm.apply(this.#conv.apply(x, trace), trace));
    const squeezed = relu(this.#squeeze.apply(mean(y, [2, 3]), trace));
    const gate = sigmoid(this.#excite.apply(squeezed, trace));
    return this.#head.apply(mean(multiply(y, reshape(gate, [...gate.shape, 1, 1])), [2, 3]), trace);
  }
}

class Mixture extends Module {
  readonly #alpha = this.parameter('alpha', new Parameter([3], normalWith(1)));
  readonly #branches = [true, false, true].map((bias, i) => this.child(`branches.${i}`, new Linear(3, 4, { bias })));
  readonly #norm = this.child('norm', new LayerNorm(4));
  readonly #head = this.child('head', new Linear(4, 2));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const p = softmax(trace.parameter(this.#alpha), 0);
    const activations = [(y: Tensor) => y, tanh, relu];
    const terms = this.#branches.map((branch, i) =>
      multiply(slice(p, [{ start: i, stop: i + 1 }]), activations[i](branch.apply(x, trace))),
    );
    return this.#head.apply(this.#norm.apply(add(...terms), trace), trace);
  }
}

class GroupNormNet extends Module {
  readonly #features = this.child(
    'features',
    new Sequential(
      new Conv2d(2, 4, 3, { padding: 1 }),
      new GroupNorm(2, 4),
      new SiLU(),
      new AvgPool2d(2),
      new Conv2d(4, 4, 3, { padding: 1, groups: 2 }),
      new GroupNorm(4, 4),
      new ReLU(),
      new AdaptiveAvgPool2d(1),
      new Flatten(),
    ),
  );
  readonly #head = this.child('head', new Linear(4, 3));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.#head.apply(this.#features.apply(x, trace), trace);
  }
}

class VisionTransformer extends Module {
  readonly #patches: Conv2d;
  readonly #token: Parameter;
  readonly #positions: Parameter;
  readonly #norm1: LayerNorm;
  readonly #attention: MultiheadAttention;
  readonly #norm2: LayerNorm;
  readonly #mlp: Sequential;
  readonly #head: Linear;

  constructor(width = 4) {
    super();
    this.#patches = this.child('patches', new Conv2d(2, width, 2, { stride: 2 }));
    this.#token = this.parameter('token', new Parameter([1, 1, width], normalWith(1)));
    this.#positions = this.parameter('positions', new Parameter([5, width], normalWith(0.5)));
    this.#norm1 = this.child('norm1', new LayerNorm(width));
    this.#attention = this.child('attention', new MultiheadAttention(width, 2, { batchFirst: true }));
    this.#norm2 = this.child('norm2', new LayerNorm(width));
    this.#mlp = this.child('mlp', new Sequential(new Linear(width, 6), new GELU(), new Linear(6, width)));
    this.#head = this.child('head', new Linear(width, 3));
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const patches = this.#patches.apply(x, trace);
    const [n, width, h, w] = patches.shape;
    const tokens = transpose(reshape(patches, [n, width, h * w]), [0, 2, 1]);
    const token = broadcastTo(trace.parameter(this.#token), [n, 1, width]);
    let y = add(concatenate([token, tokens], 1), trace.parameter(this.#positions));
    y = add(y, this.#attention.apply(this.#norm1.apply(y, trace), trace));
    y = add(y, this.#mlp.apply(this.#norm2.apply(y, trace), trace));
    const first = reshape(slice(y, [{ start: 0, stop: 1 }, {}]), [n, width]);
    return this.#head.apply(first, trace);
  }
}

/** The modules by the names of the script. */
export const torchModules: Readonly<Record<string, () => Module>> = {
  mlp: () => new Mlp(),
  views: () => new Views(),
  'skip sums': () => new SkipSums(),
  'shared weights': () => new SharedWeights(),
  'scaled parameter': () => new ScaledParameter(),
  'weight norm': () => new WeightNorm(),
  'squeeze-excite': () => new SqueezeExcite(),
  mixture: () => new Mixture(),
  'group norm': () => new GroupNormNet(),
  'vision transformer': () => new VisionTransformer(),
};
