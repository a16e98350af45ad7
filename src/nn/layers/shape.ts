import { formatShape, pad, reshape, type Shape, ShapeError, sizeOf, type Tensor } from '../../tensor/index.ts';
import { formatValue } from '../../check.ts';
import { Module } from '../module.ts';
import { integer, real } from './arguments.ts';

/** A dimension counted from the first, from one that may count from the last (−1). */
export function dimension(where: string, dim: number, { shape, rank }: Tensor): number {
  if (!Number.isInteger(dim) || dim < -rank || dim >= rank) {
    throw new ShapeError(`${where}: expected a dimension of shape ${formatShape(shape)}, got ${formatValue(dim)}`);
  }
  return dim < 0 ? dim + rank : dim;
}

/**
 * PyTorch's `Flatten`: the dimensions from `startDim` to `endDim` become one; by default all but the batch.
 *
 * @throws ShapeError when the input does not have the dimensions.
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
 */
export class Unflatten extends Module {
  readonly #dim: number;
  readonly #size: Shape;

  constructor(dim: number, unflattenedSize: Shape) {
    super();
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
 */
export class ZeroPad2d extends Module {
  readonly #padding: FourSides;

  constructor(padding: number | FourSides) {
    super();
    const four = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding;
    if (four.length !== 4) {
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
