import type { NDArray } from '../../src/tensor/index.ts';

/** The fractional bits of the fixed-point numbers below. */
const BITS = 1000n;

/**
 * How many eigenvalues of a symmetric matrix are below μ: the number of negative pivots of A − μI = L·D·Lᵀ (Sylvester's
 * law of inertia), computed with 1000 fractional bits. Entries are taken as the exact binary fractions that they are.
 */
export function countBelow({ shape: [n], data }: NDArray, mu: number): number {
  const a = Array.from({ length: n }, (_, i) =>
    Array.from({ length: n }, (_, j) => fixed(data[i * n + j]) - (i === j ? fixed(mu) : 0n)),
  );
  let negative = 0;
  for (let k = 0; k < n; k++) {
    const pivot = a[k][k];
    if (pivot === 0n) throw new Error('countBelow: the matrix has a zero pivot, choose another shift');
    if (pivot < 0n) negative += 1;
    for (let i = k + 1; i < n; i++) {
      for (let j = k + 1; j < n; j++) a[i][j] -= (a[i][k] * a[k][j]) / pivot;
    }
  }
  return negative;
}

function fixed(x: number): bigint {
  const whole = x * 2 ** 300;
  if (!Number.isInteger(whole)) throw new Error(`countBelow: ${x} has binary digits beyond 2^-300`);
  return BigInt(whole) << (BITS - 300n);
}
