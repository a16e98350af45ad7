import { checkOptions, formatValue } from '../../check.ts';
import { InputError, NumericalError } from '../../errors.ts';
import { formatShape, type NDArray, sameShape, ShapeError } from '../../tensor/index.ts';
import { checkFinite, checkOutputs } from './checks.ts';

// Measures of kernels that change in training: how far they have turned, how well they fit the targets, and how many
// directions they have.

/**
 * How far one kernel has turned from another, whatever their sizes (Fort et al. 2020, "Deep learning versus kernel learning"):
 *
 *     1 − ⟨A, B⟩/(‖A‖·‖B‖)
 *
 * with Frobenius' inner product: from 0 where they are proportional to 1 where they have nothing in common. It is computed
 * as ½·‖A/‖A‖ − B/‖B‖‖², which loses nothing where they are nearly the same.
 *
 * @param a [N₁, N₂]
 * @param b of the same shape
 * @throws ShapeError when shapes differ, InputError when a number is not finite, NumericalError when a kernel is 0.
 *
 * @example
 * console.log(kernelDistance(ndarray([2, 1, 1, 2], [2, 2]), ndarray([1, 0, 0, 1], [2, 2])).toFixed(3)); // 0.106
 */
export function kernelDistance(a: NDArray, b: NDArray): number {
  checkFinite('kernelDistance: a', a);
  checkFinite('kernelDistance: b', b);
  if (!sameShape(a.shape, b.shape)) {
    const [expected, got] = [a.shape, b.shape].map(formatShape);
    throw new ShapeError(`kernelDistance: b: expected shape ${expected}, got ${got}`);
  }
  const [u, v] = [a, b].map(({ data }) => normalized('kernelDistance', data));
  return u.reduce((sum, value, i) => sum + (value - v[i]) ** 2, 0) / 2;
}

/** Options of {@link kernelAlignment}. */
export interface AlignmentOptions {
  /**
   * Whether the means over samples are taken out of kernel and targets: Θ becomes H·Θ·H and Y becomes H·Y with
   * H = 1 − 1·1ᵀ/N (Cortes, Mohri & Rostamizadeh 2012). What is the same for all samples then has no part. False by default.
   */
  readonly centered?: boolean | undefined;
}

/**
 * How well a kernel fits targets (Cristianini et al. 2001; Baratin et al. 2021, "Implicit regularization via neural feature
 * alignment", for tangent kernels):
 *
 *     ⟨Θ, Y·Yᵀ⟩/(‖Θ‖·‖Y·Yᵀ‖),   for one output yᵀ·Θ·y/(‖Θ‖·‖y‖²)
 *
 * from 0 to 1, where Θ is Y·Yᵀ up to a factor: then gradient descent learns the targets first.
 *
 * @param kernel [N, N], of `outputs: 'trace'` or one output
 * @param targets Y, [N, K] or [N]
 * @throws ShapeError when shapes do not fit, InputError when a number is not finite, NumericalError when kernel or targets
 * are 0, or become so when they are centred.
 *
 * @example
 * const targets = ndarray([1, -1], [2, 1]);
 * console.log(kernelAlignment(ndarray([1, -1, -1, 1], [2, 2]), targets).toFixed(3)); // 1.000
 */
export function kernelAlignment(kernel: NDArray, targets: NDArray, options: AlignmentOptions = {}): number {
  checkOptions('kernelAlignment', options, ['centered']);
  const { centered = false } = options;
  if (typeof centered !== 'boolean') {
    throw new InputError(`kernelAlignment: centered: expected true or false, got ${formatValue(centered)}`);
  }
  const [n, k] = checkOutputs('kernelAlignment: targets', targets);
  checkFinite('kernelAlignment: kernel', kernel);
  if (!sameShape(kernel.shape, [n, n])) {
    throw new ShapeError(`kernelAlignment: kernel: expected ${formatShape([n, n])}, got ${formatShape(kernel.shape)}`);
  }
  const y = centered ? withoutMeans(targets.data, n, k) : targets.data;
  const wanted = new Float64Array(n * n);
  for (let e = 0; e < n * n; e++) {
    const [i, j] = [Math.floor(e / n), e % n];
    for (let c = 0; c < k; c++) wanted[e] += y[i * k + c] * y[j * k + c];
  }
  // H·Θ·H: means taken out of columns, then of rows; Θ is symmetric.
  const rows = centered ? transposed(withoutMeans(kernel.data, n, n), n) : kernel.data;
  const u = normalized(
    'kernelAlignment: kernel',
    centered ? withoutMeans(rows, n, n) : rows,
    sizeOfLargest(kernel.data),
  );
  const v = normalized('kernelAlignment: targets', wanted, sizeOfLargest(targets.data) ** 2);
  return u.reduce((sum, value, i) => sum + value * v[i], 0);
}

/**
 * How many directions a kernel has, counted by weight: the exponential of the entropy of its spectrum (Roy & Vetterli 2007),
 *
 *     exp(−Σ pᵢ·log pᵢ),   pᵢ = λᵢ/Σ λ
 *
 * from 1, where only one eigenvalue is not 0, to N, where all are equal. Eigenvalues below 0, which rounding makes, count
 * as 0.
 *
 * @param eigenvalues [N], in any order
 * @throws InputError when there is none or one is not finite, NumericalError when none is above 0.
 *
 * @example
 * console.log(effectiveRank([1, 1, 1]).toFixed(3), effectiveRank([1, 0, 0])); // 3.000 1
 */
export function effectiveRank(eigenvalues: ArrayLike<number>): number {
  const values = Array.from(eigenvalues);
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (values.length === 0 || bad >= 0) {
    const got = bad >= 0 ? `${values[bad]} at element ${bad}` : 'none';
    throw new InputError(`effectiveRank: expected finite eigenvalues, got ${got}`);
  }
  const largest = Math.max(...values);
  if (largest <= 0) throw new NumericalError(`effectiveRank: expected an eigenvalue above 0, got ${largest} at most`);
  const parts = values.map((value) => Math.max(0, value) / largest);
  const total = parts.reduce((sum, part) => sum + part, 0);
  return Math.exp(parts.reduce((sum, part) => (part > 0 ? sum - (part / total) * Math.log(part / total) : sum), 0));
}

/** Columns of an [n, k] matrix, each without its mean. */
function withoutMeans(data: ArrayLike<number>, n: number, k: number): Float64Array {
  const means = new Float64Array(k);
  for (let e = 0; e < n * k; e++) means[e % k] += data[e] / n;
  return Float64Array.from(data, (value, e) => value - means[e % k]);
}

function transposed(data: Float64Array, n: number): Float64Array {
  return data.map((_, e) => data[(e % n) * n + Math.floor(e / n)]);
}

function sizeOfLargest(data: ArrayLike<number>): number {
  return Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** What is this much less than what it was made of is 0, but for rounding. */
const ROUNDING = 1e-14;

/**
 * A matrix divided by its Frobenius norm.
 *
 * @param made the size of the numbers that it was made of.
 */
function normalized(where: string, data: ArrayLike<number>, made = 0): Float64Array {
  const largest = sizeOfLargest(data);
  if (!(largest > ROUNDING * made)) throw new NumericalError(`${where}: expected a matrix that is not 0`);
  const scaled = Float64Array.from(data, (value) => value / largest);
  const norm = Math.sqrt(scaled.reduce((sum, value) => sum + value * value, 0));
  return scaled.map((value) => value / norm);
}
