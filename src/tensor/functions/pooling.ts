import { apply } from '../apply.ts';
import type { Tensor } from '../tensor.ts';
import type { Pair } from '../primitives/convolution.ts';
import { pair } from './convolution.ts';
import { mean } from './reduction.ts';
import type { PoolAttributes } from '../primitives/pooling.ts';

/** Options of a pool; a single number stands for both dimensions. The stride is the kernel unless told otherwise. */
export interface PoolOptions {
  readonly stride?: number | Pair;
  readonly padding?: number | Pair;
}

function poolAttributes(name: string, kernel: number | Pair, options: PoolOptions): PoolAttributes {
  return {
    kernel: pair(`${name}: kernel`, kernel, 1),
    stride: pair(`${name}: stride`, options.stride ?? kernel, 1),
    padding: pair(`${name}: padding`, options.padding ?? 0, 0),
  };
}

/**
 * The mean of every window. Without `countIncludePad` a window at the border is divided by the pixels that it covers.
 *
 * @param x […, H, W]
 * @returns […, P, Q]
 * @throws ShapeError when the kernel does not fit.
 */
export function averagePool(
  x: Tensor,
  kernel: number | Pair,
  options: PoolOptions & { readonly countIncludePad?: boolean } = {},
): Tensor {
  const countIncludePad = options.countIncludePad ?? false;
  return apply('averagePool', [x], { ...poolAttributes('averagePool', kernel, options), countIncludePad });
}

/**
 * The largest value of every window; padding never wins. Where values tie the first in row-major order is taken, and it
 * alone receives the gradient.
 *
 * @param x […, H, W]
 * @returns […, P, Q]
 * @throws ShapeError when the kernel does not fit.
 */
export function maxPool(x: Tensor, kernel: number | Pair, options: PoolOptions = {}): Tensor {
  // Which pixel wins does not change under a small change of x, so the index is a constant to the derivative, and
  // picking pixels and putting them back are linear and each other's adjoint.
  return gatherPixels(x, apply('maxPoolIndex', [x], poolAttributes('maxPool', kernel, options)));
}

/** The pixels of x, […, H, W], at row-major positions `index`, […, P, Q]. */
export function gatherPixels(x: Tensor, index: Tensor): Tensor {
  return apply('gatherPixels', [x, index], {});
}

/** Adds g, […, P, Q], into zeros of […, H, W] at row-major positions `index`; the adjoint of {@link gatherPixels}. */
export function scatterPixels(g: Tensor, index: Tensor, inputSize: Pair): Tensor {
  return apply('scatterPixels', [g, index], { inputSize });
}

/** The mean over all pixels: […, H, W] to […]. */
export function globalAveragePool(x: Tensor): Tensor {
  return mean(x, [-2, -1]);
}
