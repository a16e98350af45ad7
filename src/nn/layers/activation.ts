import { formatShape, relu, reshape, ShapeError, subtract, add, multiply, type Tensor } from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { Parameter } from '../parameter.ts';
import type { Trace } from '../trace.ts';
import { integer, real } from './arguments.ts';

/** max(x, 0), element by element; its derivative at 0 is 0, as in PyTorch. */
export class ReLU extends Module {
  protected override forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/**
 * PyTorch's `PReLU`: x where x > 0 and `weight`·x elsewhere; one weight for all channels or one for each, of [N, C, …].
 *
 * @throws ShapeError when an argument is out of its range, or the input has other channels.
 */
export class PReLU extends Module {
  readonly weight: Parameter;

  constructor(numParameters = 1, init = 0.25) {
    super();
    integer('PReLU: numParameters', numParameters, 1);
    this.weight = this.parameter('weight', new Parameter([numParameters], real('PReLU: init', init)));
  }

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const [channels] = this.weight.shape;
    if (channels > 1 && x.shape[1] !== channels) {
      throw new ShapeError(`PReLU: expected an input [N, ${channels}, …], got shape ${formatShape(x.shape)}`);
    }
    const pixels = channels > 1 ? x.shape.slice(2).map(() => 1) : [];
    const weight = reshape(trace.parameter(this.weight), [channels, ...pixels]);
    const positive = relu(x);
    return add(positive, multiply(weight, subtract(x, positive)));
  }
}
