import { NumericalError } from '../../errors.ts';
import { type Tridiagonal, tridiagonalize } from './householder.ts';
import type { Eigenpairs } from './solver.ts';

/** Seen: fewer than 2 iterations an eigenvalue. LAPACK's dsteqr allows 30. */
const MAX_ITERATIONS = 30;
/** After this number, entries need not become smaller than rounding errors. */
const PATIENCE = 15;

/**
 * Eigenvalues, and eigenvectors if asked for, of a symmetric matrix by Householder reduction and the implicit QL method.
 * Every eigenvalue has an error of about n·ε·‖A‖, so that small ones may lose all digits and even their sign.
 *
 * Cost: 2/3·n³ multiplications, about 5·n³ with eigenvectors.
 *
 * @param a [n, n], symmetric; its lower triangle is overwritten.
 * @throws NumericalError when the iteration does not converge.
 */
export function householderQL(a: Float64Array, n: number, vectors: boolean): Eigenpairs {
  return implicitQL(tridiagonalize(a, n, vectors));
}

/**
 * Eigenvalues of a symmetric tridiagonal matrix by QL iterations with Wilkinson's shift, done implicitly: a plane rotation
 * brings the shift in at the end of an unreduced block, and further ones chase the entry that it leaves outside the
 * tridiagonal to the beginning (Golub & Van Loan, Matrix Computations, §8.3.3; Bowdler, Martin, Reinsch & Wilkinson,
 * "The QR and QL algorithms for symmetric matrices", Numer. Math. 11, 1968). Rows of Qᵀ are rotated along.
 *
 * @param matrix is overwritten.
 * @throws NumericalError when an eigenvalue needs more than 30 iterations.
 */
export function implicitQL({ d, e: below, rows }: Tridiagonal): Eigenpairs {
  const n = d.length;
  const e = new Float64Array(n); // e[i] stands in row i + 1, column i
  let norm = 0;
  for (let i = 0; i < n; i++) {
    if (i + 1 < n) e[i] = below[i + 1];
    norm = Math.max(norm, Math.abs(d[i]), Math.abs(e[i]));
  }
  // What is smaller than this is no part of any digit, even of an eigenvalue of 0 on its own.
  const tiny = Number.EPSILON * Number.EPSILON * norm;
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      // Rounding errors of the large entries can keep those of a matrix of low rank from becoming as small as that. What is
      // smaller than such an error goes then: eigenvalues feel no more of it than of the errors that they have.
      const negligible = iteration < PATIENCE ? tiny : 4 * Number.EPSILON * norm;
      let m = l;
      // Written so that NaN is not taken for small.
      while (m < n - 1 && !(Math.abs(e[m]) <= Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1])) + negligible)) m++;
      if (m === l) break;
      if (iteration === MAX_ITERATIONS) {
        throw new NumericalError(
          `implicitQL: eigenvalue ${l} of ${n} did not converge, expected at most ${MAX_ITERATIONS} iterations`,
        );
      }
      chase(d, e, l, m, rows);
    }
  }
  return { values: d, ...(rows ? { rows } : {}) };
}

/** One iteration on the unreduced block from l to m. */
function chase(d: Float64Array, e: Float64Array, l: number, m: number, rows: Float64Array | undefined): void {
  const half = (d[l + 1] - d[l]) / (2 * e[l]);
  const root = Math.sqrt(half * half + 1);
  let g = d[m] - d[l] + e[l] / (half + (half >= 0 ? root : -root));
  let s = 1;
  let c = 1;
  let p = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * e[i];
    const b = c * e[i];
    const r = Math.sqrt(f * f + g * g);
    e[i + 1] = r;
    if (r === 0) {
      // The block falls apart here.
      d[i + 1] -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = d[i + 1] - p;
    const t = (d[i] - g) * s + 2 * c * b;
    p = s * t;
    d[i + 1] = g + p;
    g = c * t - b;
    if (rows) rotate(rows, d.length, i, s, c);
  }
  d[l] -= p;
  e[l] = g;
  e[m] = 0;
}

/** The plane rotation of rows i and i + 1. */
function rotate(rows: Float64Array, n: number, i: number, s: number, c: number): void {
  const first = i * n;
  for (let k = first; k < first + n; k++) {
    const x = rows[k];
    const y = rows[k + n];
    rows[k + n] = s * x + c * y;
    rows[k] = c * x - s * y;
  }
}
