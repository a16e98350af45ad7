import {
  abs,
  add,
  constant,
  copysign,
  div,
  equal,
  exp,
  exp2,
  expm1,
  exponent,
  floor,
  less,
  log,
  max,
  min,
  mul,
  neg,
  polynomial,
  round,
  type Scalar,
  select,
  significand,
  sub,
} from './expression.ts';
import { errorFunctions } from './errorFunctions.ts';
import { fastSum, halves } from './exactParts.ts';
import type { Expansions } from './tape.ts';

// Functions written out in arithmetic on float64 numbers, without a branch: what lies outside the range of a formula is
// computed and not selected. Their errors are a few units of 2⁻⁵³ at most.
//
// The reductions and coefficients are those of fdlibm (e_exp.c, s_expm1.c, e_log.c):
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a Sun Microsystems, Inc.
// business. Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice
// is preserved.

// ln 2 in two parts; multiples of the first by a whole number below 2¹¹ are exact.
const LN2_HI = 6.9314718036912381649e-1;
const LN2_LO = 1.90821492927058770002e-10;

const Q = [1, -3.33333333333331316428e-2, 1.58730158725481460165e-3, -7.93650757867487942473e-5];
const EXPM1 = [...Q, 4.00821782732936239552e-6, -2.01099218183624371326e-7];

/** k and eʳ − 1 of x = k·ln 2 + r, |r| ≤ ½ ln 2, for x from −750 to 710. */
function reduced(x: Scalar): { readonly k: Scalar; readonly e: Scalar } {
  const k = round(mul(x, Math.LOG2E));
  const hi = sub(x, mul(k, LN2_HI));
  const lo = mul(k, LN2_LO);
  const r = sub(hi, lo);
  const c = sub(sub(hi, r), lo); // what r was rounded by
  const half = mul(0.5, r);
  const square = mul(r, half);
  const r1 = polynomial(square, EXPM1);
  const t = sub(3, mul(r1, half));
  const e = mul(square, div(sub(r1, t), sub(6, mul(r, t))));
  return { k, e: sub(r, sub(sub(mul(r, sub(e, c)), c), square)) };
}

/** x·2ᵏ for a whole k, by two factors that are both normal numbers: it is rounded once where it is denormal. */
function timesPowerOfTwo(x: Scalar, k: Scalar): Scalar {
  const half = floor(mul(0.5, k));
  return mul(mul(x, exp2(half)), exp2(sub(k, half)));
}

function clamp(x: Scalar, low: number, high: number): Scalar {
  return max(min(x, high), low);
}

/** eˣ = (1 + (eʳ − 1))·2ᵏ. */
function expOf(x: Scalar): Scalar {
  const { k, e } = reduced(clamp(x, -750, 710));
  return timesPowerOfTwo(add(1, e), k);
}

/** eˣ − 1 = ((eʳ − 1) + (1 − 2⁻ᵏ))·2ᵏ. */
function expm1Of(x: Scalar): Scalar {
  const { k, e } = reduced(clamp(x, -60, 710));
  const y = timesPowerOfTwo(add(e, sub(1, exp2(max(neg(k), -1000)))), k);
  return select(less(abs(x), 2 ** -54), x, y);
}

/** tanh|x| = −t/(t + 2) with t = e^(−2|x|) − 1. */
function tanhOf(x: Scalar): Scalar {
  const t = expm1(mul(-2, abs(x)));
  return copysign(div(neg(t), add(t, 2)), x);
}

const LG = [6.66666666666673513e-1, 3.999999999940941908e-1, 2.857142874366239149e-1, 2.222219843214978396e-1];
const LOG = [...LG, 1.818357216161805012e-1, 1.531383769920937332e-1, 1.479819860511658591e-1];

/** e and m − 1 of x = m·2ᵉ, for denormal x > 0, too. */
function split(x: Scalar): { readonly k: Scalar; readonly f: Scalar } {
  const denormal = less(x, 2 ** -1022);
  const normal = select(denormal, mul(x, 2 ** 54), x);
  return { k: sub(exponent(normal), select(denormal, 54, 0)), f: sub(significand(normal), 1) };
}

/** log x = k·ln 2 + log(1 + f), with log(1 + f) = f − f²/2 + s·(f²/2 + R(s²)) and s = f/(2 + f). */
function logOf(x: Scalar): Scalar {
  const { k, f } = split(x);
  const s = div(f, add(2, f));
  const z = mul(s, s);
  const halfSquare = mul(0.5, mul(f, f));
  const rest = add(mul(s, add(halfSquare, mul(z, polynomial(z, LOG)))), mul(k, LN2_LO));
  const y = add(sub(f, sub(halfSquare, rest)), mul(k, LN2_HI));
  const positive = select(less(x, Infinity), y, x);
  return select(less(0, x), positive, select(equal(x, 0), -Infinity, NaN));
}

/** log(1 + x) = log u + (1 + x − u)/u, where u is 1 + x rounded. */
function log1pOf(x: Scalar): Scalar {
  const u = add(1, x);
  const back = sub(u, 1);
  const error = add(sub(1, sub(u, back)), sub(x, back));
  const y = add(log(u), div(error, max(u, 2 ** -1022)));
  // Neither ±0 nor the infinity survives the sum; NaN is not selected away.
  return select(less(abs(x), 2 ** -54), x, select(equal(x, Infinity), x, y));
}

/** What a·b differs from its rounded value p by (Dekker). */
function productError(a: Scalar, b: Scalar, p: Scalar): Scalar {
  const [ah, al] = halves(a);
  const [bh, bl] = halves(b);
  return add(add(add(sub(mul(ah, bh), p), mul(ah, bl)), mul(al, bh)), mul(al, bl));
}

/** |x|ᵉ = exp(e·log|x|), with the logarithm and its product in two float64 numbers each. */
function powOf(x: Scalar, e: number): Scalar {
  const size = abs(x);
  const { k, f } = split(size);
  const d = add(2, f);
  const s = div(f, d);
  // f/(2 + f) − s, where 2 + f is itself rounded.
  const product = mul(s, d);
  const dError = sub(f, sub(d, 2));
  const remainder = sub(sub(sub(f, product), productError(s, d, product)), mul(s, dError));
  const sError = div(remainder, d);
  const z = mul(s, s);
  // log(1 + f) = 2s + s·R(s²), and R = 2/3·s² + …
  const small = add(mul(2, sError), mul(s, mul(z, polynomial(z, LOG))));
  const [sum, sumError] = fastSum(mul(k, LN2_HI), mul(2, s));
  const [high, low] = fastSum(sum, add(add(sumError, mul(k, LN2_LO)), small));
  const power = mul(e, high);
  const powerError = add(productError(constant(e), high, power), mul(e, low));
  const y = exp(power);
  const finite = add(y, mul(y, clamp(powerError, -1, 1)));
  // Beyond the range eˣ is 0 or infinite, and infinity times a correction must not become NaN.
  const ordinary = select(less(y, Infinity), finite, y);
  const [atZero, atInfinity] = e > 0 ? [0, Infinity] : [Infinity, 0];
  const result = select(equal(size, 0), atZero, select(equal(size, Infinity), atInfinity, ordinary));
  const passed = select(equal(x, x), result, x);
  if (!Number.isInteger(e)) return select(less(x, 0), select(less(-Infinity, x), NaN, passed), passed);
  return Math.abs(e) % 2 === 1 ? copysign(passed, x) : passed;
}

const unary = (f: (x: Scalar) => Scalar) => (args: readonly Scalar[]) => f(args[0]);

/** Every function that is no instruction of a processor. */
export const DOUBLE = {
  ...errorFunctions(53),
  exp: unary(expOf),
  expm1: unary(expm1Of),
  log: unary(logOf),
  log1p: unary(log1pOf),
  tanh: unary(tanhOf),
  pow: ([x], e) => powOf(x, e),
} satisfies Expansions;
