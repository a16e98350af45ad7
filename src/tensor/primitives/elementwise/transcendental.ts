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

/** eˣ. */
export function exp(x: Tensor): Tensor {
  return apply('exp', [x], {});
}

/** eˣ − 1, to full relative accuracy near 0, too. */
export function expm1(x: Tensor): Tensor {
  return apply('expm1', [x], {});
}

/** The natural logarithm. */
export function log(x: Tensor): Tensor {
  return apply('log', [x], {});
}

/** log(1 + x), to full relative accuracy near 0, too. */
export function log1p(x: Tensor): Tensor {
  return apply('log1p', [x], {});
}

/** The hyperbolic tangent. */
export function tanh(x: Tensor): Tensor {
  return apply('tanh', [x], {});
}

/** The error function 2/√π · ∫₀ˣ e^(−t²) dt. */
export function erf(x: Tensor): Tensor {
  return apply('erf', [x], {});
}

/** 1 − erf(x), to full relative accuracy where it is small, too. */
export function erfc(x: Tensor): Tensor {
  return apply('erfc', [x], {});
}
