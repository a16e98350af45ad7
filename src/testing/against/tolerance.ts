import type { JacobianRows } from '../../ntk/index.ts';
import { type DType, EPSILON, NumericalError, sizeOf } from '../../tensor/index.ts';

/** The most rows of J that rounding is measured on. */
const MOST_ROWS = 24;

/**
 * What other orders of summation, and other ways to compute the same, may make of the error that was measured; and the
 * errors that no network goes below or is trusted above, in units of rounding.
 */
const [MARGIN, LEAST, MOST] = [16, 4, 1024];

/** How far entries may be off, relative to the lengths of their rows, by precision. */
export type Tolerances = Readonly<Record<DType, number>>;

/**
 * How far entries of a kernel may be off where nothing is wrong, in a precision: |δΘᵢⱼ| ≤ tolerance · |Jᵢ|·|Jⱼ|.
 *
 * Rounding errors of a row are relative to its length, with a factor that depends on the network: depth, cancellation in
 * batch norm, length of sums. That factor is the same in every precision, so it is measured: the kernel is computed in
 * float32 throughout, sums included, and compared with float64, on some of the rows. The tolerance is 16 times the largest
 * error found, in units of the precision's rounding, 4 at least and 1024 at most: beyond that a kernel in float32 says
 * nothing.
 */
export function tolerancesOf(exact: JacobianRows, rounded: JacobianRows | undefined): Tolerances {
  const all = exact.samples * exact.rowsPerSample;
  const count = Math.min(all, MOST_ROWS);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * all) / count));
  const unit = (dtype: DType) => EPSILON[dtype] / 2;
  const lengths = chosen.map((i) => Math.sqrt(innerProduct(exact, i, i, (x) => x)));
  let most = 0;
  chosen.forEach((i, a) =>
    chosen.slice(0, rounded ? a + 1 : 0).forEach((j, b) => {
      const error = Math.abs(innerProduct(rounded!, i, j, Math.fround) - innerProduct(exact, i, j, (x) => x));
      const size = lengths[a] * lengths[b];
      if (size > 0) most = Math.max(most, error / size / unit('float32'));
    }),
  );
  const factor = MARGIN * Math.min(MOST, Math.max(LEAST, most));
  return { float32: factor * unit('float32'), float64: factor * unit('float64') };
}

/** J[i]·J[j], each product and each sum rounded. */
function innerProduct(rows: JacobianRows, i: number, j: number, round: (x: number) => number): number {
  let sum = 0;
  for (const { shape, rows: part } of rows.parameters) {
    const size = sizeOf(shape);
    const [a, b] = [i, j].map((row) => part.data.subarray(row * size, (row + 1) * size));
    for (let e = 0; e < size; e++) sum = round(sum + round(a[e] * b[e]));
  }
  return sum;
}

/** Rows, or undefined where their numbers leave the range of the precision. */
export async function unlessOutOfRange(rows: Promise<JacobianRows>): Promise<JacobianRows | undefined> {
  try {
    return await rows;
  } catch (error) {
    if (error instanceof NumericalError) return undefined;
    throw error;
  }
}
