import {
  averagePool,
  BATCH_NORM_EPSILON,
  batchNorm,
  batchNormWith,
  channelAffine,
  convolution,
  type ConvolutionOptions,
  globalAveragePool,
  linear,
  maxPool,
  ones,
  type Pair,
  type PoolOptions,
  relu,
  type Tensor,
  zeros,
} from '../tensor/index.ts';
import { Module, Variable } from './module.ts';
import type { Trace } from './trace.ts';

/** Options of {@link Conv2d}: the geometry, and whether there is a bias (yes unless told otherwise). */
export interface Conv2dOptions extends ConvolutionOptions {
  readonly bias?: boolean;
}

/** Convolution of [N, Cin, H, W] to [N, Cout, P, Q]; `weight` [Cout, Cin/groups, R, S], `bias` [Cout]. */
export class Conv2d extends Module {
  readonly weight: Variable;
  readonly bias: Variable | undefined;
  readonly #options: Conv2dOptions;

  constructor(inChannels: number, outChannels: number, kernel: number | Pair, options: Conv2dOptions = {}) {
    super();
    const [r, s] = typeof kernel === 'number' ? [kernel, kernel] : kernel;
    this.weight = this.parameter('weight', new Variable([outChannels, inChannels / (options.groups ?? 1), r, s]));
    this.bias = options.bias === false ? undefined : this.parameter('bias', new Variable([outChannels]));
    this.#options = options;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = convolution(x, trace.parameter(this.weight), this.#options);
    return this.bias === undefined ? y : channelAffine(y, ones(this.bias.shape, y.dtype), trace.parameter(this.bias));
  }
}

/** Options of {@link BatchNorm2d}. */
export interface BatchNorm2dOptions {
  /** Added to the variance; 1e-5 unless told otherwise. */
  readonly epsilon?: number;
  /** Whether there are γ and β; yes unless told otherwise. */
  readonly affine?: boolean;
}

/**
 * Batch normalisation of [N, C, H, W]: by the batch in train mode, by running statistics in eval mode. `weight` is γ and
 * `bias` β, both [C]; the buffers `running_mean` and `running_var` start at 0 and 1.
 */
export class BatchNorm2d extends Module {
  readonly weight: Variable | undefined;
  readonly bias: Variable | undefined;
  readonly runningMean: Variable;
  readonly runningVariance: Variable;
  readonly #channels: number;
  readonly #epsilon: number;

  constructor(channels: number, { epsilon = BATCH_NORM_EPSILON, affine = true }: BatchNorm2dOptions = {}) {
    super();
    this.weight = affine ? this.parameter('weight', new Variable([channels], 1)) : undefined;
    this.bias = affine ? this.parameter('bias', new Variable([channels], 0)) : undefined;
    this.runningMean = this.buffer('running_mean', new Variable([channels], 0));
    this.runningVariance = this.buffer('running_var', new Variable([channels], 1));
    this.#channels = channels;
    this.#epsilon = epsilon;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const gamma = this.weight ? trace.parameter(this.weight) : ones([this.#channels], x.dtype);
    const beta = this.bias ? trace.parameter(this.bias) : zeros([this.#channels], x.dtype);
    if (trace.mode === 'train') return batchNorm(x, gamma, beta, this.#epsilon);
    const statistics = { mean: trace.buffer(this.runningMean), variance: trace.buffer(this.runningVariance) };
    return batchNormWith(statistics, x, gamma, beta, this.#epsilon);
  }
}

/** max(x, 0). */
export class ReLU extends Module {
  protected override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** x itself. */
export class Identity extends Module {
  protected override forward(x: Tensor): Tensor {
    return x;
  }
}

/** x·Wᵀ + b of [N, I] to [N, O]; `weight` [O, I], `bias` [O]. */
export class Linear extends Module {
  readonly weight: Variable;
  readonly bias: Variable | undefined;

  constructor(inFeatures: number, outFeatures: number, { bias = true }: { readonly bias?: boolean } = {}) {
    super();
    this.weight = this.parameter('weight', new Variable([outFeatures, inFeatures]));
    this.bias = bias ? this.parameter('bias', new Variable([outFeatures])) : undefined;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return linear(x, trace.parameter(this.weight), this.bias && trace.parameter(this.bias));
  }
}

/** The mean of every window; padding does not count unless told so. */
export class AvgPool2d extends Module {
  readonly #kernel: number | Pair;
  readonly #options: PoolOptions & { readonly countIncludePad?: boolean };

  constructor(kernel: number | Pair, options: PoolOptions & { readonly countIncludePad?: boolean } = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  protected override forward(x: Tensor): Tensor {
    return averagePool(x, this.#kernel, this.#options);
  }
}

/** The largest value of every window. */
export class MaxPool2d extends Module {
  readonly #kernel: number | Pair;
  readonly #options: PoolOptions;

  constructor(kernel: number | Pair, options: PoolOptions = {}) {
    super();
    this.#kernel = kernel;
    this.#options = options;
  }

  protected override forward(x: Tensor): Tensor {
    return maxPool(x, this.#kernel, this.#options);
  }
}

/** The mean over all pixels: [N, C, H, W] to [N, C]. */
export class GlobalAvgPool2d extends Module {
  protected override forward(x: Tensor): Tensor {
    return globalAveragePool(x);
  }
}
