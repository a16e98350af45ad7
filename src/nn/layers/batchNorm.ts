import {
  batchNorm,
  BATCH_NORM_EPSILON,
  batchNormWith,
  channelStatistics,
  ones,
  scale,
  type Tensor,
  zeros,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Buffer, Parameter } from '../parameter.ts';
import { BATCH_NORM_MOMENTUM } from '../runningStatistics.ts';
import type { Trace } from '../trace.ts';
import { integer, real } from './arguments.ts';

/** Options of {@link BatchNorm2d}. */
export interface BatchNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** How far a batch moves the running statistics; 0.1 by default. */
  readonly momentum?: number;
  /** Whether there are γ and β; true by default. */
  readonly affine?: boolean;
  /** Whether there are running statistics; true by default. Without them eval mode, too, normalises by the batch. */
  readonly trackRunningStats?: boolean;
}

/**
 * PyTorch's `BatchNorm2d` of [N, C, H, W]: by the batch in train mode, by running statistics in eval mode. `weight` is γ
 * and `bias` β, both [C]; the buffers `running_mean` and `running_var` start at 0 and 1.
 *
 * @throws ShapeError when an argument is out of its range.
 */
export class BatchNorm2d extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly runningMean: Buffer | undefined;
  readonly runningVar: Buffer | undefined;
  readonly #channels: number;
  readonly #eps: number;
  readonly #momentum: number;

  constructor(numFeatures: number, options: BatchNormOptions = {}) {
    super();
    const {
      eps = BATCH_NORM_EPSILON,
      momentum = BATCH_NORM_MOMENTUM,
      affine = true,
      trackRunningStats = true,
    } = options;
    this.#channels = integer('BatchNorm2d: numFeatures', numFeatures, 1);
    this.#eps = real('BatchNorm2d: eps', eps, 0);
    this.#momentum = real('BatchNorm2d: momentum', momentum, 0);
    this.weight = affine ? this.parameter('weight', new Parameter([numFeatures], 1)) : undefined;
    this.bias = affine ? this.parameter('bias', new Parameter([numFeatures], 0)) : undefined;
    this.runningMean = trackRunningStats ? this.buffer('running_mean', new Buffer([numFeatures], 0)) : undefined;
    this.runningVar = trackRunningStats ? this.buffer('running_var', new Buffer([numFeatures], 1)) : undefined;
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const gamma = this.weight ? trace.parameter(this.weight) : ones([this.#channels], x.dtype);
    const beta = this.bias ? trace.parameter(this.bias) : zeros([this.#channels], x.dtype);
    const { runningMean, runningVar } = this;
    if (trace.mode === 'eval' && runningMean && runningVar) {
      const statistics = { mean: trace.buffer(runningMean), variance: trace.buffer(runningVar) };
      return batchNormWith(statistics, x, gamma, beta, this.#eps);
    }
    if (runningMean && runningVar) {
      const [n, , h, w] = x.shape.slice(-4);
      const { mean, variance } = channelStatistics(x);
      trace.observe(runningMean, mean, this.#momentum);
      trace.observe(runningVar, scale(variance, (n * h * w) / (n * h * w - 1)), this.#momentum);
    }
    return batchNorm(x, gamma, beta, this.#eps);
  }
}
