import { checkOptions } from '../../check.ts';
import { linear, type Tensor } from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { integer } from './arguments.ts';

/**
 * PyTorch's `Linear`, x·Wᵀ + b: [N, …, I] to [N, …, O]; `weight` [O, I], `bias` [O].
 *
 * @throws ShapeError when a count of features is not an integer ≥ 1.
 *
 * @example
 * const layer = new Linear(2, 1);
 * layer.weight.value = ndarray([10, 1], [1, 2]);
 * layer.bias!.value = ndarray([0.5], [1]);
 * const y = await forward(layer, ndarray([1, 2], [1, 2]));
 * console.log([...y.data]); // [ 12.5 ]
 */
export class Linear extends Module {
  readonly weight: Parameter;
  readonly bias: Parameter | undefined;

  constructor(inFeatures: number, outFeatures: number, options: { readonly bias?: boolean } = {}) {
    super();
    checkOptions('Linear', options, ['bias']);
    const { bias = true } = options;
    integer('Linear: inFeatures', inFeatures, 1);
    integer('Linear: outFeatures', outFeatures, 1);
    this.weight = this.parameter('weight', new Parameter([outFeatures, inFeatures], 'weight'));
    this.bias = bias ? this.parameter('bias', new Parameter([outFeatures], { biasOf: this.weight })) : undefined;
  }

  protected override get expectedInput() {
    return ['N', '…', this.weight.shape[1]];
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    return linear(x, trace.parameter(this.weight), this.bias && trace.parameter(this.bias));
  }
}

/**
 * x itself.
 *
 * @example
 * const y = await forward(new Identity(), ndarray([1, 2], [1, 2]));
 * console.log([...y.data]); // [ 1, 2 ]
 */
export class Identity extends Module {
  protected override forward(x: Tensor): Tensor {
    return x;
  }
}
