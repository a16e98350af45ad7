import { NumericalError } from '../../errors.ts';
import { type Eigenpairs, identity } from './solver.ts';

/** Seen for n = 600: 12 sweeps, and 30 when half the eigenvalues are 0, as rounding noise is made diagonal, too. */
const MAX_SWEEPS = 60;

/**
 * Eigenvalues of a symmetric matrix by the cyclic Jacobi method (Golub & Van Loan, Matrix Computations, §8.5).
 *
 * A sweep visits every pair p < q and turns the plane (p, q) by the angle that makes a_pq zero. The sum of squares off
 * the diagonal falls by 2·a_pq² each time, at last quadratically from sweep to sweep.
 *
 * A pair counts as done when |a_pq| ≤ ε·√(a_pp·a_qq). The usual test, |a_pq| ≤ ε·‖A‖, would stop while a small
 * eigenvalue still has no correct digit. With the relative test, every eigenvalue of a positive definite A = D·B·D, D
 * diagonal, has a relative error of a small multiple of n·ε·κ(B), however large κ(A) is (Demmel & Veselić, "Jacobi's
 * method is more accurate than QR", SIAM J. Matrix Anal. Appl. 13, 1992). Methods that go through a tridiagonal matrix
 * have errors of ε·λmax in every eigenvalue. For semi-definite and indefinite matrices the test reads |a_pp·a_qq|, and
 * errors are of ε·max|λ| as with any other method.
 *
 * Cost: about 3·n³ multiplications a sweep, twice that with eigenvectors.
 *
 * @param a [n, n], exactly symmetric with entries of magnitude below 2; its upper triangle is overwritten.
 * @throws NumericalError when `maxSweeps` sweeps are not enough.
 */
export function jacobi(a: Float64Array, n: number, vectors: boolean, maxSweeps = MAX_SWEEPS): Eigenpairs {
  const rows = vectors ? identity(n) : undefined;
  for (let sweep = 0; sweep < maxSweeps; sweep++) {
    if (!turnEveryPair(a, n, rows)) {
      return { values: Float64Array.from({ length: n }, (_, i) => a[i * n + i]), ...(rows ? { rows } : {}) };
    }
  }
  throw new NumericalError(
    `jacobi: a matrix of ${n} rows did not become diagonal, expected at most ${maxSweeps} sweeps`,
  );
}

/** One sweep; false when no pair needed a turn. */
function turnEveryPair(a: Float64Array, n: number, rows: Float64Array | undefined): boolean {
  let turned = false;
  for (let p = 0; p < n - 1; p++) {
    for (let q = p + 1; q < n; q++) {
      const apq = a[p * n + q];
      const app = a[p * n + p];
      const aqq = a[q * n + q];
      // Two roots, not one of the product: the product of two small diagonal entries may underflow.
      if (Math.abs(apq) <= Number.EPSILON * Math.sqrt(Math.abs(app)) * Math.sqrt(Math.abs(aqq))) continue;
      turned = true;

      const t = tangent(app, aqq, apq);
      const c = 1 / Math.sqrt(1 + t * t);
      const s = t * c;
      a[p * n + p] = app - t * apq;
      a[q * n + q] = aqq + t * apq;
      a[p * n + q] = 0;
      turnTriangle(a, n, p, q, s, s / (1 + c));
      if (rows) turnRows(rows, n, p, q, s, s / (1 + c));
    }
  }
  return turned;
}

/**
 * t = tan θ of the turn by |θ| ≤ π/4 that makes a_pq zero: the smaller root of t² + 2τt − 1 = 0 with
 * τ = (a_qq − a_pp) / (2·a_pq).
 */
function tangent(app: number, aqq: number, apq: number): number {
  const tau = (aqq - app) / (2 * apq);
  // Beyond this, τ² is not finite, and the root is 1 / (2τ) to all digits.
  if (Math.abs(tau) > 1e150) return 0.5 / tau;
  return tau >= 0 ? 1 / (tau + Math.sqrt(1 + tau * tau)) : 1 / (tau - Math.sqrt(1 + tau * tau));
}

/**
 * Rows and columns p and q of the upper triangle, but for the entries of the pair itself:
 * x, y ↦ c·x − s·y, s·x + c·y, in the form x − s·(y + τx), y + s·(x − τy) with τ = s / (1 + c), which for small angles
 * is a small correction of the present one.
 */
function turnTriangle(a: Float64Array, n: number, p: number, q: number, s: number, tau: number): void {
  // Each entry (k, p), (k, q) is read where the upper triangle holds it: above both rows, between them, beyond them.
  let toP = p;
  let toQ = q;
  for (let k = 0; k < p; k++, toP += n, toQ += n) {
    const x = a[toP];
    const y = a[toQ];
    a[toP] = x - s * (y + tau * x);
    a[toQ] = y + s * (x - tau * y);
  }
  toP = p * n + p + 1;
  toQ = (p + 1) * n + q;
  for (let k = p + 1; k < q; k++, toP++, toQ += n) {
    const x = a[toP];
    const y = a[toQ];
    a[toP] = x - s * (y + tau * x);
    a[toQ] = y + s * (x - tau * y);
  }
  toP = p * n + q + 1;
  toQ = q * n + q + 1;
  for (let k = q + 1; k < n; k++, toP++, toQ++) {
    const x = a[toP];
    const y = a[toQ];
    a[toP] = x - s * (y + tau * x);
    a[toQ] = y + s * (x - tau * y);
  }
}

/** The same turn of rows p and q of the eigenvectors. */
function turnRows(rows: Float64Array, n: number, p: number, q: number, s: number, tau: number): void {
  const ofP = p * n;
  const ofQ = q * n;
  for (let k = 0; k < n; k++) {
    const x = rows[ofP + k];
    const y = rows[ofQ + k];
    rows[ofP + k] = x - s * (y + tau * x);
    rows[ofQ + k] = y + s * (x - tau * y);
  }
}
