import { type DType, EPSILON, type NDArray } from '../tensor/index.ts';
import { symmetricEigen } from './eigen/index.ts';

/**
 * What can be said of κ.
 *
 * - `resolved`: λmin stands out of the rounding noise, and κ is what it says;
 * - `lower-bound`: λmin is lost in the noise; all that is known is κ ≥ λmax / noise floor;
 * - `indefinite`: λmin is negative beyond the noise. No kernel matrix has such an eigenvalue: the number means nothing.
 */
export type Verdict = 'resolved' | 'lower-bound' | 'indefinite';

/** κ, and how far it can be trusted. */
export interface ConditionNumber {
  /** λmax / λmin as it comes out, of whatever sign; Infinity when λmin is 0, NaN when both are. */
  readonly kappa: number;
  /** The largest κ that is certain: κ itself when resolved, else λmax / noise floor. */
  readonly kappaLowerBound: number;
  readonly lambdaMin: number;
  readonly lambdaMax: number;
  /** Eigenvalues of a size up to this cannot be told from 0. */
  readonly noiseFloor: number;
  readonly verdict: Verdict;
  /** All eigenvalues in ascending order. */
  readonly eigenvalues: Float64Array;
}

/**
 * The condition number κ = λmax / λmin of a kernel matrix Θ = J·Jᵀ.
 *
 * The noise floor follows from how Θ came to be. Rows of J are known to a relative error of about ε, the machine epsilon
 * of the precision they were computed in: J + δJ with ‖δJ‖₂ ≲ ε·‖J‖₂. By Weyl's inequality no eigenvalue of
 * (J + δJ)(J + δJ)ᵀ is further than 2·‖J‖₂·‖δJ‖₂ = 2ε·λmax from that of J·Jᵀ. Summation and eigensolver, both in float64,
 * add N·2⁻⁵²·λmax. (Measured: a κ of 4·10⁶ computed in float32 throughout is off by 10 %, an error of 0.2·ε·λmax.)
 *
 * @param theta [N, N]
 * @param options.dtype the precision of the rows of J.
 * @throws NumericalError when Θ holds NaN or infinity or is not symmetric, ShapeError when it is not square.
 */
export function conditionNumber(
  theta: NDArray,
  { dtype = 'float64' }: { readonly dtype?: DType } = {},
): ConditionNumber {
  const { values: eigenvalues } = symmetricEigen(theta);
  const n = eigenvalues.length;
  const lambdaMin = eigenvalues[0];
  const lambdaMax = eigenvalues[n - 1];
  const noiseFloor = (2 * EPSILON[dtype] + n * EPSILON.float64) * Math.abs(lambdaMax);
  const verdict = lambdaMin > noiseFloor ? 'resolved' : lambdaMin >= -noiseFloor ? 'lower-bound' : 'indefinite';
  const kappa = lambdaMax / lambdaMin;
  const kappaLowerBound = verdict === 'resolved' ? kappa : lambdaMax / noiseFloor;
  return { kappa, kappaLowerBound, lambdaMin, lambdaMax, noiseFloor, verdict, eigenvalues };
}

/**
 * κ as the seed reports it, by NumPy's `nan_to_num(κ, nan=100000)`: NaN becomes 100000, infinities the largest doubles.
 */
export function seedKappa(kappa: number): number {
  if (Number.isNaN(kappa)) return 100000;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, kappa));
}
