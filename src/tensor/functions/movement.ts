import { checkIterable, checkOptions, formatValue } from '../../check.ts';
import { checkTensor } from '../primitives/node.ts';
import { ShapeError } from '../../errors.ts';
import { allocate, type DType, ndarray } from '../array.ts';
import { apply } from '../apply.ts';
import { checkShape, formatShape, sameShape, type Shape } from '../shape.ts';
import { constant, scalar, type Tensor } from '../tensor.ts';

/**
 * The same elements, in row-major order, under another shape.
 *
 * @throws ShapeError when the number of elements changes.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4, 5, 6], [2, 3]));
 * console.log(reshape(x, [3, 2]).shape); // [ 3, 2 ]
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  checkTensor('reshape', x);
  checkShape('reshape', shape);
  return sameShape(x.shape, shape) ? x : apply('reshape', [x], { from: x.shape, to: shape });
}

/**
 * x stretched to a larger shape along dimensions that are missing or of extent 1. Costs no memory where the result is
 * used by a primitive that broadcasts by itself.
 *
 * @throws ShapeError when x cannot be broadcast to it.
 *
 * @example
 * const [y] = await evaluate([broadcastTo(constant(ndarray([1, 2], [2, 1])), [2, 3])]);
 * console.log([...y.data]); // [ 1, 1, 1, 2, 2, 2 ]
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  checkTensor('broadcastTo', x);
  checkShape('broadcastTo', shape);
  return sameShape(x.shape, shape) ? x : apply('broadcastTo', [x], { from: x.shape, to: shape });
}

/**
 * A tensor with the same value everywhere.
 *
 * @example
 * const [y] = await evaluate([full([2, 2], 7)]);
 * console.log([...y.data]); // [ 7, 7, 7, 7 ]
 */
export function full(shape: Shape, value: number, dtype: DType = 'float64'): Tensor {
  return broadcastTo(scalar(value, dtype), shape);
}

/**
 * The tensor of all zeros.
 *
 * @example
 * const [y] = await evaluate([zeros([2, 2])]);
 * console.log([...y.data]); // [ 0, 0, 0, 0 ]
 */
export function zeros(shape: Shape, dtype: DType = 'float64'): Tensor {
  return full(shape, 0, dtype);
}

/**
 * The tensor of all ones.
 *
 * @example
 * const [y] = await evaluate([ones([3], 'float32')]);
 * console.log(y.dtype, [...y.data]); // float32 [ 1, 1, 1 ]
 */
export function ones(shape: Shape, dtype: DType = 'float64'): Tensor {
  return full(shape, 1, dtype);
}

/**
 * The identity matrix, [n, n].
 *
 * @example
 * const [y] = await evaluate([eye(2)]);
 * console.log([...y.data]); // [ 1, 0, 0, 1 ]
 */
export function eye(n: number, dtype: DType = 'float64'): Tensor {
  const data = allocate(dtype, n * n);
  for (let i = 0; i < n; i++) data[i * (n + 1)] = 1;
  return constant(ndarray(data, [n, n], dtype));
}

/**
 * The dimensions in another order; reversed by default. Dimension i of the result is dimension
 * `permutation[i]` of x.
 *
 * @throws ShapeError when it is no permutation.
 *
 * @example
 * const [y] = await evaluate([transpose(constant(ndarray([1, 2, 3, 4, 5, 6], [2, 3])))]);
 * console.log(y.shape, [...y.data]); // [ 3, 2 ] [ 1, 4, 2, 5, 3, 6 ]
 */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  checkTensor('transpose', x);
  if (permutation !== undefined) checkShape('transpose: permutation', permutation);
  return apply('transpose', [x], { permutation: permutation ?? x.shape.map((_, i) => x.rank - 1 - i) });
}

/** The part of one dimension that a slice takes; `stop` is exclusive and the whole extent by default. */
export interface Range {
  readonly start?: number;
  readonly stop?: number;
  readonly step?: number;
}

/**
 * Every `step`-th element from `start` to before `stop`, along each of the innermost dimensions.
 *
 * @param ranges one a dimension, for the last `ranges.length` dimensions.
 * @throws ShapeError when a range is empty or leaves the tensor.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4, 5, 6], [2, 3]));
 * const [y] = await evaluate([slice(x, [{ start: 0, step: 2 }])]); // the last dimension's first and third
 * console.log(y.shape, [...y.data]); // [ 2, 2 ] [ 1, 3, 4, 6 ]
 */
export function slice(x: Tensor, ranges: readonly Range[]): Tensor {
  checkTensor('slice', x);
  checkIterable('slice: ranges', ranges);
  for (const range of ranges) checkOptions('slice: a range', range, ['start', 'stop', 'step']);
  if (ranges.length > x.rank) {
    throw new ShapeError(
      `slice: expected at most ${x.rank} ranges for shape ${formatShape(x.shape)}, got ${ranges.length}`,
    );
  }
  const extents = x.shape.slice(x.rank - ranges.length);
  return apply('slice', [x], {
    start: ranges.map(({ start }) => start ?? 0),
    stop: ranges.map(({ stop }, i) => stop ?? extents[i]),
    step: ranges.map(({ step }) => step ?? 1),
  });
}

/** Zeros to add along one dimension: before the first element, after the last, and between neighbours. */
export interface Padding {
  readonly before?: number;
  readonly after?: number;
  readonly interior?: number;
}

/**
 * Adds zeros along each of the innermost dimensions.
 *
 * @param paddings one a dimension, for the last `paddings.length` dimensions.
 *
 * @example
 * const [y] = await evaluate([pad(constant(ndarray([1, 2], [2])), [{ before: 1, interior: 2 }])]);
 * console.log([...y.data]); // [ 0, 1, 0, 0, 2 ]
 */
export function pad(x: Tensor, paddings: readonly Padding[]): Tensor {
  checkIterable('pad: paddings', paddings);
  for (const padding of paddings) checkOptions('pad: a padding', padding, ['before', 'after', 'interior']);
  return apply('pad', [x], {
    before: paddings.map(({ before }) => before ?? 0),
    after: paddings.map(({ after }) => after ?? 0),
    interior: paddings.map(({ interior }) => interior ?? 0),
  });
}

/**
 * The tensors one after another along an axis (below 0 it counts from the last dimension). All other dimensions
 * must agree, but dimensions before the axis may also broadcast.
 *
 * @throws ShapeError when shapes do not fit.
 *
 * @example
 * const x = constant(ndarray([1, 2], [2, 1]));
 * const [y] = await evaluate([concatenate([x, scale(x, 10)], 1)]);
 * console.log(y.shape, [...y.data]); // [ 2, 2 ] [ 1, 10, 2, 20 ]
 */
export function concatenate(tensors: readonly Tensor[], axis: number): Tensor {
  checkIterable('concatenate', tensors);
  for (const tensor of tensors) checkTensor('concatenate', tensor);
  const rank = Math.max(0, ...tensors.map((tensor) => tensor.rank));
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(`concatenate: expected an axis of tensors of rank ${rank}, got ${formatValue(axis)}`);
  }
  return apply('concatenate', tensors, { axis: axis < 0 ? axis : axis - rank });
}
