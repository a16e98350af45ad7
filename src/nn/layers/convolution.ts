import { checkOptions } from '../../check.ts';
import {
  channelAffine,
  convolution,
  convolution1d,
  type Convolution1dOptions,
  type ConvolutionOptions,
  convolutionTranspose,
  type ConvolutionTransposeOptions,
  ones,
  type Pair,
  type PaddingOption,
  reshape,
  ShapeError,
  sides,
  type Sides,
  type Tensor,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { divides, integer, pairOf } from './arguments.ts';

/** Options of {@link Conv2d}. */
export interface Conv2dOptions extends Omit<ConvolutionOptions, 'padding'> {
  /** Zeros around the image; `'same'` keeps its size, with stride 1. 0 by default. */
  readonly padding?: PaddingOption | 'same';
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean;
}

/** What all convolutions have options for. */
const OPTIONS = ['stride', 'padding', 'dilation', 'groups', 'bias'] as const;

/**
 * PyTorch's `Conv2d`: [N, Cin, H, W] to [N, Cout, P, Q]; `weight` [Cout, Cin/groups, R, S], `bias` [Cout].
 *
 * @throws ShapeError when an argument is out of its range or groups do not divide the channels.
 *
 * @example
 * const conv = new Conv2d(3, 16, 3, { stride: 2, padding: 1, bias: false });
 * initialize(conv, pytorchDefault, new Generator(0));
 * console.log((await forward(conv, new Generator(0).normals([4, 3, 32, 32]))).shape); // [ 4, 16, 16, 16 ]
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #options: ConvolutionOptions & { readonly groups: number };

  constructor(inChannels: number, outChannels: number, kernelSize: number | Pair, options: Conv2dOptions = {}) {
    super();
    checkOptions('Conv2d', options, OPTIONS);
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
    checkChannels('Conv2d', inChannels, outChannels, groups);
    const kernel = pairOf('Conv2d: kernelSize', kernelSize, 1);
    this.weight = this.parameter('weight', new Parameter([outChannels, inChannels / groups, ...kernel], 'weight'));
    this.bias = bias ? this.parameter('bias', new Parameter([outChannels], { biasOf: this.weight })) : undefined;
    const geometry = {
      stride: pairOf('Conv2d: stride', stride, 1),
      dilation: pairOf('Conv2d: dilation', dilation, 1),
    };
    this.#options = {
      ...geometry,
      padding: padding === 'same' ? samePadding(kernel, geometry) : sides('Conv2d: padding', padding),
      groups,
    };
  }

  protected override get expectedInput() {
    return ['N', this.weight.shape[1] * this.#options.groups, 'H', 'W'];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = convolution(x, trace.parameter(this.weight), this.#options);
    return withBias(y, this.bias, trace);
  }
}

function withBias(y: Tensor, bias: Parameter | undefined, trace: Trace): Tensor {
  return bias === undefined ? y : channelAffine(y, ones(bias.shape, y.dtype), trace.parameter(bias));
}

/** The padding that keeps the size: of an odd number of zeros the larger part comes after the image, as in PyTorch. */
function samePadding(kernel: Pair, { stride, dilation }: { readonly stride: Pair; readonly dilation: Pair }): Sides {
  if (stride[0] !== 1 || stride[1] !== 1) {
    throw new ShapeError(`Conv2d: padding: expected stride 1 for 'same', got ${stride.join(', ')}`);
  }
  const side = (i: 0 | 1): Pair => {
    const total = dilation[i] * (kernel[i] - 1);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  return [side(0), side(1)];
}

function checkChannels(layer: string, inChannels: number, outChannels: number, groups: number): void {
  integer(`${layer}: inChannels`, inChannels, 1);
  integer(`${layer}: outChannels`, outChannels, 1);
  integer(`${layer}: groups`, groups, 1);
  divides(`${layer}: groups`, groups, 'inChannels', inChannels);
  divides(`${layer}: groups`, groups, 'outChannels', outChannels);
}

/** Options of {@link Conv1d}. */
export interface Conv1dOptions extends Convolution1dOptions {
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean;
}

/**
 * PyTorch's `Conv1d`: [N, Cin, L] to [N, Cout, M]; `weight` [Cout, Cin/groups, S], `bias` [Cout].
 *
 * @throws ShapeError when an argument is out of its range or groups do not divide the channels, or the input has another
 * rank.
 *
 * @example
 * const conv = new Conv1d(1, 2, 3, { padding: 1 });
 * initialize(conv, pytorchDefault, new Generator(0));
 * console.log((await forward(conv, new Generator(0).normals([4, 1, 10]))).shape); // [ 4, 2, 10 ]
 */
export class Conv1d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #options: Convolution1dOptions & { readonly groups: number };

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dOptions = {}) {
    super();
    checkOptions('Conv1d', options, OPTIONS);
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
    checkChannels('Conv1d', inChannels, outChannels, groups);
    integer('Conv1d: kernelSize', kernelSize, 1);
    this.weight = this.parameter('weight', new Parameter([outChannels, inChannels / groups, kernelSize], 'weight'));
    this.bias = bias ? this.parameter('bias', new Parameter([outChannels], { biasOf: this.weight })) : undefined;
    this.#options = {
      stride: integer('Conv1d: stride', stride, 1),
      padding: pairOf('Conv1d: padding', padding, 0),
      dilation: integer('Conv1d: dilation', dilation, 1),
      groups,
    };
  }

  protected override get expectedInput() {
    return ['N', this.weight.shape[1] * this.#options.groups, 'L'];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = convolution1d(x, trace.parameter(this.weight), this.#options);
    return reshape(withBias(reshape(y, [...y.shape, 1]), this.bias, trace), y.shape);
  }
}

/** Options of {@link ConvTranspose2d}. */
export interface ConvTranspose2dOptions extends ConvolutionTransposeOptions {
  /** Whether there is a bias; true by default. */
  readonly bias?: boolean;
}

/**
 * PyTorch's `ConvTranspose2d`, the adjoint of a convolution: [N, Cin, P, Q] to [N, Cout, H, W] with
 * H = (P − 1)·stride − 2·padding + dilation·(R − 1) + outputPadding + 1; `weight` [Cin, Cout/groups, R, S], `bias` [Cout].
 *
 * @throws ShapeError when an argument is out of its range or groups do not divide the channels.
 *
 * @example
 * const conv = new ConvTranspose2d(16, 3, 2, { stride: 2 });
 * initialize(conv, pytorchDefault, new Generator(0));
 * console.log((await forward(conv, new Generator(0).normals([4, 16, 8, 8]))).shape); // [ 4, 3, 16, 16 ]
 */
export class ConvTranspose2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #options: ConvolutionTransposeOptions;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | Pair,
    options: ConvTranspose2dOptions = {},
  ) {
    super();
    checkOptions('ConvTranspose2d', options, ['outputPadding', ...OPTIONS]);
    const { stride = 1, padding = 0, outputPadding = 0, dilation = 1, groups = 1, bias = true } = options;
    checkChannels('ConvTranspose2d', inChannels, outChannels, groups);
    const kernel = pairOf('ConvTranspose2d: kernelSize', kernelSize, 1);
    this.weight = this.parameter('weight', new Parameter([inChannels, outChannels / groups, ...kernel], 'weight'));
    this.bias = bias ? this.parameter('bias', new Parameter([outChannels], { biasOf: this.weight })) : undefined;
    this.#options = {
      stride: pairOf('ConvTranspose2d: stride', stride, 1),
      padding: sides('ConvTranspose2d: padding', padding),
      outputPadding: pairOf('ConvTranspose2d: outputPadding', outputPadding, 0),
      dilation: pairOf('ConvTranspose2d: dilation', dilation, 1),
      groups,
    };
  }

  protected override get expectedInput() {
    return ['N', this.weight.shape[0], 'P', 'Q'];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return withBias(convolutionTranspose(x, trace.parameter(this.weight), this.#options), this.bias, trace);
  }
}
