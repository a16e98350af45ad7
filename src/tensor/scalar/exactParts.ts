import { add, mul, type Scalar, sub } from './expression.ts';

/** a in two parts of half its digits (53 by default), whose products are exact (Veltkamp). */
export function halves(a: Scalar, digits = 53): readonly [high: Scalar, low: Scalar] {
  const c = mul(a, 2 ** Math.ceil(digits / 2) + 1);
  const high = sub(c, sub(c, a));
  return [high, sub(a, high)];
}

/** a + b as its rounded value and what that differs by, for |a| ≥ |b| or a = 0. */
export function fastSum(a: Scalar, b: Scalar): readonly [sum: Scalar, error: Scalar] {
  const sum = add(a, b);
  return [sum, sub(b, sub(sum, a))];
}
