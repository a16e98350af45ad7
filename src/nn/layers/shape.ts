import { checkOptions, formatValue, oneOf } from '../../check.ts';
import {
  formatShape,
  pad,
  type Pair,
  reshape,
  type Shape,
  ShapeError,
  sizeOf,
  take,
  type Tensor,
  upsampleNearest,
} from '../../tensor/index.ts';
import { Module } from '../module.ts';
import { dimension, integer, pairOf, real } from './arguments.ts';

/**
 * PyTorch's `Flatten`: the dimensions from `startDim` to `endDim` become one; by default all but the batch.
 *
 * @throws ShapeError when the input does not have the dimensions.
 *
 * @example
 * console.log((await forward(new Flatten(), new Generator(0).normals([4, 3, 2, 2]))).shape); // [ 4, 12 ]
 */
export class Flatten extends Module {
  readonly #startDim: number;
  readonly #endDim: number;

  constructor(startDim = 1, endDim = -1) {
    super();
    this.#startDim = startDim;
    this.#endDim = endDim;
  }

  protected override forward(x: Tensor): Tensor {
    const start = dimension('Flatten: startDim', this.#startDim, x);
    const end = dimension('Flatten: endDim', this.#endDim, x);
    if (start > end) throw new ShapeError(`Flatten: expected startDim ≤ endDim, got ${start} and ${end}`);
    const flat = sizeOf(x.shape.slice(start, end + 1));
    return reshape(x, [...x.shape.slice(0, start), flat, ...x.shape.slice(end + 1)]);
  }
}

/**
 * PyTorch's `Unflatten`: dimension `dim` becomes several. One of the extents may be −1: what is left.
 *
 * @throws ShapeError when the extents do not multiply to the dimension's.
 *
 * @example
 * console.log((await forward(new Unflatten(1, [3, -1]), new Generator(0).normals([4, 12]))).shape); // [ 4, 3, 4 ]
 */
export class Unflatten extends Module {
  readonly #dim: number;
  readonly #size: Shape;

  constructor(dim: number, unflattenedSize: Shape) {
    super();
    if (!(unflattenedSize instanceof Array)) {
      throw new ShapeError(
        `Unflatten: unflattenedSize: expected a list of extents, got ${formatValue(unflattenedSize)}`,
      );
    }
    const inferred = unflattenedSize.filter((extent) => extent === -1).length;
    for (const extent of unflattenedSize) if (extent !== -1) integer('Unflatten: unflattenedSize', extent, 1);
    if (inferred > 1) throw new ShapeError(`Unflatten: unflattenedSize: expected at most one −1, got ${inferred}`);
    this.#dim = dim;
    this.#size = unflattenedSize;
  }

  protected override forward(x: Tensor): Tensor {
    const at = dimension('Unflatten: dim', this.#dim, x);
    const known = sizeOf(this.#size.filter((extent) => extent !== -1));
    const size = this.#size.map((extent) => (extent === -1 ? x.shape[at] / known : extent));
    if (sizeOf(size) !== x.shape[at] || !size.every(Number.isInteger)) {
      throw new ShapeError(
        `Unflatten: unflattenedSize: expected extents whose product is ${x.shape[at]}, got ${formatShape(this.#size)}`,
      );
    }
    return reshape(x, [...x.shape.slice(0, at), ...size, ...x.shape.slice(at + 1)]);
  }
}

/**
 * PyTorch's `Dropout` as the tangent kernel needs it: x itself, in train mode, too. A kernel is a function of the network
 * and not of a random mask, so that nothing is ever dropped.
 *
 * @throws ShapeError when p is not a probability.
 *
 * @example
 * const y = await forward(new Dropout(0.9), ndarray([1, 2], [1, 2]), { mode: 'train' });
 * console.log([...y.data]); // [ 1, 2 ]
 */
export class Dropout extends Module {
  constructor(p = 0.5) {
    super();
    if (real('Dropout: p', p, 0) > 1) throw new ShapeError(`Dropout: p: expected at most 1, got ${p}`);
  }

  protected override forward(x: Tensor): Tensor {
    return x;
  }
}

/** Zeros on each side of an image; PyTorch's order. */
export type FourSides = readonly [left: number, right: number, top: number, bottom: number];

/**
 * PyTorch's `ZeroPad2d`: [N, C, H, W] to [N, C, top + H + bottom, left + W + right].
 *
 * @param padding a single number stands for all sides.
 * @throws ShapeError when a side is not an integer ≥ 0.
 *
 * @example
 * const y = await forward(new ZeroPad2d([1, 0, 0, 0]), ndarray([1, 2], [1, 1, 1, 2]));
 * console.log([...y.data]); // [ 0, 1, 2 ]
 */
export class ZeroPad2d extends Module {
  readonly #padding: FourSides;

  constructor(padding: number | FourSides) {
    super();
    const four = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding;
    if (!(four instanceof Array) || four.length !== 4) {
      throw new ShapeError(`ZeroPad2d: padding: expected left, right, top, bottom, got ${formatValue(padding)}`);
    }
    for (const side of four) integer('ZeroPad2d: padding', side, 0);
    this.#padding = four;
  }

  protected override forward(x: Tensor): Tensor {
    const [left, right, top, bottom] = this.#padding;
    return pad(x, [
      { before: top, after: bottom },
      { before: left, after: right },
    ]);
  }
}

/** How large the result of {@link Upsample} is: one of the two. */
export interface UpsampleOptions {
  /** The size; a single number stands for both dimensions. */
  readonly size?: number | Pair;
  /** How many times larger, not necessarily an integer; a single number stands for both dimensions. */
  readonly scaleFactor?: number | Pair;
  /** The nearest pixel before; the only mode. */
  readonly mode?: 'nearest';
}

/**
 * PyTorch's `Upsample` with mode `nearest`: [N, C, H, W] to [N, C, P, Q]. With a size, row p is row ⌊p·H/P⌋; with a scale
 * factor s, P = ⌊s·H⌋ and row p is row ⌊p/s⌋, or row p where P = H.
 *
 * @throws ShapeError when there is not one of size and factor, or it is out of its range.
 *
 * @example
 * const y = await forward(new Upsample({ scaleFactor: 2 }), ndarray([1, 2], [1, 1, 1, 2]));
 * console.log(y.shape, [...y.data].join()); // [ 1, 1, 2, 4 ] 1,1,2,2,1,1,2,2
 */
export class Upsample extends Module {
  readonly #size: Pair | undefined;
  readonly #factor: Pair | undefined;

  constructor(options: UpsampleOptions) {
    super();
    checkOptions('Upsample', options, ['size', 'scaleFactor', 'mode']);
    const { size, scaleFactor, mode = 'nearest' } = options;
    oneOf('Upsample: mode', mode, ['nearest']);
    if ((size === undefined) === (scaleFactor === undefined)) {
      throw new ShapeError('Upsample: expected either size or scaleFactor, got both or neither');
    }
    this.#size = size === undefined ? undefined : pairOf('Upsample: size', size, 1);
    const factors = typeof scaleFactor === 'number' ? ([scaleFactor, scaleFactor] as const) : scaleFactor;
    for (const factor of factors ?? []) {
      if (real('Upsample: scaleFactor', factor) <= 0) {
        throw new ShapeError(`Upsample: scaleFactor: expected a number > 0, got ${formatValue(factor)}`);
      }
    }
    this.#factor = factors;
  }

  protected override forward(x: Tensor): Tensor {
    const factor = this.#factor;
    if (factor === undefined) return upsampleNearest(x, this.#size!);
    const [h, w] = x.shape.slice(-2);
    if (factor.every(Number.isInteger)) return upsampleNearest(x, [h * factor[0], w * factor[1]]);
    const resize = (y: Tensor, axis: -2 | -1, extent: number, s: number) => {
      const size = Math.floor(extent * s);
      // As PyTorch: a factor that does not change the size moves nothing.
      if (size === extent) return y;
      return take(
        y,
        Array.from({ length: size }, (_, p) => Math.min(Math.floor(p / s), extent - 1)),
        axis,
      );
    };
    return resize(resize(x, -2, h, factor[0]), -1, w, factor[1]);
  }
}
