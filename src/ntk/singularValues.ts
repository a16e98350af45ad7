import { nextTurn, turnIsDue } from '../turns.ts';
import type { FloatArray } from '../tensor/index.ts';
import type { JacobianRows } from './jacobianRows.ts';
import { checkRows, factorOf } from './kernelMatrix.ts';

/**
 * The singular values of J, [N, P] (for the outputs `trace` [N, K·P]), without squaring them: Jᵀ = Q·R by Householder reflections, array by array, then the
 * singular values of R by one-sided Jacobi rotations (Golub & Van Loan, Matrix Computations, §5.2 and §8.6.3).
 *
 * Both are backward stable, column by column: what comes out are the singular values of J + E with ‖E_i‖ of about
 * (√P + N)·ε·‖J_i‖ for each row, so that σmin is right to κ(J)·ε where an eigenvalue of J·Jᵀ is right to κ(J)²·ε.
 *
 * Cost: 2·N²·P operations and about 30·N³ for the rotations.
 *
 * @throws InputError when there are no rows.
 * @returns [N] in ascending order, as many zeros among them as P is smaller than N.
 *
 * @example
 * const program = await JacobianProgram.compile(network, images.shape);
 * const rows = await program.run(images);
 * program.dispose();
 * const values = await singularValues(rows);
 * const { kappa } = await ntkOf(rows);
 * console.log(((values[3] / values[0]) ** 2 / kappa).toFixed(6)); // 1.000000
 */
export async function singularValues(rows: JacobianRows, signal?: AbortSignal): Promise<Float64Array> {
  checkRows('singularValues', rows);
  const { rows: n, arrays } = factorOf(rows);
  // R is upper triangular; column j of it belongs to row j of J.
  const r = Array.from({ length: n }, () => new Float64Array(n));
  for (const { data, shape } of arrays) await absorb(r, data, shape[1], signal);
  await orthogonalize(r, signal);
  return Float64Array.from(r, norm).sort();
}

/** The R of [R; B] with the columns of B the rows of an array, [N, columns]: R's column j is `r[j]`. */
async function absorb(
  r: readonly Float64Array[],
  data: FloatArray,
  columns: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const b = r.map((_, j) => Float64Array.from(data.subarray(j * columns, (j + 1) * columns)));
  for (let j = 0; j < r.length; j++) {
    if (turnIsDue()) await nextTurn(signal);
    const length = Math.hypot(r[j][j], norm(b[j]));
    if (length === 0) continue;
    // The reflection I − (|first|/length)·v·vᵀ with v = (1; B_j/first) takes (R_jj; B_j) to (R_jj − first; 0). No |v_i| is
    // above 1, so that nothing leaves the range of numbers.
    const first = r[j][j] + (r[j][j] < 0 ? -length : length);
    const v = b[j].map((x) => x / first);
    for (let k = j + 1; k < r.length; k++) {
      if (turnIsDue()) await nextTurn(signal);
      const factor = (Math.abs(first) / length) * (r[k][j] + dot(v, b[k]));
      r[k][j] -= factor;
      subtract(b[k], factor, v);
    }
    r[j][j] -= first;
  }
}

/** Turns pairs of columns until all are orthogonal: their lengths are then the singular values. */
async function orthogonalize(columns: Float64Array[], signal: AbortSignal | undefined): Promise<void> {
  const n = columns.length;
  const enough = Math.max(1, Math.sqrt(n)) * Number.EPSILON;
  for (let turned = true, sweep = 0; turned && sweep < 60; sweep++) {
    turned = false;
    for (let i = 0; i < n; i++) {
      for (let j = i + 1; j < n; j++) {
        if (turnIsDue()) await nextTurn(signal);
        const [a, b] = [columns[i], columns[j]];
        const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)];
        if (Math.abs(ab) <= enough * Math.sqrt(aa) * Math.sqrt(bb)) continue;
        turned = true;
        const zeta = (bb - aa) / (2 * ab);
        const t = Math.sign(zeta || 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t);
        rotate(a, b, c, c * t);
      }
    }
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function norm(a: Float64Array): number {
  return Math.sqrt(dot(a, a));
}

/** a ← a − factor·b */
function subtract(a: Float64Array, factor: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i] -= factor * b[i];
}

/** (a, b) ← (c·a − s·b, s·a + c·b) */
function rotate(a: Float64Array, b: Float64Array, c: number, s: number): void {
  for (let i = 0; i < a.length; i++) {
    const x = a[i];
    a[i] = c * x - s * b[i];
    b[i] = s * x + c * b[i];
  }
}
