import type { ScalarOp } from '../../scalar/index.ts';

/** Computes one operation for the first `count` elements. */
export type Operation = (
  out: Float64Array,
  operands: readonly [a: Float64Array, b: Float64Array, c: Float64Array],
  count: number,
  value: number,
) => void;

/** An operation that the reference has a loop for; the others are written out in these. */
export type Computed = Exclude<ScalarOp, 'operand' | 'constant' | 'erf' | 'erfc'>;

// Each loop stands for itself: a shared one would call a function for every element.

/** Every operation. Leave one out and the build fails. */
export const operations: { readonly [P in Computed]: Operation } = {
  neg(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = -a[i];
  },
  abs(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.abs(a[i]);
  },
  sqrt(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.sqrt(a[i]);
  },
  floor(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.floor(a[i]);
  },
  exp(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.exp(a[i]);
  },
  expm1(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.expm1(a[i]);
  },
  log(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.log(a[i]);
  },
  log1p(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.log1p(a[i]);
  },
  tanh(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Math.tanh(a[i]);
  },
  pow(out, [a], count, exponent) {
    for (let i = 0; i < count; i++) out[i] = a[i] ** exponent;
  },
  add(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = a[i] + b[i];
  },
  sub(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = a[i] - b[i];
  },
  mul(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = a[i] * b[i];
  },
  div(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = a[i] / b[i];
  },
  min(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = Math.min(a[i], b[i]);
  },
  max(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = Math.max(a[i], b[i]);
  },
  copysign(out, [a, b], count) {
    for (let i = 0; i < count; i++) {
      const size = Math.abs(a[i]);
      out[i] = b[i] < 0 || Object.is(b[i], -0) ? -size : size;
    }
  },
  less(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = a[i] < b[i] ? 1 : 0;
  },
  lessEqual(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = a[i] <= b[i] ? 1 : 0;
  },
  equal(out, [a, b], count) {
    for (let i = 0; i < count; i++) out[i] = a[i] === b[i] ? 1 : 0;
  },
  select(out, [condition, a, b], count) {
    for (let i = 0; i < count; i++) out[i] = condition[i] !== 0 ? a[i] : b[i];
  },
  round(out, [a], count) {
    // To the even one of two that are equally near: beyond 2⁵² there are whole numbers alone.
    for (let i = 0; i < count; i++) out[i] = Math.abs(a[i]) < 2 ** 51 ? a[i] + 1.5 * 2 ** 52 - 1.5 * 2 ** 52 : a[i];
  },
  exp2(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = 2 ** a[i];
  },
  exponent(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = Number((bitsOf(a[i]) + SHIFT) >> 52n) - 1023;
  },
  significand(out, [a], count) {
    for (let i = 0; i < count; i++) out[i] = ofBits(((bitsOf(a[i]) + SHIFT) & FRACTION) + ROOT_HALF);
  },
};

const ROOT_HALF = 0x3fe6a09e00000000n;
const SHIFT = 0x3ff0000000000000n - ROOT_HALF;
const FRACTION = 2n ** 52n - 1n;
const float = new Float64Array(1);
const bits = new BigUint64Array(float.buffer);

function bitsOf(x: number): bigint {
  float[0] = x;
  return bits[0];
}

function ofBits(x: bigint): number {
  bits[0] = x;
  return float[0];
}
