import { jacobi } from './jacobi';
import { implicitQL, orthogonal, tridiagonalize } from './householder';

// Eigenvalues and eigenvectors of symmetric matrices in float64: the methods of src/tensor/eigen, step by step.

/**
 * out[i] = the eigenvalues of the symmetric part of a, ascending; all NaN where there are none.
 *
 * @param out [n] in float64
 * @param a [n, n]
 * @param wide whether a is float64 rather than float32
 * @param byJacobi whether by the method of Jacobi rather than Householder's and QL
 * @param scratch room for n·n + 6·n + 2 float64
 */
export function eigenvalues(out: usize, a: usize, n: i32, wide: i32, byJacobi: i32, scratch: usize): void {
  const values = scratch + (<usize>(n * n) << 3);
  const scale = decompose(scratch, a, 0, values, n, wide, byJacobi);
  const order = values + (<usize>(5 * n) << 3);
  sort(order, values, n);
  for (let i = 0; i < n; i++) store<f64>(out + (i << 3), at(values, load<i32>(order + (i << 2))) * scale + 0.0);
}

/**
 * out[k][i] = component k of eigenvector i, whose component of the largest magnitude is positive; all NaN where there are
 * none.
 *
 * @param out [n, n] in float64
 * @param scratch room for 2·n·n + 6·n + 2 float64
 */
export function eigenvectors(out: usize, a: usize, n: i32, wide: i32, byJacobi: i32, scratch: usize): void {
  const rows = scratch + (<usize>(n * n) << 3);
  const values = rows + (<usize>(n * n) << 3);
  const scale = decompose(scratch, a, rows, values, n, wide, byJacobi);
  const order = values + (<usize>(5 * n) << 3);
  sort(order, values, n);
  for (let i = 0; i < n; i++) {
    const row = rows + (<usize>(load<i32>(order + (i << 2)) * n) << 3);
    let largest: f64 = 0;
    for (let k = 0; k < n; k++) if (abs(at(row, k)) > abs(largest)) largest = at(row, k);
    // NaN where there is no scale.
    const sign: f64 = (largest < 0 ? -1 : 1) * (scale == scale ? 1 : scale);
    for (let k = 0; k < n; k++) store<f64>(out + (<usize>(k * n + i) << 3), sign * at(row, k) + 0.0);
  }
}

/**
 * Eigenvalues, and the rows of eigenvectors unless `rows` is 0, in the order in which they are found.
 *
 * @param matrix room for the symmetric part, which is overwritten
 * @param values room for five vectors, the first of which are the eigenvalues
 * @returns what eigenvalues are to be multiplied by: NaN when there are none.
 */
function decompose(matrix: usize, a: usize, rows: usize, values: usize, n: i32, wide: i32, byJacobi: i32): f64 {
  const scale = symmetricPart(matrix, a, n, wide);
  if (scale != scale) return scale;
  if (byJacobi) {
    if (rows) identity(rows, n);
    if (!jacobi(matrix, n, rows)) return NaN;
    for (let i = 0; i < n; i++) store<f64>(values + (i << 3), at(matrix, i * n + i));
    return scale;
  }
  const bytes = <usize>n << 3;
  const e = values + bytes;
  const h = e + bytes;
  tridiagonalize(matrix, n, values, e, h, h + bytes, h + 2 * bytes);
  if (rows) {
    identity(rows, n);
    orthogonal(rows, matrix, n, h);
  }
  return implicitQL(values, e, n, rows) ? scale : NaN;
}

/**
 * The symmetric part of a matrix, divided by a power of two up to its largest entry.
 *
 * @returns the divisor: 1 for a matrix of zeros, NaN where an entry is NaN or infinite.
 */
function symmetricPart(to: usize, a: usize, n: i32, wide: i32): f64 {
  let largest: f64 = 0;
  for (let k = 0; k < n * n; k++) {
    const magnitude = abs(entry(a, k, wide));
    if (!(magnitude < Infinity)) return NaN;
    largest = max(largest, magnitude);
  }
  const scale: f64 = largest == 0 ? 1 : powerOfTwoUpTo(largest);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const mean = (entry(a, i * n + j, wide) / scale + entry(a, j * n + i, wide) / scale) / 2;
      store<f64>(to + (<usize>(i * n + j) << 3), mean);
      store<f64>(to + (<usize>(j * n + i) << 3), mean);
    }
  }
  return scale;
}

@inline
function entry(a: usize, k: i32, wide: i32): f64 {
  return wide ? load<f64>(a + (<usize>k << 3)) : <f64>load<f32>(a + (<usize>k << 2));
}

@inline
function at(vector: usize, k: i32): f64 {
  return load<f64>(vector + (<usize>k << 3));
}

/** The largest power of two that is at most x > 0: its exponent, or the first digit of a denormal number. */
function powerOfTwoUpTo(x: f64): f64 {
  const bits = reinterpret<u64>(x);
  const exponent = bits & 0x7ff0000000000000;
  return reinterpret<f64>(exponent ? exponent : <u64>1 << (63 - clz(bits)));
}

function identity(rows: usize, n: i32): void {
  memory.fill(rows, 0, <usize>(n * n) << 3);
  for (let i = 0; i < n; i++) store<f64>(rows + (<usize>(i * n + i) << 3), 1);
}

/** The positions of values in ascending order; equal ones stay in their order. They are nearly sorted after QL. */
function sort(order: usize, values: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const value = at(values, i);
    let place = i;
    for (; place > 0; place--) {
      const other = load<i32>(order + ((place - 1) << 2));
      if (!(at(values, other) > value)) break;
      store<i32>(order + (place << 2), other);
    }
    store<i32>(order + (place << 2), i);
  }
}
