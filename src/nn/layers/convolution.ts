import {
  channelAffine,
  convolution,
  type ConvolutionOptions,
  ones,
  type Pair,
  type PaddingOption,
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

/**
 * PyTorch's `Conv2d`: [N, Cin, H, W] to [N, Cout, P, Q]; `weight` [Cout, Cin/groups, R, S], `bias` [Cout].
 *
 * @throws ShapeError when an argument is out of its range or groups do not divide the channels.
 */
export class Conv2d extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;
  readonly #options: ConvolutionOptions;

  constructor(inChannels: number, outChannels: number, kernelSize: number | Pair, options: Conv2dOptions = {}) {
    super();
    const { stride = 1, padding = 0, dilation = 1, groups = 1, bias = true } = options;
    integer('Conv2d: inChannels', inChannels, 1);
    integer('Conv2d: outChannels', outChannels, 1);
    integer('Conv2d: groups', groups, 1);
    divides('Conv2d: groups', groups, 'inChannels', inChannels);
    divides('Conv2d: groups', groups, 'outChannels', outChannels);
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

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = convolution(x, trace.parameter(this.weight), this.#options);
    return this.bias === undefined ? y : channelAffine(y, ones(this.bias.shape, y.dtype), trace.parameter(this.bias));
  }
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
