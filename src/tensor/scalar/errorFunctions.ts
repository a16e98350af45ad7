import {
  abs,
  add,
  copysign,
  div,
  equal,
  exp,
  less,
  min,
  mul,
  neg,
  polynomial,
  type Scalar,
  select,
  sub,
} from './expression.ts';
import { fastSum, halves } from './exactParts.ts';
import type { Expansions } from './tape.ts';

// The error functions, written out in arithmetic and `exp` without a branch: what lies outside the range of a formula is
// computed and not selected.
//
// The reductions and coefficients are those of fdlibm (s_erf.c):
// Copyright (C) 1993 by Sun Microsystems, Inc. All rights reserved. Developed at SunSoft, a Sun Microsystems, Inc.
// business. Permission to use, copy, modify, and distribute this software is freely granted, provided that this notice
// is preserved.

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

/** The error functions by way of `exp`, in a precision of a given number of binary digits. */
export const errorFunctions = (digits: number) =>
  ({ erf: ([x]) => erfOf(x, digits), erfc: ([x]) => erfcOf(x, digits) }) satisfies Expansions;
