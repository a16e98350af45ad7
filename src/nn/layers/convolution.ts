import {
  channelAffine,
  convolution,
  type ConvolutionOptions,
  ones,
  type Pair,
  type Tensor,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { divides, integer, pairOf } from './arguments.ts';

/** Options of {@link Conv2d}: the geometry, and whether there is a bias (true by default). */
export interface Conv2dOptions extends ConvolutionOptions {
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
    this.#options = {
      stride: pairOf('Conv2d: stride', stride, 1),
      padding: pairOf('Conv2d: padding', padding, 0),
      dilation: pairOf('Conv2d: dilation', dilation, 1),
      groups,
    };
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const y = convolution(x, trace.parameter(this.weight), this.#options);
    return this.bias === undefined ? y : channelAffine(y, ones(this.bias.shape, y.dtype), trace.parameter(this.bias));
  }
}
