import { EPSILON } from '../array.ts';
import { scalar, type Tensor } from '../tensor.ts';
import { abs, lessEqual, multiply, select, stopGradient } from '../primitives/elementwise/arithmetic.ts';
import { exp, log } from '../primitives/elementwise/transcendental.ts';
import { add, power, subtract } from './elementwise.ts';
import { reshape } from './movement.ts';
import { max, type ReductionOptions, sum } from './reduction.ts';

// Exponentials of differences to the maximum: none overflows, and one of them is 1. The results do not change with what is
// subtracted, so that the maximum is a constant to the derivative.

/**
 * eˣ / Σ eˣ along an axis: non-negative, with sum 1.
 *
 * @param axis below 0 it counts from the last dimension
 * @throws ShapeError when there is no such axis.
 *
 * @example
 * const [p] = await evaluate([softmax(constant(ndarray([0, 0, 1000], [3])))]);
 * console.log([...p.data]); // [ 0, 0, 1 ]
 */
export function softmax(x: Tensor, axis = -1): Tensor {
  const e = exp(subtract(x, stopGradient(max(x, [axis], { keepDimensions: true }))));
  return multiply(e, power(sum(e, [axis], { keepDimensions: true }), -1));
}

/**
 * log softmax(x) = x − log Σ eˣ along an axis, without the loss of taking the logarithm of a small quotient.
 *
 * @param axis below 0 it counts from the last dimension
 * @throws ShapeError when there is no such axis.
 *
 * @example
 * const x = constant(ndarray([0, 0, 1000], [3]));
 * const [y] = await evaluate([logSoftmax(x)]); // log(softmax(x)) would give -Infinity twice
 * console.log([...y.data]); // [ -1000, -1000, 0 ]
 */
export function logSoftmax(x: Tensor, axis = -1): Tensor {
  const shifted = subtract(x, stopGradient(max(x, [axis], { keepDimensions: true })));
  return subtract(shifted, log(sum(exp(shifted), [axis], { keepDimensions: true })));
}

/** The largest numbers. */
const LARGEST = { float32: (2 - EPSILON.float32) * 2 ** 127, float64: Number.MAX_VALUE } as const;

/**
 * log Σ eˣ over the given axes, or over all.
 *
 * @throws ShapeError when an axis does not exist.
 *
 * @example
 * const [y] = await evaluate([logSumExp(constant(ndarray([1000, 1000], [2])))]); // 1000 + log 2
 * console.log(y.data[0].toFixed(4)); // 1000.6931
 */
export function logSumExp(
  x: Tensor,
  axes?: readonly number[],
  { keepDimensions = false }: ReductionOptions = {},
): Tensor {
  const kept = { keepDimensions: true };
  const largest = stopGradient(max(x, axes, kept));
  // ∞ − ∞ is no number: what is infinite is not subtracted.
  const isFinite = lessEqual(abs(largest), scalar(LARGEST[x.dtype], x.dtype));
  const shift = select(isFinite, largest, scalar(0, x.dtype));
  const result = add(log(sum(exp(subtract(x, shift)), axes, kept)), shift);
  return keepDimensions ? result : reshape(result, max(x, axes).shape);
}
