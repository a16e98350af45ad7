import { checkOptions } from '../../check.ts';
import {
  batchNorm,
  BATCH_NORM_EPSILON,
  batchNormWith,
  channelStatistics,
  formatShape,
  ones,
  reshape,
  scale,
  ShapeError,
  type Tensor,
  zeros,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Buffer, Parameter } from '../parameter.ts';
import { BATCH_NORM_MOMENTUM } from '../runningStatistics.ts';
import type { Trace } from '../trace.ts';
import { integer, real } from './arguments.ts';

/** Options of a layer that normalises channels. */
export interface ChannelNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number | undefined;
  /** How far a batch moves the running statistics; 0.1 by default. */
  readonly momentum?: number | undefined;
  /** Whether there are γ and β. */
  readonly affine?: boolean | undefined;
  /** Whether there are running statistics. Without them eval mode, too, normalises by the input. */
  readonly trackRunningStats?: boolean | undefined;
}

/** What each option is where it is not given. */
export type ChannelNormDefaults = { readonly [K in keyof ChannelNormOptions]-?: NonNullable<ChannelNormOptions[K]> };

/**
 * What layers that normalise channels have in common: γ and β as `weight` and `bias`, running statistics as buffers.
 *
 * @example
 * const norm = new BatchNorm2d(3, { affine: false });
 * console.log(norm instanceof ChannelNorm, norm.weight, norm.runningVar?.shape); // true undefined [ 3 ]
 */
export abstract class ChannelNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly runningMean: Buffer | undefined;
  readonly runningVar: Buffer | undefined;
  protected readonly channels: number;
  protected readonly eps: number;
  protected readonly momentum: number;

  constructor(layer: string, numFeatures: number, defaults: ChannelNormDefaults, options: ChannelNormOptions) {
    super();
    checkOptions(layer, options, ['eps', 'momentum', 'affine', 'trackRunningStats']);
    const {
      eps = defaults.eps,
      momentum = defaults.momentum,
      affine = defaults.affine,
      trackRunningStats = defaults.trackRunningStats,
    } = options;
    this.channels = integer(`${layer}: numFeatures`, numFeatures, 1);
    this.eps = real(`${layer}: eps`, eps, 0);
    this.momentum = real(`${layer}: momentum`, momentum, 0);
    this.weight = affine ? this.parameter('weight', new Parameter([numFeatures], 1)) : undefined;
    this.bias = affine ? this.parameter('bias', new Parameter([numFeatures], 0)) : undefined;
    this.runningMean = trackRunningStats ? this.buffer('running_mean', new Buffer([numFeatures], 0)) : undefined;
    this.runningVar = trackRunningStats ? this.buffer('running_var', new Buffer([numFeatures], 1)) : undefined;
  }

  protected gamma(trace: Trace): Tensor {
    return this.weight ? trace.parameter(this.weight) : ones([this.channels], trace.dtype);
  }

  protected beta(trace: Trace): Tensor {
    return this.bias ? trace.parameter(this.bias) : zeros([this.channels], trace.dtype);
  }

  /** Normalises by the running statistics; undefined in train mode or where there are none. */
  protected byRunningStatistics(x: Tensor, trace: Trace): Tensor | undefined {
    const { runningMean, runningVar } = this;
    if (trace.mode === 'train' || !runningMean || !runningVar) return undefined;
    const statistics = { mean: trace.buffer(runningMean), variance: trace.buffer(runningVar) };
    return batchNormWith(statistics, x, this.gamma(trace), this.beta(trace), this.eps);
  }

  /** Batch norm of [N, C, H, W]. */
  protected batchNorm(x: Tensor, trace: Trace): Tensor {
    const normalized = this.byRunningStatistics(x, trace);
    if (normalized) return normalized;
    const [n, , h, w] = x.shape.slice(-4);
    this.observe(trace, x, n * h * w);
    return batchNorm(x, this.gamma(trace), this.beta(trace), this.eps);
  }

  /**
   * Tells the trace what the running statistics see: means and variances of each channel over `count` values.
   *
   * @param x [N, C, H, W]
   * @param reduce brings a statistic to the shape [C].
   */
  protected observe(
    trace: Trace,
    x: Tensor,
    count: number,
    reduce: (statistic: Tensor) => Tensor = (statistic) => statistic,
  ): void {
    const { runningMean, runningVar } = this;
    if (trace.mode === 'eval' || !runningMean || !runningVar) return;
    const unbiased = count / (count - 1);
    trace.observe(runningMean, () => reduce(channelStatistics(x).mean), this.momentum);
    trace.observe(runningVar, () => reduce(scale(channelStatistics(x).variance, unbiased)), this.momentum);
  }
}

/** Batch norm's options: affine and with running statistics by default. */
const BATCH_NORM_DEFAULTS = {
  eps: BATCH_NORM_EPSILON,
  momentum: BATCH_NORM_MOMENTUM,
  affine: true,
  trackRunningStats: true,
};

/**
 * PyTorch's `BatchNorm2d` of [N, C, H, W]: by the batch in train mode, by running statistics in eval mode. `weight` is γ
 * and `bias` β, both [C]; the buffers `running_mean` and `running_var` start at 0 and 1. Affine and with running
 * statistics by default.
 *
 * @throws ShapeError when an argument is out of its range.
 *
 * @example
 * const layer = new BatchNorm2d(1);
 * initialize(layer, pytorchDefault, new Generator(0));
 * const x = ndarray([1, 3], [2, 1, 1, 1]); // mean 2, variance 1
 * const [train, test] = [await forward(layer, x, { mode: 'train' }), await forward(layer, x)];
 * console.log(Array.from(train.data, Math.round), Array.from(test.data, Math.round)); // [ -1, 1 ] [ 1, 3 ]
 */
export class BatchNorm2d extends ChannelNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('BatchNorm2d', numFeatures, BATCH_NORM_DEFAULTS, options);
  }

  protected override get expectedInput() {
    return ['N', this.channels, 'H', 'W'];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return this.batchNorm(x, trace);
  }
}

/**
 * PyTorch's `BatchNorm1d` of [N, C] or [N, C, L]; see {@link BatchNorm2d}.
 *
 * @throws ShapeError when an argument is out of its range, or the input has another rank.
 *
 * @example
 * const layer = new BatchNorm1d(1);
 * initialize(layer, pytorchDefault, new Generator(0));
 * const y = await forward(layer, ndarray([1, 3], [2, 1]), { mode: 'train' });
 * console.log(Array.from(y.data, Math.round)); // [ -1, 1 ]
 */
export class BatchNorm1d extends ChannelNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super('BatchNorm1d', numFeatures, BATCH_NORM_DEFAULTS, options);
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    if (x.rank !== 2 && x.rank !== 3) {
      throw new ShapeError(`BatchNorm1d: expected input [N, C] or [N, C, L], got ${formatShape(x.shape)}`);
    }
    const [n, c, l = 1] = x.shape;
    return reshape(this.batchNorm(reshape(x, [n, c, l, 1]), trace), x.shape);
  }
}
