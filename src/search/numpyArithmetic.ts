/**
 * NumPy's rounding and mean, operation by operation. TE-NAS's code keeps κ as `numpy.float64` and averages repeats with
 * `numpy.mean`; the last bit of either decides which candidates tie.
 *
 * @module
 */

/** Below this length NumPy adds one number after another. */
const LANES = 8;
/** NumPy halves a longer sum, and adds the halves. */
const BLOCK = 128;

/** The integer nearest to x, an exact half to the even one: C's `rint`. */
function rint(x: number): number {
  const below = Math.floor(x);
  const part = x - below;
  if (part !== 0.5) return part < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * `numpy.round(x, digits)`: rint(10ᵈ·x)/10ᵈ. The product is rounded first, so that 0.1235, which lies below the half, is
 * taken for the half; and it overflows beyond 1.8·10³⁰⁸⁻ᵈ, where the result is infinite.
 *
 * @example
 * console.log(numpyRound(0.1235, 3), roundDecimals(0.1235, 3)); // 0.124 0.123
 */
export function numpyRound(x: number, digits: number): number {
  const scale = Number(`1e${digits}`);
  return rint(x * scale) / scale;
}

/**
 * `numpy.sum` of an array that lies in one piece: pairwise summation. Up to 128 numbers go into eight partial sums.
 *
 * @example
 * const tenths = new Array<number>(1024).fill(0.1);
 * console.log(pairwiseSum(tenths), tenths.reduce((a, b) => a + b)); // 102.40000000000002 102.39999999999846
 */
export function pairwiseSum(values: readonly number[]): number {
  const n = values.length;
  if (n < LANES) return values.reduce((sum, value) => sum + value, 0);
  if (n > BLOCK) {
    const half = Math.floor(n / 2);
    const first = half - (half % LANES);
    return pairwiseSum(values.slice(0, first)) + pairwiseSum(values.slice(first));
  }
  const r = values.slice(0, LANES);
  const whole = n - (n % LANES);
  for (let i = LANES; i < whole; i++) r[i % LANES] += values[i];
  const sum = r[0] + r[1] + (r[2] + r[3]) + (r[4] + r[5] + (r[6] + r[7]));
  return values.slice(whole).reduce((total, value) => total + value, sum);
}

/**
 * TE-NAS's `round_to` of a `numpy.float64`: `digits` significant digits of |x| + 10⁻⁸, with the sign of x.
 *
 * @example
 * console.log(numpyRoundSignificant(-0.12345, 3)); // -0.123
 */
export function numpyRoundSignificant(x: number, digits: number): number {
  if (x === 0) return 0;
  const shifted = Math.abs(x) + 1e-8;
  // As Python's math.log(x, 10) computes it.
  const power = Math.floor(Math.log(shifted) / Math.log(10)) + 1;
  return Math.sign(x) * numpyRound(shifted * Number(`1e${-power}`), digits) * Number(`1e${power}`);
}
