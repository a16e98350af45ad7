import { scale } from './generated/tiles';

// Products of matrices.

/**
 * c[i][j] = Σ_l a(i,l)·b(l,j): the tiles of the convolution, over rows of b.
 *
 * @param stepRowA stepColumnA steps of a in elements
 * @param scratch room for a packed in blocks of rows, for b with rows of whole tiles, and for tables
 */
export function matmul(
  c: usize, a: usize, b: usize, m: i32, k: i32, n: i32, stepRowA: i32, stepColumnA: i32, stepRowB: i32, stepColumnB: i32,
  scratch: usize,
): void {
  const width = (n + 7) & ~7;
  const packed = scratch;
  const taps = packed + ((k * width) << 2);
  const vectors = taps + (k << 2);
  const weights = vectors + (width >> 2) * 12;
  for (let l = 0; l < k; l++) {
    store<u32>(taps + (l << 2), (l * width) << 2);
    for (let j = 0; j < width; j++) {
      const value = j < n ? load<f32>(b + ((l * stepRowB + j * stepColumnB) << 2)) : 0;
      store<f32>(packed + ((l * width + j) << 2), value);
    }
  }
  for (let v = 0; v < width >> 2; v++) {
    store<i32>(vectors + v * 12, v << 4);
    store<i32>(vectors + v * 12 + 4, v << 4);
    store<i32>(vectors + v * 12 + 8, max(0, min(4, n - (v << 2))));
  }
  for (let i = 0; i < m; i += 4) {
    for (let l = 0; l < k; l++) {
      for (let r = 0; r < 4; r++) {
        const value = i + r < m ? load<f32>(a + (((i + r) * stepRowA + l * stepColumnA) << 2)) : 0;
        store<f32>(weights + ((l * 4 + r) << 2), value);
      }
    }
    for (let v = 0; v < width >> 2; v += 2) {
      scale(4, 2, packed, taps, k, weights, vectors + v * 12, c + ((i * n) << 2), n << 2, m - i, 0, false);
    }
  }
}

/** How many columns are widened to float64 together. */
const PANEL = 256;

/**
 * theta[i][j] = Σ_p a[i][p]·b[j][p], every product and sum in float64.
 *
 * @param a [n, p]
 * @param b [m, p]
 * @param symmetric whether a is b, and half of the matrix is enough
 * @param scratch room for (n + m + 4)·PANEL float64
 */
export function gram(theta: usize, a: usize, b: usize, n: i32, m: i32, p: i32, symmetric: i32, scratch: usize): void {
  memory.fill(theta, 0, (n * m) << 3);
  const rowsA = scratch;
  const rowsB = symmetric ? rowsA : rowsA + ((n * PANEL) << 3);
  for (let first = 0; first < p; first += PANEL) {
    const count = min(PANEL, p - first);
    const even = (count + 1) & ~1;
    widen(rowsA, a + (first << 2), n, p, count, even);
    if (!symmetric) widen(rowsB, b + (first << 2), m, p, count, even);
    for (let i = 0; i < n; i += 2) {
      const i1 = min(i + 1, n - 1);
      for (let j = symmetric ? i & ~3 : 0; j < m; j += 4) {
        const j1 = min(j + 1, m - 1);
        const j2 = min(j + 2, m - 1);
        const j3 = min(j + 3, m - 1);
        let x0 = rowsA + ((i * even) << 3);
        let x1 = rowsA + ((i1 * even) << 3);
        let y0 = rowsB + ((j * even) << 3);
        let y1 = rowsB + ((j1 * even) << 3);
        let y2 = rowsB + ((j2 * even) << 3);
        let y3 = rowsB + ((j3 * even) << 3);
        let s00 = f64x2.splat(0);
        let s01 = s00;
        let s02 = s00;
        let s03 = s00;
        let s10 = s00;
        let s11 = s00;
        let s12 = s00;
        let s13 = s00;
        const end = x0 + (even << 3);
        while (x0 < end) {
          const u = v128.load(x0);
          const v = v128.load(x1);
          const w0 = v128.load(y0);
          const w1 = v128.load(y1);
          const w2 = v128.load(y2);
          const w3 = v128.load(y3);
          s00 = f64x2.add(s00, f64x2.mul(u, w0));
          s01 = f64x2.add(s01, f64x2.mul(u, w1));
          s02 = f64x2.add(s02, f64x2.mul(u, w2));
          s03 = f64x2.add(s03, f64x2.mul(u, w3));
          s10 = f64x2.add(s10, f64x2.mul(v, w0));
          s11 = f64x2.add(s11, f64x2.mul(v, w1));
          s12 = f64x2.add(s12, f64x2.mul(v, w2));
          s13 = f64x2.add(s13, f64x2.mul(v, w3));
          x0 += 16;
          x1 += 16;
          y0 += 16;
          y1 += 16;
          y2 += 16;
          y3 += 16;
        }
        addAt(theta, i, j, m, s00);
        if (j1 > j) addAt(theta, i, j1, m, s01);
        if (j2 > j1) addAt(theta, i, j2, m, s02);
        if (j3 > j2) addAt(theta, i, j3, m, s03);
        if (i1 > i) {
          addAt(theta, i1, j, m, s10);
          if (j1 > j) addAt(theta, i1, j1, m, s11);
          if (j2 > j1) addAt(theta, i1, j2, m, s12);
          if (j3 > j2) addAt(theta, i1, j3, m, s13);
        }
      }
    }
  }
  if (symmetric) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) store<f64>(theta + ((i * m + j) << 3), load<f64>(theta + ((j * m + i) << 3)));
    }
  }
}

@inline
function addAt(theta: usize, i: i32, j: i32, m: i32, s: v128): void {
  const at = theta + ((i * m + j) << 3);
  store<f64>(at, load<f64>(at) + (f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1)));
}

/** A panel of float32 rows as float64, one zero behind an odd row. */
function widen(to: usize, from: usize, rows: i32, step: i32, count: i32, even: i32): void {
  for (let i = 0; i < rows; i++) {
    let x = from + ((i * step) << 2);
    for (let l = 0; l < count; l++) {
      store<f64>(to, load<f32>(x));
      to += 8;
      x += 4;
    }
    if (even > count) {
      store<f64>(to, 0);
      to += 8;
    }
  }
}
