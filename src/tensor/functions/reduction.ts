import { ShapeError } from '../../errors.ts';
import { apply } from '../apply.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { reshape } from './movement.ts';
import { scale } from './elementwise.ts';

/** Axes as numbers below 0, sorted, each once; axes ≥ 0 count from the first dimension. */
function fromTheRight(name: string, x: Tensor, axes: readonly number[]): number[] {
  const normal = axes.map((axis) => {
    if (!Number.isInteger(axis) || axis < -x.rank || axis >= x.rank) {
      throw new ShapeError(`${name}: expected axes of a tensor of shape ${formatShape(x.shape)}, got ${axis}`);
    }
    return axis < 0 ? axis : axis - x.rank;
  });
  return [...new Set(normal)].sort((a, b) => a - b);
}

/** Whether summed axes stay, with extent 1. */
export interface ReductionOptions {
  readonly keepDimensions?: boolean;
}

/**
 * The sum over the given axes, or over all.
 *
 * @throws ShapeError when an axis does not exist.
 */
export function sum(x: Tensor, axes?: readonly number[], { keepDimensions = false }: ReductionOptions = {}): Tensor {
  const summed = fromTheRight('sum', x, axes ?? x.shape.map((_, i) => i));
  if (summed.length === 0) return x;
  const total = apply('sum', [x], { axes: summed });
  if (!keepDimensions) return total;
  return reshape(
    total,
    x.shape.map((extent, i) => (summed.includes(i - x.rank) ? 1 : extent)),
  );
}

/**
 * The mean over the given axes, or over all.
 *
 * @throws ShapeError when an axis does not exist.
 */
export function mean(x: Tensor, axes?: readonly number[], options: ReductionOptions = {}): Tensor {
  const total = sum(x, axes, options);
  const count = fromTheRight('mean', x, axes ?? x.shape.map((_, i) => i)).reduce((n, i) => n * x.shape[i + x.rank], 1);
  return scale(total, 1 / count);
}
