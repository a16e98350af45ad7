import { checkOptions } from '../../check.ts';
import { checkTensor } from '../primitives/node.ts';
import { apply } from '../apply.ts';
import type { Tensor } from '../tensor.ts';
import type { Pair, Sides } from '../primitives/convolution.ts';
import { pair, type PaddingOption, sides } from './convolution.ts';
import { mean } from './reduction.ts';
import type { PoolAttributes } from '../primitives/pooling.ts';

/** Options of a pool; a single number stands for both dimensions. */
export interface PoolOptions {
  /** Step between windows; the kernel by default. */
  readonly stride?: number | Pair;
  readonly padding?: PaddingOption;
  /**
   * Whether a last window may hang over the end of the padded image. As in PyTorch, it must begin inside the image or the
   * padding before it.
   */
  readonly ceilMode?: boolean;
}

/** Options of an average pool. */
export interface AveragePoolOptions extends PoolOptions {
  /** Whether padding counts in the divisor, as zeros. What a window hangs over beyond it never does, as in PyTorch. */
  readonly countIncludePad?: boolean;
}

/** How far the last window hangs over the end of the padded image. */
function overhang(size: number, kernel: number, stride: number, [low, high]: Pair): number {
  const free = low + size + high - kernel;
  const last = stride * Math.ceil(free / stride);
  return Math.max(0, (last < size + low ? last : last - stride) - free);
}

function poolAttributes(
  name: string,
  x: Tensor,
  kernelOption: number | Pair,
  options: AveragePoolOptions,
): PoolAttributes & { readonly declared: Sides } {
  checkTensor(name, x);
  checkOptions(name, options, ['stride', 'padding', 'ceilMode', 'countIncludePad']);
  const kernel = pair(`${name}: kernel`, kernelOption, 1);
  const stride = pair(`${name}: stride`, options.stride ?? kernel, 1);
  const declared = sides(`${name}: padding`, options.padding ?? 0);
  const [vertical, horizontal] = ([0, 1] as const).map((i): Pair => {
    const [low, high] = declared[i];
    const size = x.shape[x.rank - 2 + i];
    return [low, high + (options.ceilMode ? overhang(size, kernel[i], stride[i], declared[i]) : 0)];
  });
  return { kernel, stride, padding: [vertical, horizontal], declared };
}

/**
 * The mean of every window. Without `countIncludePad` a window at the border is divided by the pixels that it covers.
 *
 * @param x […, H, W]
 * @returns […, P, Q]
 * @throws ShapeError when the kernel does not fit, or a window without `countIncludePad` covers no pixel.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [1, 4])); // [H, W]
 * const [y, border] = await evaluate([averagePool(x, [1, 2]), averagePool(x, [1, 3], { stride: 1, padding: [0, 1] })]);
 * console.log([...y.data], [...border.data]); // [ 1.5, 3.5 ] [ 1.5, 2, 3, 3.5 ]
 */
export function averagePool(x: Tensor, kernel: number | Pair, options: AveragePoolOptions = {}): Tensor {
  const { declared, ...attributes } = poolAttributes('averagePool', x, kernel, options);
  const counted: Sides = options.countIncludePad
    ? declared
    : [
        [0, 0],
        [0, 0],
      ];
  return apply('averagePool', [x], { ...attributes, counted });
}

/**
 * The largest value of every window; padding never wins. Where values tie the first in row-major order is taken, and it
 * alone receives the gradient.
 *
 * @param x […, H, W]
 * @returns […, P, Q]
 * @throws ShapeError when the kernel does not fit, or a window covers no pixel.
 *
 * @example
 * const [y] = await evaluate([maxPool(constant(ndarray([1, 4, 3, 2], [1, 4])), [1, 2])]);
 * console.log([...y.data]); // [ 4, 3 ]
 */
export function maxPool(x: Tensor, kernel: number | Pair, options: PoolOptions = {}): Tensor {
  const { declared: _, ...attributes } = poolAttributes('maxPool', x, kernel, options);
  // Which pixel wins does not change under a small change of x, so the index is a constant to the derivative, and
  // picking pixels and putting them back are linear and each other's adjoint.
  const index = apply('maxPoolIndex', [x], attributes);
  return apply('gather', [x, index], { indexedRank: 2, innerRank: 0, indexRank: 2 });
}

/**
 * The mean over all pixels: […, H, W] to […].
 *
 * @example
 * const [y] = await evaluate([globalAveragePool(constant(ndarray([1, 2, 3, 4, 5, 6], [2, 1, 3])))]);
 * console.log([...y.data]); // [ 2, 5 ]
 */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(x, [-2, -1]);
}
