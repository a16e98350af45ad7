// Householder reduction and implicit QL, as in src/tensor/eigen/householder.ts and implicitQL.ts, where the algorithms are
// explained. All vectors are float64.

const MAX_ITERATIONS = 30;
const PATIENCE = 15;
const EPSILON: f64 = 2.220446049250313e-16;

/**
 * Reduces a symmetric matrix to tridiagonal form.
 *
 * @param a [n, n]; its lower triangle is overwritten with the reflections.
 * @param d [n], the diagonal
 * @param e [n], what stands left of it: e[0] is 0
 * @param h [n], half the squared lengths of the reflections' vectors, 0 where there is no reflection
 * @param p [n], scratch
 * @param q [n], scratch
 */
export function tridiagonalize(a: usize, n: i32, d: usize, e: usize, h: usize, p: usize, q: usize): void {
  const step = <usize>n << 3;
  store<f64>(e, 0);
  store<f64>(h, 0);
  let before: usize = 0; // the vector of the reflection before, in the row below
  for (let i = n - 1; i > 0; i--) {
    const row = a + i * step;
    if (before) updateRow(row, i, before, q);
    store<f64>(d + (i << 3), load<f64>(row + (i << 3)));
    const half = reflect(row, i, e + (i << 3));
    store<f64>(h + (i << 3), half);
    if (half == 0) {
      if (before) for (let j = 0; j < i; j++) updateRow(a + j * step, j, before, q);
      before = 0;
      continue;
    }
    memory.fill(p, 0, <usize>i << 3);
    for (let j = 0; j < i; j++) {
      const sum = before ? updateAndMultiply(a + j * step, j, before, q, row, p) : multiply(a + j * step, j, row, p);
      store<f64>(p + (j << 3), load<f64>(p + (j << 3)) + sum);
    }
    scale(p, i, 1 / half);
    addScaled(p, -innerProduct(p, row, i) / (2 * half), row, i);
    const swap = p;
    p = q;
    q = swap;
    before = row;
  }
  store<f64>(d, load<f64>(a));
}

/** Makes the first i entries of a row the vector of a reflection, and stores what is left of them at `left`. */
function reflect(row: usize, i: i32, left: usize): f64 {
  const end = row + (<usize>(i - 1) << 3);
  let size: f64 = 0;
  for (let at = row; at < end; at += 8) size = max(size, abs(load<f64>(at)));
  const last = load<f64>(end);
  store<f64>(left, last);
  if (size == 0) return 0;
  size = max(size, abs(last));
  for (let at = row; at <= end; at += 8) store<f64>(at, load<f64>(at) / size);
  const sum = innerProduct(row, row, i);
  const scaled = load<f64>(end);
  const g = scaled >= 0 ? -sqrt(sum) : sqrt(sum);
  store<f64>(left, size * g);
  store<f64>(end, scaled - g);
  return sum - scaled * g;
}

/** a[k] −= u[j]·q[k] + q[j]·u[k] for k ≤ j. */
function updateRow(row: usize, j: i32, u: usize, q: usize): void {
  const uj = f64x2.splat(load<f64>(u + (j << 3)));
  const qj = f64x2.splat(load<f64>(q + (j << 3)));
  const count = j + 1;
  for (let k = 0; k < count >> 1; k++) {
    const change = f64x2.add(f64x2.mul(uj, v128.load(q)), f64x2.mul(qj, v128.load(u)));
    v128.store(row, f64x2.sub(v128.load(row), change));
    row += 16;
    u += 16;
    q += 16;
  }
  if (count & 1) updateOne(row, f64x2.extract_lane(uj, 0), load<f64>(q), f64x2.extract_lane(qj, 0), load<f64>(u));
}

@inline
function updateOne(at: usize, uj: f64, qk: f64, qj: f64, uk: f64): f64 {
  const value = load<f64>(at) - (uj * qk + qj * uk);
  store<f64>(at, value);
  return value;
}

/** p[k] += a[k]·v[j] for k < j; returns Σ a[k]·v[k] over k ≤ j. */
function multiply(row: usize, j: i32, v: usize, p: usize): f64 {
  const factor = load<f64>(v + (j << 3));
  const vj = f64x2.splat(factor);
  let sums = f64x2.splat(0);
  for (let k = 0; k < j >> 1; k++) {
    const x = v128.load(row);
    sums = f64x2.add(sums, f64x2.mul(x, v128.load(v)));
    v128.store(p, f64x2.add(v128.load(p), f64x2.mul(x, vj)));
    row += 16;
    v += 16;
    p += 16;
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  if (j & 1) {
    const x = load<f64>(row);
    sum += x * load<f64>(v);
    store<f64>(p, load<f64>(p) + x * factor);
    row += 8;
  }
  return sum + load<f64>(row) * factor;
}

/** Both at once: the row is read and written once. */
function updateAndMultiply(row: usize, j: i32, u: usize, q: usize, v: usize, p: usize): f64 {
  const uj = load<f64>(u + (j << 3));
  const qj = load<f64>(q + (j << 3));
  const factor = load<f64>(v + (j << 3));
  const ujs = f64x2.splat(uj);
  const qjs = f64x2.splat(qj);
  const vj = f64x2.splat(factor);
  let sums = f64x2.splat(0);
  for (let k = 0; k < j >> 1; k++) {
    const change = f64x2.add(f64x2.mul(ujs, v128.load(q)), f64x2.mul(qjs, v128.load(u)));
    const x = f64x2.sub(v128.load(row), change);
    v128.store(row, x);
    sums = f64x2.add(sums, f64x2.mul(x, v128.load(v)));
    v128.store(p, f64x2.add(v128.load(p), f64x2.mul(x, vj)));
    row += 16;
    u += 16;
    q += 16;
    v += 16;
    p += 16;
  }
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  if (j & 1) {
    const x = updateOne(row, uj, load<f64>(q), qj, load<f64>(u));
    sum += x * load<f64>(v);
    store<f64>(p, load<f64>(p) + x * factor);
    row += 8;
    u += 8;
    q += 8;
  }
  return sum + updateOne(row, uj, load<f64>(q), qj, load<f64>(u)) * factor;
}

function innerProduct(x: usize, y: usize, n: i32): f64 {
  let sums = f64x2.splat(0);
  for (let k = 0; k < n >> 1; k++) {
    sums = f64x2.add(sums, f64x2.mul(v128.load(x), v128.load(y)));
    x += 16;
    y += 16;
  }
  const sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  return n & 1 ? sum + load<f64>(x) * load<f64>(y) : sum;
}

function scale(x: usize, n: i32, factor: f64): void {
  for (let k = 0; k < n; k++) store<f64>(x + (k << 3), load<f64>(x + (k << 3)) * factor);
}

/** x += factor·y. */
function addScaled(x: usize, factor: f64, y: usize, n: i32): void {
  const factors = f64x2.splat(factor);
  for (let k = 0; k < n >> 1; k++) {
    v128.store(x, f64x2.add(v128.load(x), f64x2.mul(factors, v128.load(y))));
    x += 16;
    y += 16;
  }
  if (n & 1) store<f64>(x, load<f64>(x) + factor * load<f64>(y));
}

/** Multiplies the reflections of a together, from the right onto rows. */
export function orthogonal(rows: usize, a: usize, n: i32, h: usize): void {
  const step = <usize>n << 3;
  for (let i = 2; i < n; i++) {
    const half = load<f64>(h + (i << 3));
    if (half == 0) continue;
    const u = a + i * step;
    for (let r = 0; r < i; r++) addScaled(rows + r * step, -innerProduct(rows + r * step, u, i) / half, u, i);
  }
}

/**
 * Eigenvalues of a tridiagonal matrix.
 *
 * @param d [n], the diagonal: the eigenvalues come to stand there.
 * @param e [n], what stands left of it, is overwritten.
 * @param rows [n, n], rotated along, or 0
 * @returns whether the iterations were enough.
 */
export function implicitQL(d: usize, e: usize, n: i32, rows: usize): bool {
  for (let i = 1; i < n; i++) store<f64>(e + ((i - 1) << 3), load<f64>(e + (i << 3)));
  store<f64>(e + ((n - 1) << 3), 0);
  let norm: f64 = 0;
  for (let i = 0; i < n; i++) norm = max(norm, max(abs(load<f64>(d + (i << 3))), abs(load<f64>(e + (i << 3)))));
  const tiny = EPSILON * EPSILON * norm;
  for (let l = 0; l < n; l++) {
    for (let iteration = 0; ; iteration++) {
      const negligible = iteration < PATIENCE ? tiny : 4 * EPSILON * norm;
      let m = l;
      for (; m < n - 1; m++) {
        const at = d + (m << 3);
        const size = abs(load<f64>(at)) + abs(load<f64>(at, 8));
        if (abs(load<f64>(e + (m << 3))) <= EPSILON * size + negligible) break;
      }
      if (m == l) break;
      if (iteration == MAX_ITERATIONS) return false;
      chase(d, e, l, m, rows, n);
    }
  }
  return true;
}

/** One iteration on the unreduced block from l to m. */
function chase(d: usize, e: usize, l: i32, m: i32, rows: usize, n: i32): void {
  const first = load<f64>(d + (l << 3));
  const below = load<f64>(e + (l << 3));
  const half = (load<f64>(d + ((l + 1) << 3)) - first) / (2 * below);
  const root = sqrt(half * half + 1);
  let g = load<f64>(d + (m << 3)) - first + below / (half + (half >= 0 ? root : -root));
  let s: f64 = 1;
  let c: f64 = 1;
  let p: f64 = 0;
  for (let i = m - 1; i >= l; i--) {
    const toD = d + (i << 3);
    const toE = e + (i << 3);
    const f = s * load<f64>(toE);
    const b = c * load<f64>(toE);
    const r = sqrt(f * f + g * g);
    store<f64>(toE, r, 8);
    if (r == 0) {
      store<f64>(toD, load<f64>(toD, 8) - p, 8);
      store<f64>(e + (m << 3), 0);
      return;
    }
    s = f / r;
    c = g / r;
    g = load<f64>(toD, 8) - p;
    const t = (load<f64>(toD) - g) * s + 2 * c * b;
    p = s * t;
    store<f64>(toD, g + p, 8);
    g = c * t - b;
    if (rows) rotate(rows + (<usize>(i * n) << 3), n, s, c);
  }
  store<f64>(d + (l << 3), load<f64>(d + (l << 3)) - p);
  store<f64>(e + (l << 3), g);
  store<f64>(e + (m << 3), 0);
}

/** The plane rotation of a row and the next one. */
function rotate(row: usize, n: i32, s: f64, c: f64): void {
  const ss = f64x2.splat(s);
  const cs = f64x2.splat(c);
  let next = row + (<usize>n << 3);
  for (let k = 0; k < n >> 1; k++) {
    const x = v128.load(row);
    const y = v128.load(next);
    v128.store(next, f64x2.add(f64x2.mul(ss, x), f64x2.mul(cs, y)));
    v128.store(row, f64x2.sub(f64x2.mul(cs, x), f64x2.mul(ss, y)));
    row += 16;
    next += 16;
  }
  if (n & 1) {
    const x = load<f64>(row);
    const y = load<f64>(next);
    store<f64>(next, s * x + c * y);
    store<f64>(row, c * x - s * y);
  }
}
