import { Vector, VECTOR_BYTES } from './generated/tables';
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
  const weights = vectors + (width >> 2) * VECTOR_BYTES;
  for (let l = 0; l < k; l++) {
    store<u32>(taps + (l << 2), (l * width) << 2);
    for (let j = 0; j < width; j++) {
      const value = j < n ? load<f32>(b + ((l * stepRowB + j * stepColumnB) << 2)) : 0;
      store<f32>(packed + ((l * width + j) << 2), value);
    }
  }
  for (let v = 0; v < width >> 2; v++) {
    const vector = changetype<Vector>(vectors + v * VECTOR_BYTES);
    vector.from = v << 4;
    vector.to = v << 4;
    vector.count = max(0, min(4, n - (v << 2)));
  }
  for (let i = 0; i < m; i += 4) {
    for (let l = 0; l < k; l++) {
      for (let r = 0; r < 4; r++) {
        const value = i + r < m ? load<f32>(a + (((i + r) * stepRowA + l * stepColumnA) << 2)) : 0;
        store<f32>(weights + ((l * 4 + r) << 2), value);
      }
    }
    for (let v = 0; v < width >> 2; v += 2) {
      scale(4, 2, packed, taps, k, weights, vectors + v * VECTOR_BYTES, c + ((i * n) << 2), n << 2, m - i, 0, false);
    }
  }
}
