import { relu, type Tensor } from '../../tensor/index.ts';
import { Module } from '../module.ts';

/** max(x, 0), element by element; its derivative at 0 is 0, as in PyTorch. */
export class ReLU extends Module {
  protected override forward(x: Tensor): Tensor {
    return relu(x);
  }
}
