// Elementwise primitives, copies and sums: one walk over strided arrays, and a row of each operation.

/** What a row does; the numbers are those of `ROW_OPERATIONS` in the lowering. */
const COPY = 0;
const SCALE = 1;
const COMBINE = 2;
const ACCUMULATE = 3;
const MULTIPLY = 4;
const RELU = 5;
const RELU_GRADIENT = 6;
const POWER = 7;
const EXP = 8;
const LOG = 9;
const TANH = 10;
const SUM = 11;
const COPY_64 = 12;
const COMBINE_64 = 13;
const ACCUMULATE_64 = 14;
const WIDEN = 15;
const NARROW = 16;

/**
 * out (+)= p·a + q·b + r·c + s·d over `count` floats, with the first `terms` of the four: one pass over the output, which
 * is larger than a cache, in place of four.
 */
export function addTerms(
  out: usize, a: usize, b: usize, c: usize, d: usize, p: f32, q: f32, r: f32, s: f32, terms: i32, onto: i32, count: i32,
): void {
  const end = out + ((count & ~3) << 2);
  const last = out + (count << 2);
  const vp = f32x4.splat(p);
  const vq = f32x4.splat(q);
  const vr = f32x4.splat(r);
  const vs = f32x4.splat(s);
  while (out < end) {
    let sum = f32x4.mul(v128.load(a), vp);
    if (terms > 1) sum = f32x4.add(sum, f32x4.mul(v128.load(b), vq));
    if (terms > 2) sum = f32x4.add(sum, f32x4.mul(v128.load(c), vr));
    if (terms > 3) sum = f32x4.add(sum, f32x4.mul(v128.load(d), vs));
    if (onto) sum = f32x4.add(v128.load(out), sum);
    v128.store(out, sum);
    out += 16;
    a += 16;
    b += 16;
    c += 16;
    d += 16;
  }
  while (out < last) {
    let sum = load<f32>(a) * p;
    if (terms > 1) sum += load<f32>(b) * q;
    if (terms > 2) sum += load<f32>(c) * r;
    if (terms > 3) sum += load<f32>(d) * s;
    store<f32>(out, onto ? load<f32>(out) + sum : sum);
    out += 4;
    a += 4;
    b += 4;
    c += 4;
    d += 4;
  }
}

/**
 * Applies an operation to rows of strided arrays.
 *
 * @param t rank, extents, strides of out, a and b in bytes; the innermost dimension is the row
 * @param p and q the operation's numbers
 * @param scratch room for 4 bytes a dimension
 */
export function walk(operation: i32, out: usize, a: usize, b: usize, p: f64, q: f64, t: usize, scratch: usize): void {
  const rank = load<i32>(t);
  const extents = t + 4;
  const bytes = <usize>rank << 2;
  const stepsOut = extents + bytes;
  const stepsA = stepsOut + bytes;
  const stepsB = stepsA + bytes;
  const last = <usize>(rank - 1) << 2;
  const length = load<i32>(extents + last);
  const stepOut = load<i32>(stepsOut + last);
  const stepA = load<i32>(stepsA + last);
  const stepB = load<i32>(stepsB + last);
  memory.fill(scratch, 0, bytes);
  while (true) {
    row(operation, out, a, b, p, q, stepOut, stepA, stepB, length);
    let d = last;
    while (true) {
      if (d == 0) return;
      d -= 4;
      const index = load<i32>(scratch + d) + 1;
      out += load<i32>(stepsOut + d);
      a += load<i32>(stepsA + d);
      b += load<i32>(stepsB + d);
      const extent = load<i32>(extents + d);
      if (index < extent) {
        store<i32>(scratch + d, index);
        break;
      }
      store<i32>(scratch + d, 0);
      out -= load<i32>(stepsOut + d) * extent;
      a -= load<i32>(stepsA + d) * extent;
      b -= load<i32>(stepsB + d) * extent;
    }
  }
}

function row(
  operation: i32, out: usize, a: usize, b: usize, p: f64, q: f64, stepOut: i32, stepA: i32, stepB: i32, length: i32,
): void {
  if (stepOut == 4 && (stepA == 4 || stepA == 0) && (stepB == 4 || stepB == 0)) {
    const vectors = length & ~3;
    if (vectors > 0 && vectorRow(operation, out, a, b, <f32>p, <f32>q, stepA, stepB, vectors)) {
      out += vectors << 2;
      a += vectors * stepA;
      b += vectors * stepB;
      length -= vectors;
    }
  }
  if (operation == SUM) return sumRow(out, a, stepOut, stepA, length);
  for (let i = 0; i < length; i++) {
    element(operation, out, a, b, p, q);
    out += stepOut;
    a += stepA;
    b += stepB;
  }
}

@inline
function read(x: usize, step: i32): v128 {
  return step ? v128.load(x) : v128.load32_splat(x);
}

/** Whole vectors of a row; false for the operations that have none. */
function vectorRow(
  operation: i32, out: usize, a: usize, b: usize, p: f32, q: f32, stepA: i32, stepB: i32, count: i32,
): bool {
  const end = out + (count << 2);
  const nextA = stepA << 2;
  const nextB = stepB << 2;
  const vp = f32x4.splat(p);
  const vq = f32x4.splat(q);
  const zero = f32x4.splat(0);
  switch (operation) {
    case COPY:
      for (; out < end; out += 16, a += nextA) v128.store(out, read(a, stepA));
      return true;
    case SCALE:
      for (; out < end; out += 16, a += nextA) v128.store(out, f32x4.mul(vp, read(a, stepA)));
      return true;
    case COMBINE:
      for (; out < end; out += 16, a += nextA, b += nextB) {
        v128.store(out, f32x4.add(f32x4.mul(vp, read(a, stepA)), f32x4.mul(vq, read(b, stepB))));
      }
      return true;
    case ACCUMULATE:
      for (; out < end; out += 16, a += nextA) {
        v128.store(out, f32x4.add(v128.load(out), f32x4.mul(vp, read(a, stepA))));
      }
      return true;
    case MULTIPLY:
      for (; out < end; out += 16, a += nextA, b += nextB) {
        v128.store(out, f32x4.mul(read(a, stepA), read(b, stepB)));
      }
      return true;
    case RELU:
      for (; out < end; out += 16, a += nextA) {
        const x = read(a, stepA);
        v128.store(out, v128.andnot(x, f32x4.le(x, zero)));
      }
      return true;
    case RELU_GRADIENT:
      for (; out < end; out += 16, a += nextA, b += nextB) {
        v128.store(out, v128.andnot(read(a, stepA), f32x4.le(read(b, stepB), zero)));
      }
      return true;
  }
  return false;
}

@inline
function element(operation: i32, out: usize, a: usize, b: usize, p: f64, q: f64): void {
  switch (operation) {
    case COPY:
      store<f32>(out, load<f32>(a));
      return;
    case SCALE:
      store<f32>(out, <f32>p * load<f32>(a));
      return;
    case COMBINE:
      store<f32>(out, <f32>p * load<f32>(a) + <f32>q * load<f32>(b));
      return;
    case ACCUMULATE:
      store<f32>(out, load<f32>(out) + <f32>p * load<f32>(a));
      return;
    case MULTIPLY:
      store<f32>(out, load<f32>(a) * load<f32>(b));
      return;
    case RELU: {
      const x = load<f32>(a);
      store<f32>(out, x <= 0 ? 0 : x);
      return;
    }
    case RELU_GRADIENT:
      store<f32>(out, load<f32>(b) <= 0 ? 0 : load<f32>(a));
      return;
    case POWER:
      store<f32>(out, <f32>power(load<f32>(a), p));
      return;
    case EXP:
      store<f32>(out, <f32>Math.exp(load<f32>(a)));
      return;
    case LOG:
      store<f32>(out, <f32>Math.log(load<f32>(a)));
      return;
    case TANH:
      store<f32>(out, <f32>Math.tanh(load<f32>(a)));
      return;
    case COPY_64:
      store<f64>(out, load<f64>(a));
      return;
    case COMBINE_64:
      store<f64>(out, p * load<f64>(a) + q * load<f64>(b));
      return;
    case ACCUMULATE_64:
      store<f64>(out, load<f64>(out) + p * load<f64>(a));
      return;
    case WIDEN:
      store<f64>(out, load<f32>(a));
      return;
    case NARROW:
      store<f32>(out, <f32>load<f64>(a));
      return;
  }
}

/** xᵉ in float64; the exponents that have an exactly rounded operation of their own use it. */
function power(x: f64, exponent: f64): f64 {
  if (exponent == -1) return 1 / x;
  if (exponent == 0.5) return Math.sqrt(x);
  if (exponent == -0.5) return 1 / Math.sqrt(x);
  if (exponent == 2) return x * x;
  return Math.pow(x, exponent);
}

/** Adds a row into float64 totals: into one if they stand still, else element by element. */
function sumRow(out: usize, a: usize, stepOut: i32, stepA: i32, length: i32): void {
  if (stepOut == 0) {
    let total: f64 = 0;
    for (let i = 0; i < length; i++) total += load<f32>(a + i * stepA);
    store<f64>(out, load<f64>(out) + total);
  } else {
    for (let i = 0; i < length; i++) {
      store<f64>(out, load<f64>(out) + load<f32>(a));
      out += stepOut;
      a += stepA;
    }
  }
}

/** Zeros. */
export function clear(out: usize, bytes: usize): void {
  memory.fill(out, 0, bytes);
}
