import { GRAM_PANEL as PANEL } from './generated/tables';

// Inner products of rows, in float64.
//
// A panel of columns is widened to float64 and packed by four rows, a *strip*: pair of columns by pair of columns, the
// pairs of row 0, 1, 2, 3. The two lanes of a sum are two sums, of even and of odd columns.
//
// A tile is two rows of a times four rows of b. Compilers to x86-64 (V8's) load everything that a basic block reads
// before they compute: eight sums, six operands and a product fill the fifteen vector registers. Of larger tiles some
// sums are in memory (measured: 17 GFLOP/s with 3 × 3, 22 with 2 × 4; registers alone give 27).

/** Strips of a that stay in the first cache (32 KiB) while those of b pass by. */
const NEAR = 2;

/** Strips of b that stay in the second cache (512 KiB and more) while those of a pass by. */
const FAR = 40;

/** Bytes of a packed pair of columns. */
const PAIR = 64;

/**
 * theta[i][j] = Σ_p a[i][p]·b[j][p], every product and sum in float64.
 *
 * @param theta [n, m] in float64
 * @param a [n, p]
 * @param b [m, p]
 * @param wide whether rows are float64 rather than float32
 * @param symmetric whether a is b, so that half of the matrix is computed and copied to the other half
 * @param scratch room for (n + m + 6)·PANEL float64
 */
export function gram(
  theta: usize, a: usize, b: usize, n: i32, m: i32, p: i32, wide: i32, symmetric: i32, scratch: usize,
): void {
  memory.fill(theta, 0, <usize>(n * m) << 3);
  const stripsA = (n + 3) >> 2;
  const stripsB = (m + 3) >> 2;
  const shift: usize = wide ? 3 : 2;
  const packedB = symmetric ? scratch : scratch + ((stripsA * 4 * PANEL) << 3);
  for (let first = 0; first < p; first += PANEL) {
    const count = min(PANEL, p - first);
    const pairs = (count + 1) >> 1;
    const strip: usize = pairs * PAIR;
    pack(scratch, a + (<usize>first << shift), n, p, count, wide);
    if (!symmetric) pack(packedB, b + (<usize>first << shift), m, p, count, wide);
    for (let far = 0; far < stripsB; far += FAR) {
      const endB = min(far + FAR, stripsB);
      const endA = symmetric ? endB : stripsA;
      for (let near = 0; near < endA; near += NEAR) {
        const nearEnd = min(near + NEAR, endA);
        for (let j = symmetric ? max(far, near) : far; j < endB; j++) {
          const last = symmetric ? min(nearEnd, j + 1) : nearEnd;
          for (let i = near; i < last; i++) {
            tile(theta, i * 4, j * 4, n, m, scratch + i * strip, packedB + j * strip, pairs);
            if (i * 4 + 2 < n) tile(theta, i * 4 + 2, j * 4, n, m, scratch + i * strip + 32, packedB + j * strip, pairs);
          }
        }
      }
    }
  }
  if (symmetric) mirror(theta, n);
}

/** Adds the products of two rows by four rows, from row i and column j of theta on. */
function tile(theta: usize, i: i32, j: i32, n: i32, m: i32, x: usize, y: usize, pairs: i32): void {
  let s00 = f64x2.splat(0);
  let s01 = s00;
  let s02 = s00;
  let s03 = s00;
  let s10 = s00;
  let s11 = s00;
  let s12 = s00;
  let s13 = s00;
  const end = x + pairs * PAIR;
  const single: usize = pairs & 1 ? end - PAIR : 0; // the last pair, when it has no other beside it
  while (true) {
    const u = v128.load(x);
    const v = v128.load(x, 16);
    const w0 = v128.load(y);
    const w1 = v128.load(y, 16);
    const w2 = v128.load(y, 32);
    const w3 = v128.load(y, 48);
    s00 = f64x2.add(s00, f64x2.mul(u, w0));
    s01 = f64x2.add(s01, f64x2.mul(u, w1));
    s02 = f64x2.add(s02, f64x2.mul(u, w2));
    s03 = f64x2.add(s03, f64x2.mul(u, w3));
    s10 = f64x2.add(s10, f64x2.mul(v, w0));
    s11 = f64x2.add(s11, f64x2.mul(v, w1));
    s12 = f64x2.add(s12, f64x2.mul(v, w2));
    s13 = f64x2.add(s13, f64x2.mul(v, w3));
    if (x == single) break;
    const un = v128.load(x, 64);
    const vn = v128.load(x, 80);
    const wn0 = v128.load(y, 64);
    const wn1 = v128.load(y, 80);
    const wn2 = v128.load(y, 96);
    const wn3 = v128.load(y, 112);
    s00 = f64x2.add(s00, f64x2.mul(un, wn0));
    s01 = f64x2.add(s01, f64x2.mul(un, wn1));
    s02 = f64x2.add(s02, f64x2.mul(un, wn2));
    s03 = f64x2.add(s03, f64x2.mul(un, wn3));
    s10 = f64x2.add(s10, f64x2.mul(vn, wn0));
    s11 = f64x2.add(s11, f64x2.mul(vn, wn1));
    s12 = f64x2.add(s12, f64x2.mul(vn, wn2));
    s13 = f64x2.add(s13, f64x2.mul(vn, wn3));
    x += 2 * PAIR;
    y += 2 * PAIR;
    if (x >= end) break;
  }
  const columns = m - j;
  const at = theta + (<usize>(i * m + j) << 3);
  addRow(at, columns, s00, s01, s02, s03);
  if (i + 1 < n) addRow(at + (<usize>m << 3), columns, s10, s11, s12, s13);
}

/** Adds the sums of up to four neighbours. */
@inline
function addRow(at: usize, columns: i32, s0: v128, s1: v128, s2: v128, s3: v128): void {
  addAt(at, s0);
  if (columns > 1) addAt(at + 8, s1);
  if (columns > 2) addAt(at + 16, s2);
  if (columns > 3) addAt(at + 24, s3);
}

@inline
function addAt(at: usize, s: v128): void {
  store<f64>(at, load<f64>(at) + (f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)));
}

/**
 * Rows in strips, zeros where rows or the second column of a pair are missing.
 *
 * @param step from row to row, in elements
 */
function pack(to: usize, from: usize, rows: i32, step: i32, count: i32, wide: i32): void {
  const strip: usize = ((count + 1) >> 1) * PAIR;
  const bytes: usize = <usize>step << (wide ? 3 : 2);
  const whole = (rows + 3) & ~3;
  for (let i = 0; i < whole; i++) {
    let at = to + (i >> 2) * strip + ((i & 3) << 4);
    const end = at + (count >> 1) * PAIR;
    let x = from + i * bytes;
    if (i >= rows) {
      for (const all = at + strip; at < all; at += PAIR) v128.store(at, f64x2.splat(0));
    } else if (wide) {
      for (; at < end; at += PAIR, x += 16) v128.store(at, v128.load(x));
      if (count & 1) v128.store(at, v128.load64_zero(x));
    } else {
      for (; at < end; at += PAIR, x += 8) v128.store(at, f64x2.promote_low_f32x4(v128.load64_zero(x)));
      if (count & 1) v128.store(at, f64x2.promote_low_f32x4(v128.load32_zero(x)));
    }
  }
}

/** Copies the upper triangle to the lower one, in squares, so that columns are read while their cache lines are there. */
function mirror(theta: usize, n: i32): void {
  for (let top = 0; top < n; top += 16) {
    for (let left = 0; left <= top; left += 16) {
      for (let i = top; i < min(top + 16, n); i++) {
        for (let j = left; j < min(left + 16, i); j++) {
          store<f64>(theta + (<usize>(i * n + j) << 3), load<f64>(theta + (<usize>(j * n + i) << 3)));
        }
      }
    }
  }
}
