import { checkOptions, formatValue } from '../../check.ts';
import {
  averagePool,
  type AveragePoolOptions,
  constant,
  globalAveragePool,
  matmul,
  maxPool,
  ndarray,
  type Pair,
  type PoolOptions,
  reshape,
  ShapeError,
  sides,
  type Tensor,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { integer, pairOf } from './arguments.ts';

function windowOptions(layer: string, kernelSize: number | Pair, options: PoolOptions) {
  const { stride, padding = 0, ceilMode = false } = options;
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
 * PyTorch's `AvgPool2d`, the mean of every window: [N, C, H, W] to [N, C, P, Q]. The stride is the kernel by default, and
 * padding counts in the divisor (`countIncludePad`) as in PyTorch.
 *
 * @throws ShapeError when an argument is out of its range.
 *
 * @example
 * const y = await forward(new AvgPool2d(2), ndarray([1, 2, 3, 6], [1, 1, 2, 2]));
 * console.log(y.shape, [...y.data]); // [ 1, 1, 1, 1 ] [ 3 ]
 */
export class AvgPool2d extends Module {
  readonly #kernel: Pair;
  readonly #options: AveragePoolOptions;

  constructor(kernelSize: number | Pair, options: AveragePoolOptions = {}) {
    super();
    checkOptions('AvgPool2d', options, ['stride', 'padding', 'ceilMode', 'countIncludePad']);
    const windows = windowOptions('AvgPool2d', kernelSize, options);
    this.#kernel = windows.kernel;
    this.#options = { ...windows.options, countIncludePad: options.countIncludePad ?? true };
  }

  protected override get expectedInput() {
    return ['N', 'C', 'H', 'W'];
  }

  protected override forward(x: Tensor): Tensor {
    return averagePool(x, this.#kernel, this.#options);
  }
}

/** Options of {@link MaxPool2d}. */
export interface MaxPool2dOptions extends PoolOptions {
  /** Distance between the pixels of a window; only 1 is implemented. */
  readonly dilation?: number;
}

/**
 * PyTorch's `MaxPool2d`, the largest value of every window: [N, C, H, W] to [N, C, P, Q]. The stride is the kernel by
 * default. Of equal values the first in row-major order wins, and only that one gets the gradient.
 *
 * @throws ShapeError when an argument is out of its range, or the dilation is not 1.
 *
 * @example
 * const y = await forward(new MaxPool2d(2), ndarray([1, 2, 3, 6], [1, 1, 2, 2]));
 * console.log(y.shape, [...y.data]); // [ 1, 1, 1, 1 ] [ 6 ]
 */
export class MaxPool2d extends Module {
  readonly #kernel: Pair;
  readonly #options: PoolOptions;

  constructor(kernelSize: number | Pair, options: MaxPool2dOptions = {}) {
    super();
    checkOptions('MaxPool2d', options, ['stride', 'padding', 'ceilMode', 'dilation']);
    const { dilation = 1 } = options;
    if (dilation !== 1)
      throw new ShapeError(`MaxPool2d: dilation: expected 1, the only one supported, got ${formatValue(dilation)}`);
    const windows = windowOptions('MaxPool2d', kernelSize, options);
    this.#kernel = windows.kernel;
    this.#options = windows.options;
  }

  protected override get expectedInput() {
    return ['N', 'C', 'H', 'W'];
  }

  protected override forward(x: Tensor): Tensor {
    return maxPool(x, this.#kernel, this.#options);
  }
}

/**
 * PyTorch's `AdaptiveAvgPool2d`: [N, C, H, W] to [N, C, P, Q] for any P and Q. Row p is the mean of rows ⌊p·H/P⌋ to before
 * ⌈(p+1)·H/P⌉, and columns alike: windows overlap where the sizes do not divide.
 *
 * @param outputSize a single number stands for both dimensions.
 * @throws ShapeError when the size is not of integers ≥ 1.
 *
 * @example
 * const y = await forward(new AdaptiveAvgPool2d([1, 2]), ndarray([1, 2, 6], [1, 1, 1, 3])); // windows overlap
 * console.log([...y.data]); // [ 1.5, 4 ]
 */
export class AdaptiveAvgPool2d extends Module {
  readonly #size: Pair;

  constructor(outputSize: number | Pair) {
    super();
    this.#size = pairOf('AdaptiveAvgPool2d: outputSize', outputSize, 1);
  }

  protected override forward(x: Tensor): Tensor {
    const [p, q] = this.#size;
    const [h, w] = x.shape.slice(-2);
    if (h % p === 0 && w % q === 0) return averagePool(x, [h / p, w / q]);
    const means = (from: number, to: number) => constant(ndarray(meansOfRanges(from, to), [to, from], x.dtype));
    return matmul(matmul(means(h, p), x), means(w, q), { transposeB: true });
  }
}

/** The matrix, [to, from], whose row i takes the mean from ⌊i·from/to⌋ to before ⌈(i+1)·from/to⌉. */
function meansOfRanges(from: number, to: number): Float64Array {
  const matrix = new Float64Array(to * from);
  for (let i = 0; i < to; i++) {
    const [start, stop] = [Math.floor((i * from) / to), Math.ceil(((i + 1) * from) / to)];
    matrix.fill(1 / (stop - start), i * from + start, i * from + stop);
  }
  return matrix;
}

/** Options of a pool of sequences. */
export interface Pool1dOptions {
  /** The kernel by default. */
  readonly stride?: number;
  readonly padding?: number;
  readonly ceilMode?: boolean;
}

/** A pool of [N, C, L], from one of images of one row. */
abstract class Pool1d extends Module {
  readonly #kernel: Pair;
  readonly #options: PoolOptions;

  constructor(layer: string, kernelSize: number, options: Pool1dOptions) {
    super();
    checkOptions(layer, options, ['stride', 'padding', 'ceilMode']);
    const { stride = kernelSize, padding = 0, ceilMode = false } = options;
    this.#kernel = [1, integer(`${layer}: kernelSize`, kernelSize, 1)];
    this.#options = {
      stride: [1, integer(`${layer}: stride`, stride, 1)],
      padding: [0, integer(`${layer}: padding`, padding, 0)],
      ceilMode,
    };
  }

  protected abstract pool(x: Tensor, kernel: Pair, options: PoolOptions): Tensor;

  protected override get expectedInput() {
    return ['N', 'C', 'L'];
  }

  protected override forward(x: Tensor): Tensor {
    const [n, c, l] = x.shape;
    const y = this.pool(reshape(x, [n, c, 1, l]), this.#kernel, this.#options);
    return reshape(y, [n, c, y.shape[3]]);
  }
}

/**
 * PyTorch's `AvgPool1d` of [N, C, L]; see {@link AvgPool2d}.
 *
 * @example
 * const y = await forward(new AvgPool1d(2), ndarray([1, 2, 3, 6], [1, 1, 4]));
 * console.log([...y.data]); // [ 1.5, 4.5 ]
 */
export class AvgPool1d extends Pool1d {
  readonly #countIncludePad: boolean;

  constructor(kernelSize: number, options: Pool1dOptions & { readonly countIncludePad?: boolean } = {}) {
    const { countIncludePad = true, ...rest } = Object(options) as typeof options;
    super('AvgPool1d', kernelSize, rest);
    this.#countIncludePad = countIncludePad;
  }

  protected override pool(x: Tensor, kernel: Pair, options: PoolOptions): Tensor {
    return averagePool(x, kernel, { ...options, countIncludePad: this.#countIncludePad });
  }
}

/**
 * PyTorch's `MaxPool1d` of [N, C, L]; see {@link MaxPool2d}.
 *
 * @example
 * const y = await forward(new MaxPool1d(2), ndarray([1, 2, 3, 6], [1, 1, 4]));
 * console.log([...y.data]); // [ 2, 6 ]
 */
export class MaxPool1d extends Pool1d {
  constructor(kernelSize: number, options: Pool1dOptions = {}) {
    super('MaxPool1d', kernelSize, options);
  }

  protected override pool(x: Tensor, kernel: Pair, options: PoolOptions): Tensor {
    return maxPool(x, kernel, options);
  }
}

/**
 * The mean over all pixels: [N, C, H, W] to [N, C].
 *
 * @example
 * const y = await forward(new GlobalAvgPool2d(), ndarray([1, 2, 3, 6], [1, 1, 2, 2]));
 * console.log(y.shape, [...y.data]); // [ 1, 1 ] [ 3 ]
 */
export class GlobalAvgPool2d extends Module {
  protected override get expectedInput() {
    return ['N', 'C', 'H', 'W'];
  }

  protected override forward(x: Tensor): Tensor {
    return globalAveragePool(x);
  }
}
