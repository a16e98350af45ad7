/** Σ (observed − expected)² / expected, for equally likely outcomes. */
export function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, x) => sum + x, 0) / counts.length;
  return counts.reduce((sum, x) => sum + (x - expected) ** 2 / expected, 0);
}

/** √n times the largest distance of the empirical distribution from `cdf` (Kolmogorov and Smirnov). */
export function kolmogorov(sample: Float64Array, cdf: (x: number) => number): number {
  const n = sample.length;
  const sorted = sample.slice().sort();
  return Math.sqrt(n) * sorted.reduce((most, x, i) => Math.max(most, (i + 1) / n - cdf(x), cdf(x) - i / n), 0);
}

/** The standard normal distribution, by Abramowitz and Stegun 7.1.26: within 1.5e-7, far below what n = 10⁵ resolves. */
export function normalCdf(x: number): number {
  const z = Math.abs(x) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * z);
  const poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const tail = 0.5 * poly * Math.exp(-z * z);
  return x > 0 ? 1 - tail : tail;
}

/** The correlation of two samples whose means are 0. */
export function correlation(a: Float64Array, b: Float64Array): number {
  const dot = (x: Float64Array, y: Float64Array) => x.reduce((sum, value, i) => sum + value * y[i], 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** A sample of some size, drawn one by one. */
export function drawn(size: number, next: () => number): Float64Array {
  return Float64Array.from({ length: size }, next);
}
