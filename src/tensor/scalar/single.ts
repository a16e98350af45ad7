import { DOUBLE } from './double.ts';
import { errorFunctions } from './errorFunctions.ts';
import { abs, add, div, exp, less, log, mul, polynomial, type Scalar, select, sub } from './expression.ts';
import type { Expansions } from './tape.ts';

/** eˣ − 1: its series where the difference would lose digits. */
function expm1Of(x: Scalar): Scalar {
  // Σ xⁿ/n!; the first term left out is below ½⁸/9! = 1·10⁻⁸ of the result.
  const factorials = [1, 2, 6, 24, 120, 720, 5040, 40320];
  const series = polynomial(
    x,
    factorials.map((f) => 1 / f),
  );
  return select(less(abs(x), 0.5), mul(x, series), sub(exp(x), 1));
}

/** log(1 + x): where the sum would lose digits 2·artanh(s) with s = x/(2 + x). */
function log1pOf(x: Scalar): Scalar {
  const s = div(x, add(2, x));
  // The first term left out is below 0.18¹²/13 = 1·10⁻¹⁰ of the result.
  const series = polynomial(mul(s, s), [2, 2 / 3, 2 / 5, 2 / 7, 2 / 9, 2 / 11]);
  return select(less(abs(x), 0.3), mul(s, series), log(add(1, x)));
}

/** The functions that devices lack or compute badly, to the accuracy of float32, by those that they have. */
export const SINGLE = {
  ...errorFunctions(24),
  expm1: ([x]) => expm1Of(x),
  log1p: ([x]) => log1pOf(x),
  tanh: DOUBLE.tanh,
} satisfies Expansions;
