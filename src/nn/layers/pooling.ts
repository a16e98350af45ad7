import {
  averagePool,
  type AveragePoolOptions,
  globalAveragePool,
  maxPool,
  type Pair,
  type PoolOptions,
  sides,
  type Tensor,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { pairOf } from './arguments.ts';

function windowOptions(
  layer: string,
  kernelSize: number | Pair,
  { stride, padding = 0, ceilMode = false }: PoolOptions,
) {
  return {
    kernel: pairOf(`${layer}: kernelSize`, kernelSize, 1),
    options: {
      stride: pairOf(`${layer}: stride`, stride ?? kernelSize, 1),
      padding: sides(`${layer}: padding`, padding),
      ceilMode,
    },
  };
}

/**
 * PyTorch's `AvgPool2d`, the mean of every window: [N, C, H, W] to [N, C, P, Q]. The stride is the kernel by
 * default, and padding counts in the divisor (`countIncludePad`) as in PyTorch.
 *
 * @throws ShapeError when an argument is out of its range.
 */
export class AvgPool2d extends Module {
  readonly #kernel: Pair;
  readonly #options: AveragePoolOptions;

  constructor(kernelSize: number | Pair, options: AveragePoolOptions = {}) {
    super();
    const windows = windowOptions('AvgPool2d', kernelSize, options);
    this.#kernel = windows.kernel;
    this.#options = { ...windows.options, countIncludePad: options.countIncludePad ?? true };
  }

  protected override forward(x: Tensor): Tensor {
    return averagePool(x, this.#kernel, this.#options);
  }
}

/**
 * PyTorch's `MaxPool2d`, the largest value of every window: [N, C, H, W] to [N, C, P, Q]. The stride is the kernel by
 * default. Of equal values the first in row-major order wins, and it alone gets the gradient.
 *
 * @throws ShapeError when an argument is out of its range.
 */
export class MaxPool2d extends Module {
  readonly #kernel: Pair;
  readonly #options: PoolOptions;

  constructor(kernelSize: number | Pair, options: PoolOptions = {}) {
    super();
    const windows = windowOptions('MaxPool2d', kernelSize, options);
    this.#kernel = windows.kernel;
    this.#options = windows.options;
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
