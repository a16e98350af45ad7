import type { FloatArray } from '../../array.ts';

// The two innermost loops of all sums of products, over strided rows.

/** sum[to + i·stepTo] += factor · x[from + i·stepFrom] for i < count. */
export function addScaled(
  sum: Float64Array,
  to: number,
  stepTo: number,
  factor: number,
  x: FloatArray,
  from: number,
  stepFrom: number,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    sum[to] += factor * x[from];
    to += stepTo;
    from += stepFrom;
  }
}

/**
 * Σ a[atA + i·stepA] · b[atB + i·stepB] for i < count. Four partial sums: additions need not wait for each other.
 */
export function innerProduct(
  a: FloatArray,
  atA: number,
  stepA: number,
  b: FloatArray,
  atB: number,
  stepB: number,
  count: number,
): number {
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let i = 0;
  for (; i + 3 < count; i += 4) {
    s0 += a[atA] * b[atB];
    s1 += a[atA + stepA] * b[atB + stepB];
    s2 += a[atA + 2 * stepA] * b[atB + 2 * stepB];
    s3 += a[atA + 3 * stepA] * b[atB + 3 * stepB];
    atA += 4 * stepA;
    atB += 4 * stepB;
  }
  for (; i < count; i++) {
    s0 += a[atA] * b[atB];
    atA += stepA;
    atB += stepB;
  }
  return s0 + s1 + (s2 + s3);
}
