import { checkOptions, oneOf } from '../../check.ts';
import {
  add,
  elu,
  gelu,
  geluTanh,
  hardsigmoid,
  hardswish,
  hardtanh,
  leakyRelu,
  logSoftmax,
  mish,
  multiply,
  relu,
  relu6,
  reshape,
  ShapeError,
  sigmoid,
  silu,
  softmax,
  softplus,
  subtract,
  tanh,
  type Tensor,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { dimension, integer, real } from './arguments.ts';

/**
 * max(x, 0), element by element; its derivative at 0 is 0, as in PyTorch.
 *
 * @example
 * const y = await forward(new ReLU(), ndarray([-1, 0, 2], [1, 3]));
 * console.log([...y.data]); // [ 0, 0, 2 ]
 */
export class ReLU extends Module {
  protected override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/**
 * PyTorch's `PReLU`: x where x > 0 and `weight`·x elsewhere; one weight for all channels or one for each, of [N, C, …].
 *
 * @throws ShapeError when an argument is out of its range, or the input has other channels.
 *
 * @example
 * const layer = new PReLU(1, 0.5);
 * initialize(layer, pytorchDefault, new Generator(0));
 * const y = await forward(layer, ndarray([-2, 2], [1, 2]));
 * console.log([...y.data]); // [ -1, 2 ]
 */
export class PReLU extends Module {
  readonly weight: Parameter;

  constructor(numParameters = 1, init = 0.25) {
    super();
    integer('PReLU: numParameters', numParameters, 1);
    this.weight = this.parameter('weight', new Parameter([numParameters], real('PReLU: init', init)));
  }

  protected override get expectedInput() {
    return this.weight.shape[0] > 1 ? ['N', this.weight.shape[0], '…'] : undefined;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const [channels] = this.weight.shape;
    const pixels = channels > 1 ? x.shape.slice(2).map(() => 1) : [];
    const weight = reshape(trace.parameter(this.weight), [channels, ...pixels]);
    const positive = relu(x);
    return add(positive, multiply(weight, subtract(x, positive)));
  }
}

/**
 * min(max(x, 0), 6).
 *
 * @example
 * const y = await forward(new ReLU6(), ndarray([-1, 3, 8], [1, 3]));
 * console.log([...y.data]); // [ 0, 3, 6 ]
 */
export class ReLU6 extends Module {
  protected override forward(x: Tensor): Tensor {
    return relu6(x);
  }
}

/**
 * PyTorch's `LeakyReLU`: x where x > 0 and `negativeSlope`·x elsewhere; 0.01 by default.
 *
 * @example
 * const y = await forward(new LeakyReLU(0.5), ndarray([-2, 2], [1, 2]));
 * console.log([...y.data]); // [ -1, 2 ]
 */
export class LeakyReLU extends Module {
  readonly #slope: number;

  constructor(negativeSlope = 0.01) {
    super();
    this.#slope = real('LeakyReLU: negativeSlope', negativeSlope);
  }

  protected override forward(x: Tensor): Tensor {
    return leakyRelu(x, this.#slope);
  }
}

/**
 * PyTorch's `ELU`: x where x > 0 and `alpha`·(eˣ − 1) elsewhere; 1 by default (Clevert et al. 2016).
 *
 * @example
 * const y = await forward(new ELU(), ndarray([-100, 0, 2], [1, 3]));
 * console.log([...y.data]); // [ -1, 0, 2 ]
 */
export class ELU extends Module {
  readonly #alpha: number;

  constructor(alpha = 1) {
    super();
    this.#alpha = real('ELU: alpha', alpha);
  }

  protected override forward(x: Tensor): Tensor {
    return elu(x, this.#alpha);
  }
}

/**
 * PyTorch's `Softplus`: log(1 + e^(beta·x)) / beta, and x itself where beta·x is above the threshold.
 *
 * @example
 * const y = await forward(new Softplus(), ndarray([0, 30], [1, 2])); // log 2, and 30 itself
 * console.log(Array.from(y.data, (value) => value.toFixed(3))); // [ '0.693', '30.000' ]
 */
export class Softplus extends Module {
  readonly #options: { readonly beta: number; readonly threshold: number };

  constructor(beta = 1, threshold = 20) {
    super();
    if (real('Softplus: beta', beta) === 0)
      throw new ShapeError('Softplus: beta: expected a number other than 0, got 0');
    this.#options = { beta, threshold: real('Softplus: threshold', threshold) };
  }

  protected override forward(x: Tensor): Tensor {
    return softplus(x, this.#options);
  }
}

/**
 * 1 / (1 + e⁻ˣ).
 *
 * @example
 * const y = await forward(new Sigmoid(), ndarray([-1000, 0, 1000], [1, 3]));
 * console.log([...y.data]); // [ 0, 0.5, 1 ]
 */
export class Sigmoid extends Module {
  protected override forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

/**
 * The hyperbolic tangent.
 *
 * @example
 * const y = await forward(new Tanh(), ndarray([-100, 0, 100], [1, 3]));
 * console.log([...y.data]); // [ -1, 0, 1 ]
 */
export class Tanh extends Module {
  protected override forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/**
 * x / (1 + e⁻ˣ), also called swish.
 *
 * @example
 * const y = await forward(new SiLU(), ndarray([0, 1, 100], [1, 3]));
 * console.log(Array.from(y.data, (value) => value.toFixed(3))); // [ '0.000', '0.731', '100.000' ]
 */
export class SiLU extends Module {
  protected override forward(x: Tensor): Tensor {
    return silu(x);
  }
}

/**
 * PyTorch's `GELU`: x·Φ(x) with the normal distribution function Φ (Hendrycks & Gimpel 2016), or its approximation by a
 * hyperbolic tangent.
 *
 * @throws InputError when `approximate` is neither `none` nor `tanh`.
 *
 * @example
 * const y = await forward(new GELU(), ndarray([0, 1, 100], [1, 3]));
 * console.log(Array.from(y.data, (value) => value.toFixed(3))); // [ '0.000', '0.841', '100.000' ]
 */
export class GELU extends Module {
  readonly #approximate: 'none' | 'tanh';

  constructor(options: { readonly approximate?: 'none' | 'tanh' } = {}) {
    super();
    checkOptions('GELU', options, ['approximate']);
    const { approximate = 'none' } = options;
    this.#approximate = oneOf('GELU: approximate', approximate, ['none', 'tanh']);
  }

  protected override forward(x: Tensor): Tensor {
    return this.#approximate === 'tanh' ? geluTanh(x) : gelu(x);
  }
}

/**
 * x · min(max(x + 3, 0), 6) / 6 (Howard et al. 2019).
 *
 * @example
 * const y = await forward(new Hardswish(), ndarray([-1.5, 0, 3], [1, 3]));
 * console.log([...y.data]); // [ -0.375, 0, 3 ]
 */
export class Hardswish extends Module {
  protected override forward(x: Tensor): Tensor {
    return hardswish(x);
  }
}

/**
 * min(max(x + 3, 0), 6) / 6.
 *
 * @example
 * const y = await forward(new Hardsigmoid(), ndarray([-4, 0, 4], [1, 3]));
 * console.log([...y.data]); // [ 0, 0.5, 1 ]
 */
export class Hardsigmoid extends Module {
  protected override forward(x: Tensor): Tensor {
    return hardsigmoid(x);
  }
}

/**
 * PyTorch's `Hardtanh`: min(max(x, minVal), maxVal); −1 and 1 by default.
 *
 * @example
 * const y = await forward(new Hardtanh(), ndarray([-5, 0.5, 5], [1, 3]));
 * console.log([...y.data]); // [ -1, 0.5, 1 ]
 */
export class Hardtanh extends Module {
  readonly #bounds: readonly [number, number];

  constructor(minVal = -1, maxVal = 1) {
    super();
    this.#bounds = [real('Hardtanh: minVal', minVal), real('Hardtanh: maxVal', maxVal, minVal)];
  }

  protected override forward(x: Tensor): Tensor {
    return hardtanh(x, ...this.#bounds);
  }
}

/**
 * x · tanh(log(1 + eˣ)) (Misra 2019).
 *
 * @example
 * const y = await forward(new Mish(), ndarray([0, 1, 100], [1, 3]));
 * console.log(Array.from(y.data, (value) => value.toFixed(3))); // [ '0.000', '0.865', '100.000' ]
 */
export class Mish extends Module {
  protected override forward(x: Tensor): Tensor {
    return mish(x);
  }
}

/**
 * PyTorch's `Softmax`: eˣ / Σ eˣ along a dimension, the batch being dimension 0.
 *
 * @throws ShapeError when the input does not have the dimension.
 *
 * @example
 * const y = await forward(new Softmax(1), ndarray([0, 0, 1000], [1, 3]));
 * console.log([...y.data]); // [ 0, 0, 1 ]
 */
export class Softmax extends Module {
  readonly #dim: number;

  constructor(dim: number) {
    super();
    this.#dim = dim;
  }

  protected override forward(x: Tensor): Tensor {
    return softmax(x, dimension('Softmax: dim', this.#dim, x));
  }
}

/**
 * PyTorch's `LogSoftmax`: x − log Σ eˣ along a dimension, the batch being dimension 0.
 *
 * @throws ShapeError when the input does not have the dimension.
 *
 * @example
 * const y = await forward(new LogSoftmax(1), ndarray([0, 0, 1000], [1, 3]));
 * console.log([...y.data]); // [ -1000, -1000, 0 ]
 */
export class LogSoftmax extends Module {
  readonly #dim: number;

  constructor(dim: number) {
    super();
    this.#dim = dim;
  }

  protected override forward(x: Tensor): Tensor {
    return logSoftmax(x, dimension('LogSoftmax: dim', this.#dim, x));
  }
}
