import { Vector, VECTOR_BYTES } from './generated/tables';
import { scale } from './generated/tiles';
import { LANES, PAIR, Real, SHIFT } from './precision';

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
  const width = (n + PAIR - 1) & -PAIR;
  const packed = scratch;
  const taps = packed + ((k * width) << SHIFT);
  const vectors = taps + (k << 2);
  const weights = vectors + (width / LANES) * VECTOR_BYTES;
  for (let l = 0; l < k; l++) {
    store<u32>(taps + (l << 2), (l * width) << SHIFT);
    for (let j = 0; j < width; j++) {
      const value = j < n ? load<Real>(b + ((l * stepRowB + j * stepColumnB) << SHIFT)) : 0;
      store<Real>(packed + ((l * width + j) << SHIFT), value);
    }
  }
  for (let v = 0; v < width / LANES; v++) {
    const vector = changetype<Vector>(vectors + v * VECTOR_BYTES);
    vector.from = v << 4;
    vector.to = v << 4;
    vector.count = max(0, min(LANES, n - v * LANES));
  }
  for (let i = 0; i < m; i += 4) {
    for (let l = 0; l < k; l++) {
      for (let r = 0; r < 4; r++) {
        const value = i + r < m ? load<Real>(a + (((i + r) * stepRowA + l * stepColumnA) << SHIFT)) : 0;
        store<Real>(weights + ((l * 4 + r) << SHIFT), value);
      }
    }
    for (let v = 0; v < width / LANES; v += 2) {
      scale(4, 2, packed, taps, k, weights, vectors + v * VECTOR_BYTES, c + ((i * n) << SHIFT), n << SHIFT, m - i, 0, false);
    }
  }
}
