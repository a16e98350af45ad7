import * as s from '../../scalar/index.ts';
import type { Tensor } from '../node.ts';
import { applyOf, unary } from './row.ts';

/** Exponentials, logarithms, the hyperbolic tangent and the error functions. */
export const transcendentalRows = {
  exp: unary(s.exp),
  expm1: unary(s.expm1),
  log: unary(s.log, { from: 0.5, to: 2 }),
  log1p: unary(s.log1p, { from: -0.5, to: 2 }),
  tanh: unary(s.tanh),
  erf: unary(s.erf),
  erfc: unary(s.erfc),
};

const apply = applyOf(transcendentalRows);

/**
 * eˣ.
 *
 * @example
 * const [y] = await evaluate([exp(constant(ndarray([0, 1], [2])))]);
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '1.0000', '2.7183' ]
 */
export function exp(x: Tensor): Tensor {
  return apply('exp', [x], {});
}

/**
 * eˣ − 1, to full relative accuracy near 0, too.
 *
 * @example
 * const [y] = await evaluate([expm1(constant(ndarray([0, 1e-20], [2])))]); // exp(x) - 1 would give 0 twice
 * console.log([...y.data]); // [ 0, 1e-20 ]
 */
export function expm1(x: Tensor): Tensor {
  return apply('expm1', [x], {});
}

/**
 * The natural logarithm.
 *
 * @example
 * const [y] = await evaluate([log(constant(ndarray([1, Math.E, 0], [3])))]);
 * console.log([...y.data]); // [ 0, 1, -Infinity ]
 */
export function log(x: Tensor): Tensor {
  return apply('log', [x], {});
}

/**
 * log(1 + x), to full relative accuracy near 0, too.
 *
 * @example
 * const [y] = await evaluate([log1p(constant(ndarray([0, 1e-20], [2])))]); // log(1 + x) would give 0 twice
 * console.log([...y.data]); // [ 0, 1e-20 ]
 */
export function log1p(x: Tensor): Tensor {
  return apply('log1p', [x], {});
}

/**
 * The hyperbolic tangent.
 *
 * @example
 * const [y] = await evaluate([tanh(constant(ndarray([-100, 0, 0.5], [3])))]);
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '-1.0000', '0.0000', '0.4621' ]
 */
export function tanh(x: Tensor): Tensor {
  return apply('tanh', [x], {});
}

/**
 * The error function 2/√π · ∫₀ˣ e^(−t²) dt.
 *
 * @example
 * const [y] = await evaluate([erf(constant(ndarray([0, 1, 10], [3])))]);
 * console.log(Array.from(y.data, (value) => value.toFixed(4))); // [ '0.0000', '0.8427', '1.0000' ]
 */
export function erf(x: Tensor): Tensor {
  return apply('erf', [x], {});
}

/**
 * 1 − erf(x), to full relative accuracy where it is small, too.
 *
 * @example
 * const [y] = await evaluate([erfc(constant(ndarray([0, 10], [2])))]); // 1 - erf(10) would give 0
 * console.log(Array.from(y.data, (value) => value.toPrecision(3))); // [ '1.00', '2.09e-45' ]
 */
export function erfc(x: Tensor): Tensor {
  return apply('erfc', [x], {});
}
