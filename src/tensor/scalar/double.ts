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
import type { Expansions } from './tape.ts';

// Functions written out in arithmetic on float64 numbers, without a branch: what lies outside the range of a formula is
// computed and not selected. Their errors are a few units of 2⁻⁵³ at most.
//
// The reductions and coefficients are those of fdlibm (e_exp.c, s_expm1.c, e_log.c, s_erf.c):
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

/** a in two parts of half its digits (53 by default), whose products are exact (Veltkamp). */
function halves(a: Scalar, digits = 53): readonly [high: Scalar, low: Scalar] {
  const c = mul(a, 2 ** Math.ceil(digits / 2) + 1);
  const high = sub(c, sub(c, a));
  return [high, sub(a, high)];
}

/** What a·b differs from its rounded value p by (Dekker). */
function productError(a: Scalar, b: Scalar, p: Scalar): Scalar {
  const [ah, al] = halves(a);
  const [bh, bl] = halves(b);
  return add(add(add(sub(mul(ah, bh), p), mul(ah, bl)), mul(al, bh)), mul(al, bl));
}

/** a + b as its rounded value and what that differs by, for |a| ≥ |b| or a = 0. */
function fastSum(a: Scalar, b: Scalar): readonly [sum: Scalar, error: Scalar] {
  const sum = add(a, b);
  return [sum, sub(b, sub(sum, a))];
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

const PP = [1.28379167095512558561e-1, -3.2504210724700149937e-1, -2.84817495755985104766e-2];
const ERF_P = [...PP, -5.77027029648944159157e-3, -2.37630166566501626084e-5];
const QQ = [1, 3.97917223959155352819e-1, 6.50222499887672944485e-2, 5.08130628187576562776e-3];
const ERF_Q = [...QQ, 1.32494738004321644526e-4, -3.9602282787753681232e-6];

const ERX = 8.45062911510467529297e-1;
const PA = [
  -2.36211856075265944077e-3, 4.14856118683748331666e-1, -3.72207876035701323847e-1, 3.18346619901161753674e-1,
];
const ERF_P1 = [...PA, -1.10894694282396677476e-1, 3.54783043256182359371e-2, -2.166375594868790843e-3];
const QA = [1, 1.06420880400844228286e-1, 5.40397917702171048937e-1, 7.18286544141962662868e-2];
const ERF_Q1 = [...QA, 1.26171219808761642112e-1, 1.36370839120290507362e-2, 1.1984499846799107417e-2];

const RA = [
  -9.86494403484714822705e-3, -6.93858572707181764372e-1, -1.05586262253232909814e1, -6.23753324503260060396e1,
];
const RA_REST = [
  -1.62396669462573470355e2, -1.84605092906711035994e2, -8.12874355063065934246e1, -9.81432934416914548592,
];
const ERFC_R2 = [...RA, ...RA_REST];
const SA = [1, 1.96512716674392571292e1, 1.376577541435190426e2, 4.34565877475229228821e2, 6.45387271733267880336e2];
const SA_REST = [
  4.29008140027567833386e2, 1.08635005541779435134e2, 6.57024977031928170135, -6.04244152148580987438e-2,
];
const ERFC_S2 = [...SA, ...SA_REST];

const RB = [
  -9.86494292470009928597e-3, -7.99283237680523006574e-1, -1.77579549177547519889e1, -1.60636384855821916062e2,
];
const ERFC_R3 = [...RB, -6.37566443368389627722e2, -1.02509513161107724954e3, -4.83519191608651397019e2];
const SB = [1, 3.03380607434824582924e1, 3.25792512996573918826e2, 1.53672958608443695994e3, 3.19985821950859553908e3];
const ERFC_S3 = [...SB, 2.55305040643316442583e3, 4.74528541206955367215e2, -2.24409524465858183362e1];

/** What erf and erfc are made of, by range. */
function errorFunction(x: Scalar, digits: number) {
  const size = min(abs(x), 28);
  const square = mul(size, size);
  // erf x = x + x·P/Q below 0.84375,
  const inner = mul(x, div(polynomial(square, ERF_P), polynomial(square, ERF_Q)));
  // erf|x| = 0.845… + P/Q below 1.25,
  const t = sub(size, 1);
  const middle = div(polynomial(t, ERF_P1), polynomial(t, ERF_Q1));
  // and erfc|x| = e^(−x² − 0.5625 + R/S)/|x| above. x² is wanted to more than its own digits: x = z + (x − z), where z²
  // is exact.
  const inverse = div(1, square);
  const second = div(polynomial(inverse, ERFC_R2), polynomial(inverse, ERFC_S2));
  const third = div(polynomial(inverse, ERFC_R3), polynomial(inverse, ERFC_S3));
  const ratio = select(less(size, 1 / 0.35), second, third);
  const [z] = halves(size, digits);
  const rest = add(mul(sub(z, size), add(z, size)), sub(ratio, 0.5625));
  const [sum, error] = fastSum(neg(mul(z, z)), rest);
  const y = exp(sum);
  const tail = div(add(y, mul(y, error)), size);
  return { size, inner, middle, tail };
}

function erfOf(x: Scalar, digits: number): Scalar {
  const { size, inner, middle, tail } = errorFunction(x, digits);
  const outer = select(less(size, 1.25), add(ERX, middle), sub(1, tail));
  const y = select(less(size, 0.84375), add(x, inner), outer);
  return copysign(select(equal(x, x), y, x), x);
}

function erfcOf(x: Scalar, digits: number): Scalar {
  const { size, inner, middle, tail } = errorFunction(x, digits);
  const negative = less(x, 0);
  // 1 − erf(x); from ¼ on in an order that loses nothing.
  const near = select(less(x, 0.25), sub(1, add(x, inner)), sub(0.5, add(sub(x, 0.5), inner)));
  const between = select(negative, add(1, add(ERX, middle)), sub(sub(1, ERX), middle));
  const far = select(negative, sub(2, tail), tail);
  const result = select(less(size, 0.84375), near, select(less(size, 1.25), between, far));
  return select(equal(x, x), result, x);
}

const unary = (f: (x: Scalar) => Scalar) => (args: readonly Scalar[]) => f(args[0]);

/** The error functions by way of `exp`, in a precision of a given number of binary digits. */
export const errorFunctions = (digits: number) =>
  ({ erf: ([x]) => erfOf(x, digits), erfc: ([x]) => erfcOf(x, digits) }) satisfies Expansions;

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
