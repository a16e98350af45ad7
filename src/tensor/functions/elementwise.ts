import { checkTensors } from '../primitives/node.ts';
import { oneOf } from '../../check.ts';
import { type DType, DTYPES } from '../array.ts';
import { apply } from '../apply.ts';
import { multiply } from '../primitives/elementwise/arithmetic.ts';
import { ShapeError } from '../../errors.ts';
import type { Tensor } from '../tensor.ts';

/**
 * Σ coefficients[i] · terms[i], shapes broadcast. Sums, differences, multiples and the accumulation of gradients are
 * all this one primitive, so that each is a single pass over memory.
 *
 * @throws ShapeError when shapes do not broadcast or the counts differ.
 *
 * @example
 * const [a, b] = [constant(ndarray([1, 2], [2])), constant(ndarray([10], [1]))];
 * const [y] = await evaluate([linearCombination([a, b], [3, -1])]);
 * console.log([...y.data]); // [ -7, -4 ]
 */
export function linearCombination(terms: readonly Tensor[], coefficients: readonly number[]): Tensor {
  checkTensors('linearCombination', terms);
  if (terms.length !== coefficients.length) {
    throw new ShapeError(`linearCombination: expected ${terms.length} coefficients, got ${coefficients.length}`);
  }
  // A multiple of a term is the term with another coefficient: it need not be computed on its own.
  const unscaled = terms.map((term, i) => {
    const { op } = term;
    return op.kind === 'primitive' && op.primitive === 'linearCombination' && term.operands.length === 1
      ? ([term.operands[0], coefficients[i] * op.attributes.coefficients[0]] as const)
      : ([term, coefficients[i]] as const);
  });
  if (unscaled.length === 1 && unscaled[0][1] === 1) return unscaled[0][0];
  const attributes = { coefficients: unscaled.map(([, coefficient]) => coefficient) };
  return apply(
    'linearCombination',
    unscaled.map(([term]) => term),
    attributes,
  );
}

/**
 * The sum of all terms, shapes broadcast.
 *
 * @example
 * const [y] = await evaluate([add(constant(ndarray([1, 2], [2])), constant(ndarray([10], [1])))]);
 * console.log([...y.data]); // [ 11, 12 ]
 */
export function add(...terms: Tensor[]): Tensor {
  return linearCombination(
    terms,
    terms.map(() => 1),
  );
}

/**
 * a − b, shapes broadcast.
 *
 * @example
 * const [y] = await evaluate([subtract(constant(ndarray([1, 2], [2])), constant(ndarray([10], [1])))]);
 * console.log([...y.data]); // [ -9, -8 ]
 */
export function subtract(a: Tensor, b: Tensor): Tensor {
  return linearCombination([a, b], [1, -1]);
}

/**
 * factor · x.
 *
 * @example
 * const [y] = await evaluate([scale(constant(ndarray([1, 2], [2])), 10)]);
 * console.log([...y.data]); // [ 10, 20 ]
 */
export function scale(x: Tensor, factor: number): Tensor {
  return linearCombination([x], [factor]);
}

/**
 * a / b element by element, shapes broadcast.
 *
 * @example
 * const [y] = await evaluate([divide(constant(ndarray([1, 3], [2])), constant(ndarray([4], [1])))]);
 * console.log([...y.data]); // [ 0.25, 0.75 ]
 */
export function divide(a: Tensor, b: Tensor): Tensor {
  return multiply(a, power(b, -1));
}

/**
 * xᵉ for a constant exponent.
 *
 * @example
 * const [y] = await evaluate([power(constant(ndarray([1, 2, 3], [3])), 3)]);
 * console.log([...y.data]); // [ 1, 8, 27 ]
 */
export function power(x: Tensor, exponent: number): Tensor {
  return exponent === 1 ? x : apply('power', [x], { exponent });
}

/**
 * √x.
 *
 * @example
 * const [y] = await evaluate([sqrt(constant(ndarray([4, 9], [2])))]);
 * console.log([...y.data]); // [ 2, 3 ]
 */
export function sqrt(x: Tensor): Tensor {
  return power(x, 0.5);
}

/**
 * The same numbers in another precision.
 *
 * @example
 * const [y] = await evaluate([castTo(constant(ndarray([0.5, 0.1], [2])), 'float32')]);
 * console.log(y.dtype, [...y.data]); // float32 [ 0.5, 0.10000000149011612 ]
 */
export function castTo(x: Tensor, dtype: DType): Tensor {
  oneOf('castTo: dtype', dtype, DTYPES);
  return x.dtype === dtype ? x : apply('cast', [x], { dtype });
}
