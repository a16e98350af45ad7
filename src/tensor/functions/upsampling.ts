import { ShapeError } from '../../errors.ts';
import type { Tensor } from '../tensor.ts';
import type { Pair } from '../primitives/convolution.ts';
import { pair } from './convolution.ts';
import { take } from './indexing.ts';
import { broadcastTo, reshape } from './movement.ts';

/**
 * An image of another size, row i of the result being row ⌊i · H / size⌋ of x, and columns alike (PyTorch's
 * `interpolate` with mode `nearest`).
 *
 * @param x […, H, W]
 * @param size a single number stands for both dimensions
 * @returns […, size[0], size[1]]
 * @throws ShapeError when x has fewer than two dimensions or the size is not positive.
 *
 * @example
 * const [y] = await evaluate([upsampleNearest(constant(ndarray([1, 2], [1, 2])), [1, 4])]);
 * console.log([...y.data]); // [ 1, 1, 2, 2 ]
 */
export function upsampleNearest(x: Tensor, size: number | Pair): Tensor {
  const wanted = pair('upsampleNearest: size', size, 1);
  if (x.rank < 2) throw new ShapeError(`upsampleNearest: expected images […, H, W], got rank ${x.rank}`);
  return [0, 1].reduce((y, i) => resize(y, x.rank - 2 + i, wanted[i]), x);
}

function resize(x: Tensor, axis: number, size: number): Tensor {
  const extent = x.shape[axis];
  if (size === extent) return x;
  const factor = size / extent;
  if (Number.isInteger(factor)) {
    const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    const repeated = broadcastTo(reshape(x, [...outer, extent, 1, ...inner]), [...outer, extent, factor, ...inner]);
    return reshape(repeated, [...outer, size, ...inner]);
  }
  return take(
    x,
    Array.from({ length: size }, (_, i) => Math.floor((i * extent) / size)),
    axis,
  );
}
