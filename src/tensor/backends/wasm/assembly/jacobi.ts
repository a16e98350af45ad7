// The cyclic Jacobi method of src/tensor/eigen/jacobi.ts: the same operations in the same order, to the same bits.

const MAX_SWEEPS = 60;
const EPSILON: f64 = 2.220446049250313e-16;

/**
 * Makes a symmetric matrix diagonal.
 *
 * @param a [n, n]; the eigenvalues come to stand on its diagonal.
 * @param rows [n, n], turned along, or 0
 * @returns whether the sweeps were enough.
 */
export function jacobi(a: usize, n: i32, rows: usize): bool {
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) if (!turnEveryPair(a, n, rows)) return true;
  return false;
}

/** One sweep; false when no pair needed a turn. */
function turnEveryPair(a: usize, n: i32, rows: usize): bool {
  let turned = false;
  const step = <usize>n << 3;
  for (let p = 0; p < n - 1; p++) {
    const rowP = a + p * step;
    const toP = rowP + (p << 3);
    for (let q = p + 1; q < n; q++) {
      const toQ = a + q * step + (q << 3);
      const toPQ = rowP + (q << 3);
      const apq = load<f64>(toPQ);
      const app = load<f64>(toP);
      const aqq = load<f64>(toQ);
      if (abs(apq) <= EPSILON * sqrt(abs(app)) * sqrt(abs(aqq))) continue;
      turned = true;
      const t = tangent(app, aqq, apq);
      const c = 1 / sqrt(1 + t * t);
      const s = t * c;
      const tau = s / (1 + c);
      store<f64>(toP, app - t * apq);
      store<f64>(toQ, aqq + t * apq);
      store<f64>(toPQ, 0);
      // Above both rows, between them, beyond them: where the upper triangle holds (k, p) and (k, q).
      turn(a + (p << 3), step, a + (q << 3), step, p, s, tau);
      turn(toP + 8, 8, rowP + step + (q << 3), step, q - p - 1, s, tau);
      turnSideBySide(toPQ + 8, toQ + 8, n - q - 1, s, tau);
      if (rows) turnSideBySide(rows + p * step, rows + q * step, n, s, tau);
    }
  }
  return turned;
}

function tangent(app: f64, aqq: f64, apq: f64): f64 {
  const tau = (aqq - app) / (2 * apq);
  if (abs(tau) > 1e150) return 0.5 / tau;
  return tau >= 0 ? 1 / (tau + sqrt(1 + tau * tau)) : 1 / (tau - sqrt(1 + tau * tau));
}

/** x, y ↦ x − s·(y + τx), y + s·(x − τy) for `count` pairs. */
function turn(toX: usize, stepX: usize, toY: usize, stepY: usize, count: i32, s: f64, tau: f64): void {
  for (let k = 0; k < count; k++) {
    const x = load<f64>(toX);
    const y = load<f64>(toY);
    store<f64>(toX, x - s * (y + tau * x));
    store<f64>(toY, y + s * (x - tau * y));
    toX += stepX;
    toY += stepY;
  }
}

/** The same where neighbours are pairs, too. */
function turnSideBySide(toX: usize, toY: usize, count: i32, s: f64, tau: f64): void {
  const ss = f64x2.splat(s);
  const taus = f64x2.splat(tau);
  for (let k = 0; k < count >> 1; k++) {
    const x = v128.load(toX);
    const y = v128.load(toY);
    v128.store(toX, f64x2.sub(x, f64x2.mul(ss, f64x2.add(y, f64x2.mul(taus, x)))));
    v128.store(toY, f64x2.add(y, f64x2.mul(ss, f64x2.sub(x, f64x2.mul(taus, y)))));
    toX += 16;
    toY += 16;
  }
  turn(toX, 8, toY, 8, count & 1, s, tau);
}
