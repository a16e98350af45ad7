import { checkOptions, formatValue } from '../../check.ts';
import {
  add,
  channelAffine,
  mean,
  multiply,
  reshape,
  type Shape,
  ShapeError,
  sizeOf,
  standardizeRows,
  type Tensor,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { divides, integer, real } from './arguments.ts';
import { ChannelNorm, type ChannelNormOptions } from './batchNorm.ts';

/**
 * PyTorch's `GroupNorm` of [N, C, …]: every sample's channels are normalised in `numGroups` groups, in both modes alike.
 * `weight` is γ and `bias` β, both [C].
 *
 * @throws ShapeError when an argument is out of its range, or the input has other channels.
 *
 * @example
 * const layer = new GroupNorm(2, 4); // two groups of two channels
 * initialize(layer, pytorchDefault, new Generator(0));
 * const y = await forward(layer, ndarray([1, 3, 10, 30], [1, 4]));
 * console.log(Array.from(y.data, Math.round)); // [ -1, 1, -1, 1 ]
 */
export class GroupNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly #groups: number;
  readonly #channels: number;
  readonly #eps: number;

  constructor(
    numGroups: number,
    numChannels: number,
    options: { readonly eps?: number; readonly affine?: boolean } = {},
  ) {
    super();
    checkOptions('GroupNorm', options, ['eps', 'affine']);
    const { eps = 1e-5, affine = true } = options;
    this.#groups = integer('GroupNorm: numGroups', numGroups, 1);
    this.#channels = integer('GroupNorm: numChannels', numChannels, 1);
    divides('GroupNorm: numGroups', numGroups, 'channels', numChannels);
    this.#eps = real('GroupNorm: eps', eps, 0);
    this.weight = affine ? this.parameter('weight', new Parameter([numChannels], 1)) : undefined;
    this.bias = affine ? this.parameter('bias', new Parameter([numChannels], 0)) : undefined;
  }

  protected override get expectedInput() {
    return ['N', this.#channels, '…'];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const [n, c, ...pixels] = x.shape;
    const y = standardizeRows(x, n * this.#groups, this.#eps);
    if (!this.weight || !this.bias) return y;
    const image = reshape(y, [n, c, sizeOf(pixels), 1]);
    return reshape(channelAffine(image, trace.parameter(this.weight), trace.parameter(this.bias)), x.shape);
  }
}

/** Options of {@link LayerNorm}. */
export interface LayerNormOptions {
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number;
  /** Whether there is a γ, and with it a β; true by default. */
  readonly elementwiseAffine?: boolean;
  /** Whether there is a β beside γ; true by default. */
  readonly bias?: boolean;
}

/**
 * PyTorch's `LayerNorm` of [N, …, …normalizedShape]: over the last dimensions of every sample, in both modes alike.
 * `weight` and `bias` have the normalised shape.
 *
 * @throws ShapeError when an argument is out of its range, or the input does not end with the normalised shape.
 *
 * @example
 * const layer = new LayerNorm(2);
 * initialize(layer, pytorchDefault, new Generator(0));
 * const y = await forward(layer, ndarray([1, 3, 30, 10], [2, 2]));
 * console.log(Array.from(y.data, Math.round)); // [ -1, 1, 1, -1 ]
 */
export class LayerNorm extends Module {
  readonly weight: Parameter | undefined;
  readonly bias: Parameter | undefined;
  readonly #shape: Shape;
  readonly #eps: number;

  constructor(normalizedShape: number | Shape, options: LayerNormOptions = {}) {
    super();
    checkOptions('LayerNorm', options, ['eps', 'elementwiseAffine', 'bias']);
    const { eps = 1e-5, elementwiseAffine = true, bias = true } = options;
    const shape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    if (!(shape instanceof Array)) {
      throw new ShapeError(`LayerNorm: normalizedShape: expected a number or a list, got ${formatValue(shape)}`);
    }
    for (const extent of shape) integer('LayerNorm: normalizedShape', extent, 1);
    if (shape.length === 0) throw new ShapeError('LayerNorm: normalizedShape: expected one or more extents, got none');
    this.#shape = [...shape];
    this.#eps = real('LayerNorm: eps', eps, 0);
    this.weight = elementwiseAffine ? this.parameter('weight', new Parameter(shape, 1)) : undefined;
    this.bias = elementwiseAffine && bias ? this.parameter('bias', new Parameter(shape, 0)) : undefined;
  }

  protected override get expectedInput() {
    return ['N', '…', ...this.#shape];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = standardizeRows(x, sizeOf(x.shape) / sizeOf(this.#shape), this.#eps);
    const scaled = this.weight ? multiply(y, trace.parameter(this.weight)) : y;
    return this.bias ? add(scaled, trace.parameter(this.bias)) : scaled;
  }
}

/**
 * PyTorch's `InstanceNorm2d` of [N, C, H, W]: every channel of every sample by itself. Without affine parameters and
 * running statistics by default; with the latter eval mode normalises by them, as {@link BatchNorm2d} does.
 *
 * @throws ShapeError when an argument is out of its range.
 *
 * @example
 * const y = await forward(new InstanceNorm2d(1), ndarray([1, 3, 10, 30], [2, 1, 1, 2]));
 * console.log(Array.from(y.data, Math.round)); // [ -1, 1, -1, 1 ]
 */
export class InstanceNorm2d extends ChannelNorm {
  constructor(numFeatures: number, options: ChannelNormOptions = {}) {
    super(
      'InstanceNorm2d',
      numFeatures,
      { eps: 1e-5, momentum: 0.1, affine: false, trackRunningStats: false },
      options,
    );
  }

  protected override get expectedInput() {
    return ['N', this.channels, 'H', 'W'];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const normalized = this.byRunningStatistics(x, trace);
    if (normalized) return normalized;
    const [n, c, h, w] = x.shape;
    const instances = reshape(x, [1, n * c, h, w]);
    // PyTorch's running statistics see the mean over the samples of each sample's own statistic.
    this.observe(trace, instances, h * w, (statistic) => mean(reshape(statistic, [n, c]), [0]));
    const y = standardizeRows(x, n * c, this.eps);
    return this.weight ? channelAffine(y, this.gamma(trace), this.beta(trace)) : y;
  }
}
