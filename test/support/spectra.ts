import { Generator, ndarray, type NDArray } from '../../src/tensor/index.ts';

/** A row-major matrix from a rule for its entries. */
export function matrixOf(n: number, entry: (i: number, j: number) => number): NDArray {
  return ndarray(
    Float64Array.from({ length: n * n }, (_, k) => entry(Math.floor(k / n), k % n)),
    [n, n],
  );
}

/**
 * A symmetric matrix Q·D·Qᵀ with the given eigenvalues, Q a product of n random Householder reflections. Each reflection
 * rounds by a few ε·max|λ|, with random signs, so the eigenvalues are right to about √n·ε·max|λ|.
 */
export function withSpectrum(eigenvalues: readonly number[], generator: Generator): NDArray {
  const n = eigenvalues.length;
  const a = new Float64Array(n * n);
  eigenvalues.forEach((lambda, i) => (a[i * n + i] = lambda));
  for (let reflection = 0; reflection < n; reflection++) reflectBothSides(a, n, generator);
  // The update is symmetric but for rounding.
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a[i * n + j] = a[j * n + i];
  return ndarray(a, [n, n]);
}

/** A ← H·A·H with H = I − 2vvᵀ/vᵀv: A − vwᵀ − wvᵀ with w = u − (uᵀv/vᵀv)·v, u = 2Av/vᵀv (Golub & Van Loan, §8.3.1). */
function reflectBothSides(a: Float64Array, n: number, generator: Generator): void {
  const v = Float64Array.from({ length: n }, () => generator.normal());
  const norm = v.reduce((sum, x) => sum + x * x, 0);
  const w = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) w[i] += a[i * n + j] * v[j];
    w[i] *= 2 / norm;
  }
  const along = w.reduce((sum, x, i) => sum + x * v[i], 0) / norm;
  for (let i = 0; i < n; i++) w[i] -= along * v[i];
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
}

/** N orthonormal rows of P random numbers (modified Gram–Schmidt, twice), [N, P]. */
export function orthonormalRows(n: number, p: number, generator: Generator): Float64Array[] {
  const rows: Float64Array[] = [];
  for (let i = 0; i < n; i++) {
    const row = Float64Array.from({ length: p }, () => generator.normal());
    for (const other of [...rows, ...rows]) {
      const along = row.reduce((sum, x, k) => sum + x * other[k], 0);
      for (let k = 0; k < p; k++) row[k] -= along * other[k];
    }
    const norm = Math.hypot(...row);
    rows.push(row.map((x) => x / norm));
  }
  return rows;
}

/** Difficult spectra for solvers, as λᵢ by i and n. */
const spectra: Readonly<Record<string, (i: number, n: number, generator: Generator) => number>> = {
  uniform: (_i, _n, generator) => generator.uniform(),
  'graded from 1 to 1e-12': (i, n) => (n === 1 ? 1 : 10 ** ((-12 * i) / (n - 1))),
  'in three clusters of width 1e-9': (i, _n, generator) => 1 + (i % 3) + 1e-9 * generator.uniform(),
  'of one value repeated': () => 3,
  'of two values repeated': (i) => (i % 2 === 0 ? 1 : -1),
  'with every other eigenvalue zero': (i, _n, generator) => (i % 2 === 0 ? 0 : generator.uniform(1, 2)),
  negative: (_i, _n, generator) => -generator.uniform(),
  'of both signs': (_i, _n, generator) => generator.normal(),
};
/** The names of the spectra. */
export const kinds: readonly string[] = Object.keys(spectra);

/** A matrix with a spectrum of the kind, its n eigenvalues in ascending order, and the largest magnitude of them. */
export function example(kind: string, n: number, seed: number): { matrix: NDArray; expected: number[]; size: number } {
  const generator = new Generator(seed);
  const expected = Array.from({ length: n }, (_, i) => spectra[kind](i, n, generator)).sort((a, b) => a - b);
  const size = Math.max(...expected.map(Math.abs));
  return { matrix: withSpectrum(expected, generator), expected, size };
}

/** The largest entries of A·V − V·diag(λ) and of VᵀV − I. */
export function defects(
  { shape: [n], data: a }: NDArray,
  values: Float64Array,
  { data: v }: NDArray,
): [number, number] {
  let residual = 0;
  let skew = 0;
  const columns = Array.from({ length: n }, (_, j) => Float64Array.from({ length: n }, (_, k) => v[k * n + j]));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      let av = 0;
      let vv = 0;
      for (let k = 0; k < n; k++) {
        av += a[i * n + k] * columns[j][k];
        vv += columns[i][k] * columns[j][k];
      }
      residual = Math.max(residual, Math.abs(av - values[j] * columns[j][i]));
      skew = Math.max(skew, Math.abs(vv - (i === j ? 1 : 0)));
    }
  }
  return [residual, skew];
}
