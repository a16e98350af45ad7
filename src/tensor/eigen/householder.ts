import { identity } from './solver.ts';

/** A symmetric tridiagonal matrix T with A = Q·T·Qᵀ. */
export interface Tridiagonal {
  /** [n], the diagonal of T. */
  readonly d: Float64Array;
  /** [n], e[i] stands in row i, column i − 1 of T; e[0] is 0. */
  readonly e: Float64Array;
  /** [n, n], Qᵀ; present when it was asked for. */
  readonly rows?: Float64Array;
}

/**
 * Reduces a symmetric matrix to tridiagonal form by n − 2 Householder reflections, from the last row up (Golub & Van
 * Loan, Matrix Computations, §8.3.1; EISPACK's tred1 and tred2).
 *
 * Row i, of length i left of the diagonal, is x. The reflection H = I − u·uᵀ/h with u = x ± ‖x‖·eᵢ₋₁ makes it zero but for
 * its last entry, and the leading block B becomes H·B·H = B − u·qᵀ − q·uᵀ with p = B·u/h and q = p − (pᵀu/2h)·u.
 *
 * Only the lower triangle is read and written, in rows. The update of a block and the product B·u of the next reflection
 * go over it together: beyond the caches the time is that of one read and one write of the triangle a reflection.
 *
 * Cost: 2/3·n³ multiplications, twice that with Qᵀ. The error of T is about n·ε·‖A‖.
 *
 * @param a [n, n]; its lower triangle is overwritten.
 */
export function tridiagonalize(a: Float64Array, n: number, vectors: boolean): Tridiagonal {
  const d = new Float64Array(n);
  const e = new Float64Array(n);
  const h = new Float64Array(n); // 0 where there is no reflection
  let q = new Float64Array(n);
  let p = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const row = i * n;
    // The update of the reflection before, whose u lies in the row below.
    const before = i + 1 < n && h[i + 1] > 0 ? row + n : -1;
    if (before >= 0) updateRow(a, row, i, before, q);
    d[i] = a[row + i];
    h[i] = reflect(a, row, i, e);
    const reflects = h[i] > 0;
    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      if (before >= 0) updateRow(a, j * n, j, before, q);
      if (reflects) multiplyRow(a, j * n, j, row, p);
    }
    if (!reflects) continue;
    let along = 0;
    for (let k = 0; k < i; k++) {
      p[k] /= h[i];
      along += p[k] * a[row + k];
    }
    along /= 2 * h[i];
    for (let k = 0; k < i; k++) p[k] -= along * a[row + k];
    [p, q] = [q, p];
  }
  d[0] = a[0];
  return vectors ? { d, e, rows: orthogonal(a, n, h) } : { d, e };
}

/**
 * Turns x, the first i entries of a row, into u, and writes what is left of the row to e[i].
 *
 * @returns h = uᵀu/2, or 0 when x has no entry to make zero.
 */
function reflect(a: Float64Array, row: number, i: number, e: Float64Array): number {
  const end = row + i - 1;
  let size = 0;
  for (let k = row; k < end; k++) size = Math.max(size, Math.abs(a[k]));
  e[i] = a[end];
  if (size === 0) return 0;
  // Scaled, so that squares of a tiny row do not underflow; H does not feel it.
  size = Math.max(size, Math.abs(a[end]));
  let sum = 0;
  for (let k = row; k <= end; k++) {
    a[k] /= size;
    sum += a[k] * a[k];
  }
  const last = a[end];
  const g = last >= 0 ? -Math.sqrt(sum) : Math.sqrt(sum);
  e[i] = size * g;
  a[end] = last - g;
  return sum - last * g;
}

/** a[j][k] −= u[j]·q[k] + q[j]·u[k] for k ≤ j. */
function updateRow(a: Float64Array, row: number, j: number, u: number, q: Float64Array): void {
  const uj = a[u + j];
  const qj = q[j];
  for (let k = 0; k <= j; k++) a[row + k] -= uj * q[k] + qj * a[u + k];
}

/** Adds what row j of the lower triangle contributes to p = B·u. */
function multiplyRow(a: Float64Array, row: number, j: number, u: number, p: Float64Array): void {
  const uj = a[u + j];
  let sum = a[row + j] * uj;
  for (let k = 0; k < j; k++) {
    sum += a[row + k] * a[u + k];
    p[k] += a[row + k] * uj;
  }
  p[j] += sum;
}

/** Qᵀ = H₁·H₂·…: the reflection Hᵢ, whose u lies in row i, concerns the first i coordinates alone. */
function orthogonal(a: Float64Array, n: number, h: Float64Array): Float64Array {
  const rows = identity(n);
  for (let i = 2; i < n; i++) {
    if (h[i] === 0) continue;
    const u = i * n;
    for (let r = 0; r < i * n; r += n) {
      let along = 0;
      for (let k = 0; k < i; k++) along += rows[r + k] * a[u + k];
      along /= h[i];
      for (let k = 0; k < i; k++) rows[r + k] -= along * a[u + k];
    }
  }
  return rows;
}
