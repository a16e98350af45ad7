import { checkOptions, formatValue, oneOf } from '../check.ts';
import {
  checkArray,
  type DType,
  DTYPES,
  EPSILON,
  InputError,
  type NDArray,
  NumericalError,
  ShapeError,
} from '../tensor/index.ts';
import { symmetricEigen } from './eigen/index.ts';

/**
 * What can be said of κ.
 *
 * - `resolved`: λmin stands out of the rounding noise: the true λmin is at least half of it;
 * - `lower-bound`: λmin is lost in the noise, and may be 0; only a lower bound of κ is known;
 * - `indefinite`: λmin is negative beyond the noise. No kernel matrix has such an eigenvalue: the number means nothing.
 */
export type Verdict = 'resolved' | 'lower-bound' | 'indefinite';

/** κ, and how far it can be trusted. */
export interface ConditionNumber {
  /** λmax / λmin as computed, of either sign; Infinity when λmin is 0, NaN when both are. */
  readonly kappa: number;
  /** Where κ of exact arithmetic lies, for the errors that {@link conditionNumber} allows; Infinity where λmin may be 0. */
  readonly kappaInterval: readonly [lowest: number, highest: number];
  /** κ is at least this: the lower end of its interval. */
  readonly kappaLowerBound: number;
  /** How many eigenvalues cannot be zeros that rounding has moved. */
  readonly rank: number;
  readonly lambdaMin: number;
  readonly lambdaMax: number;
  /** An eigenvalue above it is known to a factor of 2; one below it may be a zero, or near one. */
  readonly noiseFloor: number;
  /** The relative error of a row of J that was allowed for. */
  readonly rowError: number;
  /** What the eigenvalues were computed of. */
  readonly spectrumOf: SpectrumSource;
  readonly verdict: Verdict;
  /** All eigenvalues in ascending order, [N]. */
  readonly eigenvalues: Float64Array;
}

/** How a kernel matrix came to be. */
export interface KernelOrigin {
  /** The precision that the rows of J were computed in; float64 by default. */
  readonly dtype?: DType | undefined;
  /** P, the number of columns of J; a million by default, as the largest cell networks have. */
  readonly parameters?: number;
  /** The largest error of a row of J relative to its norm, in exact terms; 32·ε of the rows' precision by default. */
  readonly rowError?: number | undefined;
}

/** The origin of a kernel matrix of which only the eigenvalues are known. */
export interface SpectrumOrigin extends KernelOrigin {
  /** The precision that Θ was summed in; float64 by default. */
  readonly thetaDtype?: DType;
  /** Whether they are eigenvalues of a kernel matrix, the default, or squared singular values of the rows. */
  readonly spectrumOf?: SpectrumSource | undefined;
}

/** What a spectrum was computed of: Θ, or J itself. */
export type SpectrumSource = 'kernel' | 'rows';

/**
 * The relative error of a row of J in units of ε. Measured on float32 rows against float64 rows: 0.4 to 2.3 on the 16
 * reference networks; on a network of 17 cells, ‖δJ‖₂ was up to 5.6·ε·√λmax. The rest is margin.
 */
const ROW_ERROR = 32;

/** The relative error that a row of J is allowed where none was measured. */
export function defaultRowError(dtype: DType): number {
  return ROW_ERROR * EPSILON[dtype];
}

/**
 * The condition number κ = λmax / λmin of a kernel matrix Θ = J·Jᵀ, with its uncertainty from rounding.
 *
 * Two errors are allowed for:
 *
 * 1. *Rows of J are rounded.* J + δJ is computed in place of J, every row with a relative error η (`rowError`), so
 *    δ = ‖δJ‖₂ ≤ ‖δJ‖_F ≤ η·‖J‖_F = η·√tr Θ. Eigenvalues of Θ are squares of the singular values σ of J, and no σ moves by
 *    more than δ (Weyl's inequality for singular values; Golub & Van Loan, Matrix Computations, §8.6.1), in the worst
 *    direction by all of it.
 *    Weyl's inequality for Θ itself gives 2·‖J‖₂·δ. It holds, and is far too wide at the small end: it forgets that
 *    (J + δJ)(J + δJ)ᵀ is a square. With float32 rows it would give up at κ = 4·10⁶, where κ is still right to 4 digits.
 * 2. *Θ is rounded.* An inner product of P terms summed in order has an error of about √P·ε·‖J_i‖·‖J_j‖ (Higham & Mary, "A
 *    new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41, 2019), the eigensolver one of
 *    N·ε·λmax, ε being that of Θ. (Householder's reduction and QL iterations are backward stable: what they return is the
 *    spectrum of Θ + E with ‖E‖₂ of about N·ε·‖Θ‖₂, Golub & Van Loan, §8.3.1 and §8.3.5. Measured at N = 64 to 1,000:
 *    below 0.2·N·ε·λmax. Jacobi's errors are no larger.) These errors have no structure: by Weyl they move every λ by up
 *    to e = (√P + N)·ε·tr Θ.
 *
 *    Of squared singular values (`spectrumOf: 'rows'`), which no Θ was summed for, (√P + N)·ε joins η instead.
 *
 * So the true λ lies between (√(λ − e) − δ)² and (√(λ + e) + δ)², and κ in the **interval** that this gives. The **noise
 * floor** is the λ whose lower end is λ/2: (√2·δ + √(4·δ² + 2·e))². The **rank** counts the λ whose lower end is not 0.
 *
 * So float32 rows with Θ in float64 resolve κ to about 10⁹, float64 rows to about 10¹². When Θ is float32 too, as in
 * TE-NAS's code, the second term rules, and κ is in doubt from about 10⁴ to 10⁵ on. (Measured: a κ of 4·10⁶ computed in float32
 * throughout is off by 10 %, and some of 5·10⁷ come out negative.)
 *
 * κ of a single sample is 1. A kernel of zeros has κ = NaN, noise floor 0 and the verdict `lower-bound`. An indefinite
 * matrix has the interval from 1 to infinity.
 *
 * @param theta [N, N]
 * @throws NumericalError when Θ holds NaN or infinity or is not symmetric, ShapeError when it is not square, InputError
 * when the origin makes no sense.
 *
 * @example
 * const { kappa, lambdaMin, lambdaMax, verdict } = conditionNumber(ndarray([2, 1, 1, 2], [2, 2]));
 * console.log(Math.round(kappa), Math.round(lambdaMin), Math.round(lambdaMax), verdict); // 3 1 3 resolved
 */
export function conditionNumber(theta: NDArray, origin: KernelOrigin = {}): ConditionNumber {
  checkArray('conditionNumber: theta', theta);
  checkOptions('conditionNumber', origin, ['dtype', 'parameters', 'rowError']);
  return conditionNumberOf(symmetricEigen(theta).values, { ...origin, thetaDtype: theta.dtype });
}

/**
 * The condition number of a kernel matrix by its eigenvalues; see {@link conditionNumber}.
 *
 * @param eigenvalues [N] in ascending order, with errors of at most about N·ε·λmax.
 * @throws NumericalError when an eigenvalue is NaN or infinite, ShapeError when there is none, InputError when they are
 * not in ascending order or the origin makes no sense.
 *
 * @example
 * const eigenvalues = Float64Array.of(1e-11, 1);
 * const verdicts = (['float64', 'float32'] as const).map((dtype) => conditionNumberOf(eigenvalues, { dtype }).verdict);
 * console.log(verdicts); // [ 'resolved', 'lower-bound' ]
 */
export function conditionNumberOf(
  eigenvalues: Float64Array,
  { dtype = 'float64', parameters = 1e6, thetaDtype = 'float64', spectrumOf = 'kernel', rowError }: SpectrumOrigin = {},
): ConditionNumber {
  oneOf('conditionNumber: dtype', dtype, DTYPES);
  oneOf('conditionNumber: thetaDtype', thetaDtype, DTYPES);
  if (!(typeof parameters === 'number' && parameters >= 1 && parameters < Infinity)) {
    throw new InputError(`conditionNumber: parameters: expected a number ≥ 1, got ${formatValue(parameters)}`);
  }
  oneOf('conditionNumber: spectrumOf', spectrumOf, ['kernel', 'rows']);
  const eta = rowError ?? defaultRowError(dtype);
  if (!(typeof eta === 'number' && eta >= 0 && eta < Infinity)) {
    throw new InputError(`conditionNumber: rowError: expected a number ≥ 0, got ${formatValue(eta)}`);
  }
  checkSpectrum(eigenvalues);
  const n = eigenvalues.length;
  const lambdaMin = eigenvalues[0];
  const lambdaMax = eigenvalues[n - 1];
  // tr Θ; with magnitudes, a matrix that is no kernel has a floor to be judged by, too.
  const trace = eigenvalues.reduce((sum, lambda) => sum + Math.abs(lambda), 0);
  // Errors in units of tr Θ, so that a kernel times a power of two has the same interval to the last bit.
  const ofSums = (Math.sqrt(parameters) + n) * EPSILON[thetaDtype];
  const errors =
    spectrumOf === 'kernel'
      ? { ofSingularValues: eta, ofEigenvalues: ofSums }
      : { ofSingularValues: eta + ofSums, ofEigenvalues: 0 };
  const noiseFloor = floorOf(errors) * trace;
  const verdict = verdictOf(lambdaMin, noiseFloor);
  const kappaInterval = verdict === 'indefinite' || trace === 0 ? ([1, Infinity] as const) : interval();
  return {
    kappa: lambdaMax / lambdaMin,
    kappaInterval,
    kappaLowerBound: kappaInterval[0],
    rank: eigenvalues.reduce((count, lambda) => count + Number(lowest(lambda / trace, errors) > 0), 0),
    lambdaMin,
    lambdaMax,
    noiseFloor,
    rowError: eta,
    spectrumOf,
    verdict,
    eigenvalues,
  };

  function interval(): [lowest: number, highest: number] {
    const [least, most] = [lambdaMin / trace, lambdaMax / trace];
    const lowestMin = lowest(least, errors);
    // Of one sample the two are one number, with one error.
    if (n === 1) return [1, lowestMin > 0 ? 1 : Infinity];
    return [
      Math.max(1, lowest(most, errors) / highest(least, errors)),
      lowestMin > 0 ? highest(most, errors) / lowestMin : Infinity,
    ];
  }
}

/** The largest errors that are allowed for in units of √tr Θ and tr Θ: δ of a singular value of J, e of an eigenvalue. */
interface Errors {
  readonly ofSingularValues: number;
  readonly ofEigenvalues: number;
}

/** The least true eigenvalue that can have become λ. */
function lowest(lambda: number, { ofSingularValues, ofEigenvalues }: Errors): number {
  return Math.max(0, Math.sqrt(Math.max(0, lambda - ofEigenvalues)) - ofSingularValues) ** 2;
}

/** The largest true eigenvalue that can have become λ. */
function highest(lambda: number, { ofSingularValues, ofEigenvalues }: Errors): number {
  return (Math.sqrt(Math.max(0, lambda + ofEigenvalues)) + ofSingularValues) ** 2;
}

/** The λ with lowest(λ) = λ/2: s = √λ solves √(s² − e) = s/√2 + δ, which is s² − 2√2·δ·s − 2(δ² + e) = 0. */
function floorOf({ ofSingularValues, ofEigenvalues }: Errors): number {
  return (Math.SQRT2 * ofSingularValues + Math.sqrt(4 * ofSingularValues ** 2 + 2 * ofEigenvalues)) ** 2;
}

/**
 * What a smallest eigenvalue says of κ.
 *
 * @example
 * console.log(verdictOf(1, 1e-9), verdictOf(0, 1e-9), verdictOf(-1, 1e-9)); // resolved lower-bound indefinite
 */
export function verdictOf(lambdaMin: number, noiseFloor: number): Verdict {
  if (lambdaMin > noiseFloor) return 'resolved';
  return lambdaMin >= -noiseFloor ? 'lower-bound' : 'indefinite';
}

function checkSpectrum(eigenvalues: Float64Array): void {
  if (eigenvalues.length === 0) throw new ShapeError('conditionNumber: expected at least one eigenvalue, got none');
  eigenvalues.forEach((lambda, i) => {
    if (!Number.isFinite(lambda)) {
      throw new NumericalError(`conditionNumber: expected finite eigenvalues, got ${lambda} at index ${i}`);
    }
    if (i > 0 && lambda < eigenvalues[i - 1]) {
      throw new InputError(
        `conditionNumber: expected eigenvalues in ascending order, got ${eigenvalues[i - 1]} before ${lambda}`,
      );
    }
  });
}

/**
 * κ as TE-NAS's code reports it, by NumPy's `nan_to_num(κ, nan=100000)`: NaN becomes 100000, infinities the largest doubles.
 *
 * @example
 * console.log(teNasKappa(NaN), teNasKappa(3)); // 100000 3
 */
export function teNasKappa(kappa: number): number {
  if (Number.isNaN(kappa)) return 100000;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, kappa));
}
