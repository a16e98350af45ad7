import * as s from '../../scalar/index.ts';
import type { Tensor } from '../node.ts';
import { applyOf, binary, row, unary } from './row.ts';

/** Attributes of `linearCombination`. */
export interface LinearCombinationAttributes {
  readonly coefficients: readonly number[];
}

/** Attributes of `power`. */
export interface PowerAttributes {
  readonly exponent: number;
}

const apart = { apart: true };
const atZero = { kinks: () => [0] };

/** Sums, products, powers, comparisons and choices. */
export const arithmeticRows = {
  linearCombination: row<LinearCombinationAttributes>(
    undefined,
    (x, { coefficients }) =>
      x.map((term, i) => s.scaled(coefficients[i], term)).reduce((sum, term) => s.add(sum, term)),
    { examples: [[1], [-2.5], [1, -1], [3, 0.3, -2], [1, 1, 0, -1]].map((coefficients) => ({ coefficients })) },
  ),
  multiply: binary(s.mul),
  power: unary<PowerAttributes>((x, { exponent }) => s.pow(x, exponent), {
    ...{ from: 0.5, to: 2 },
    examples: [-2, -1, -0.5, 0, 0.5, 1.7, 2, 3, 5].map((exponent) => ({ exponent })),
  }),
  abs: unary(s.abs, atZero),
  sign: unary((x) => s.select(s.less(0, x), 1, s.select(s.less(x, 0), -1, x)), atZero),
  floor: unary(s.floor, { kinks: () => [-2, -1, 0, 1, 2] }),
  minimum: binary(s.min, apart),
  maximum: binary(s.max, apart),
  less: binary(s.less, apart),
  lessEqual: binary(s.lessEqual, apart),
  equal: binary(s.equal, apart),
  select: row(3, ([condition, a, b]) => s.select(condition, a, b), { flags: [0] }),
  stopGradient: unary((x) => x),
};

const apply = applyOf(arithmeticRows);

/**
 * a · b element by element, shapes broadcast.
 *
 * @example
 * const [y] = await evaluate([multiply(constant(ndarray([1, 2], [2])), constant(ndarray([10], [1])))]);
 * console.log([...y.data]); // [ 10, 20 ]
 */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return apply('multiply', [a, b], {});
}

/**
 * |x|. Its derivative at 0 is 0.
 *
 * @example
 * const [y] = await evaluate([abs(constant(ndarray([-2, 0, 3], [3])))]);
 * console.log([...y.data]); // [ 2, 0, 3 ]
 */
export function abs(x: Tensor): Tensor {
  return apply('abs', [x], {});
}

/**
 * −1, 0 or 1; NaN stays NaN. Its derivative is 0.
 *
 * @example
 * const [y] = await evaluate([sign(constant(ndarray([-2, 0, 3], [3])))]);
 * console.log([...y.data]); // [ -1, 0, 1 ]
 */
export function sign(x: Tensor): Tensor {
  return apply('sign', [x], {});
}

/**
 * The largest whole number ≤ x. Its derivative is 0.
 *
 * @example
 * const [y] = await evaluate([floor(constant(ndarray([-1.5, 2.9], [2])))]);
 * console.log([...y.data]); // [ -2, 2 ]
 */
export function floor(x: Tensor): Tensor {
  return apply('floor', [x], {});
}

/**
 * The smaller of a and b, NaN if one is; shapes broadcast. Where they are equal each gets half the gradient.
 *
 * @example
 * const [y] = await evaluate([minimum(constant(ndarray([1, 5], [2])), constant(ndarray([3], [1])))]);
 * console.log([...y.data]); // [ 1, 3 ]
 */
export function minimum(a: Tensor, b: Tensor): Tensor {
  return apply('minimum', [a, b], {});
}

/**
 * The larger of a and b, NaN if one is; shapes broadcast. Where they are equal each gets half the gradient.
 *
 * @example
 * const [y] = await evaluate([maximum(constant(ndarray([1, 5], [2])), constant(ndarray([3], [1])))]);
 * console.log([...y.data]); // [ 3, 5 ]
 */
export function maximum(a: Tensor, b: Tensor): Tensor {
  return apply('maximum', [a, b], {});
}

/**
 * 1 where a < b, and 0 elsewhere (where one is NaN, too); shapes broadcast. Its derivative is 0.
 *
 * @example
 * const [y] = await evaluate([less(constant(ndarray([1, 3, 5], [3])), scalar(3))]);
 * console.log([...y.data]); // [ 1, 0, 0 ]
 */
export function less(a: Tensor, b: Tensor): Tensor {
  return apply('less', [a, b], {});
}

/**
 * 1 where a ≤ b, and 0 elsewhere (where one is NaN, too); shapes broadcast. Its derivative is 0.
 *
 * @example
 * const [y] = await evaluate([lessEqual(constant(ndarray([1, 3, 5], [3])), scalar(3))]);
 * console.log([...y.data]); // [ 1, 1, 0 ]
 */
export function lessEqual(a: Tensor, b: Tensor): Tensor {
  return apply('lessEqual', [a, b], {});
}

/**
 * 1 where a = b, and 0 elsewhere (where one is NaN, too); shapes broadcast. Its derivative is 0.
 *
 * @example
 * const [y] = await evaluate([equal(constant(ndarray([1, 3, 5], [3])), scalar(3))]);
 * console.log([...y.data]); // [ 0, 1, 0 ]
 */
export function equal(a: Tensor, b: Tensor): Tensor {
  return apply('equal', [a, b], {});
}

/**
 * a where the condition is not 0, and b elsewhere; shapes broadcast. The gradient goes to what is selected, and 0 to what
 * is not. (PyTorch's `where`.)
 *
 * @example
 * const [x, y] = [constant(ndarray([1, 5], [2])), constant(ndarray([3, 3], [2]))];
 * const [smaller] = await evaluate([select(less(x, y), x, y)]);
 * console.log([...smaller.data]); // [ 1, 3 ]
 */
export function select(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return apply('select', [condition, a, b], {});
}

/**
 * x, through which no gradient goes. (PyTorch's `detach`.) It costs nothing: plans look through it.
 *
 * @example
 * const x = constant(ndarray([3], [1]));
 * const [square, half] = [multiply(x, x), multiply(x, stopGradient(x))];
 * const [a, b] = await evaluate([...grad(sum(square), [x]), ...grad(sum(half), [x])]);
 * console.log(a.data[0], b.data[0]); // 6 3
 */
export function stopGradient(x: Tensor): Tensor {
  return apply('stopGradient', [x], {});
}
