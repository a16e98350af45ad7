import { checkIterable } from '../../check.ts';
import { checkTensor } from '../primitives/node.ts';
import { ShapeError } from '../../errors.ts';
import { apply } from '../apply.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { reshape } from './movement.ts';
import { scale } from './elementwise.ts';

/** Axes as numbers below 0, sorted, each once; axes ≥ 0 count from the first dimension. */
function fromTheRight(name: string, x: Tensor, axes: readonly number[]): number[] {
  checkIterable(`${name}: axes`, axes);
  const normal = axes.map((axis) => {
    if (!Number.isInteger(axis) || axis < -x.rank || axis >= x.rank) {
      throw new ShapeError(`${name}: expected axes of a tensor of shape ${formatShape(x.shape)}, got ${axis}`);
    }
    return axis < 0 ? axis : axis - x.rank;
  });
  return [...new Set(normal)].sort((a, b) => a - b);
}

/** Options of a reduction. */
export interface ReductionOptions {
  /** Whether reduced axes stay, with extent 1. */
  readonly keepDimensions?: boolean;
}

/**
 * The sum over the given axes, or over all.
 *
 * @throws ShapeError when an axis does not exist.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [2, 2]));
 * const [all, rows] = await evaluate([sum(x), sum(x, [1])]);
 * console.log(all.shape, [...rows.data]); // [] [ 3, 7 ]
 */
export function sum(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  return reduce('sum', x, axes, options);
}

function reduce(
  primitive: 'sum' | 'max',
  x: Tensor,
  axes: readonly number[] | undefined,
  { keepDimensions = false }: ReductionOptions,
): Tensor {
  checkTensor(primitive, x);
  const reduced = fromTheRight(primitive, x, axes ?? x.shape.map((_, i) => i));
  if (reduced.length === 0) return x;
  const result = apply(primitive, [x], { axes: reduced });
  if (!keepDimensions) return result;
  return reshape(
    result,
    x.shape.map((extent, i) => (reduced.includes(i - x.rank) ? 1 : extent)),
  );
}

/**
 * The largest value over the given axes, or over all; NaN where there is one. Values that tie share the gradient in
 * equal parts (PyTorch's `amax`).
 *
 * @throws ShapeError when an axis does not exist or has extent 0.
 *
 * @example
 * const x = constant(ndarray([1, 4, 3, 2], [2, 2]));
 * const [all, rows] = await evaluate([max(x), max(x, [1])]);
 * console.log([...all.data], [...rows.data]); // [ 4 ] [ 4, 3 ]
 */
export function max(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  return reduce('max', x, axes, options);
}

/**
 * The smallest value over the given axes, or over all; NaN where there is one. Values that tie share the gradient in
 * equal parts (PyTorch's `amin`).
 *
 * @throws ShapeError when an axis does not exist or has extent 0.
 *
 * @example
 * const x = constant(ndarray([1, 4, 3, 2], [2, 2]));
 * const [all, rows] = await evaluate([min(x), min(x, [1])]);
 * console.log([...all.data], [...rows.data]); // [ 1 ] [ 1, 2 ]
 */
export function min(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  return scale(max(scale(x, -1), axes, options), -1);
}

/**
 * The mean over the given axes, or over all.
 *
 * @throws ShapeError when an axis does not exist.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [2, 2]));
 * const [columns] = await evaluate([mean(x, [0], { keepDimensions: true })]);
 * console.log(columns.shape, [...columns.data]); // [ 1, 2 ] [ 2, 3 ]
 */
export function mean(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  const total = sum(x, axes, options);
  const count = fromTheRight('mean', x, axes ?? x.shape.map((_, i) => i)).reduce((n, i) => n * x.shape[i + x.rank], 1);
  return scale(total, 1 / count);
}
