import { checkOptions, checkReal } from '../../check.ts';
import { formatShape, ndarray, type NDArray, ShapeError } from '../../tensor/index.ts';
import { combined, type Matrix, product, transposed } from '../dense.ts';
import { checkFinite, checkOutputs } from '../dynamics/checks.ts';
import { checkSymmetric } from '../eigen/checkSymmetric.ts';
import { Cholesky } from './cholesky.ts';

/** A Gaussian for M points, each output alike. */
export interface Posterior {
  /** [M, K], or [M] where the targets are [N]. */
  readonly mean: NDArray;
  /** [M, M], of each output. */
  readonly covariance: NDArray;
}

/** Options of {@link gaussianProcess} and {@link kernelRegression}. */
export interface InferenceOptions {
  /** The variance σ² ≥ 0 of the noise of targets, or the ridge: added to the kernel's diagonal. 0 by default. */
  readonly noise?: number | undefined;
}

/**
 * A Gaussian process given targets at N points (Rasmussen & Williams 2006, algorithm 2.1), and kernel ridge regression,
 * which is its mean.
 */
export class GaussianProcess {
  readonly #samples: number;
  readonly #outputs: number;
  readonly #targets: Matrix;
  readonly #hasColumns: boolean;
  readonly #factor: Cholesky;
  /** (K + σ²)⁻¹·y, [N, K] */
  readonly #weights: Matrix;

  /** @internal Use {@link gaussianProcess}. */
  constructor(where: string, kernel: NDArray, targets: NDArray, { noise = 0 }: InferenceOptions) {
    const [n, k] = checkOutputs(`${where}: targets`, targets);
    checkKernel(where, kernel, [n, n]);
    checkSymmetric(kernel);
    checkReal(`${where}: noise`, noise, { least: 0 });
    this.#samples = n;
    this.#outputs = k;
    this.#hasColumns = targets.shape.length === 2;
    this.#factor = new Cholesky(where, { rows: n, columns: n, data: kernel.data }, noise);
    this.#targets = { rows: n, columns: k, data: targets.data };
    this.#weights = this.#factor.solve(this.#targets);
  }

  /** log p(y), summed over outputs. */
  get logMarginalLikelihood(): number {
    let fit = 0;
    this.#targets.data.forEach((y, i) => (fit += y * this.#weights.data[i]));
    const perOutput = this.#factor.logDeterminant + this.#samples * Math.log(2 * Math.PI);
    return -(fit + this.#outputs * perOutput) / 2;
  }

  /**
   * The mean at M points, K(x_test, x_train)·(K + σ²)⁻¹·y: what kernel ridge regression predicts.
   *
   * @param kernel K(x_test, x_train), [M, N]
   * @returns [M, K], or [M] where the targets are [N]
   */
  mean(kernel: NDArray): NDArray {
    const cross = this.#cross('mean', kernel);
    return this.#shaped(product(cross, this.#weights));
  }

  /**
   * Mean and covariance at M points.
   *
   * @param kernel K(x_test, x_train), [M, N]
   * @param prior K(x_test, x_test), [M, M]; that of the latent function comes out, without the noise of new targets.
   */
  posterior(kernel: NDArray, prior: NDArray): Posterior {
    const cross = this.#cross('posterior', kernel);
    checkKernel('posterior: prior', prior, [cross.rows, cross.rows]);
    const half = this.#factor.forwardSolve(transposed(cross));
    const explained = product(transposed(half), half);
    const left = combined({ ...explained, data: prior.data }, explained, (a, b) => a - b);
    return {
      mean: this.#shaped(product(cross, this.#weights)),
      covariance: ndarray(left.data, [cross.rows, cross.rows]),
    };
  }

  #cross(where: string, kernel: NDArray): Matrix {
    checkKernel(where, kernel, [undefined, this.#samples]);
    return { rows: kernel.shape[0], columns: this.#samples, data: kernel.data };
  }

  #shaped({ rows, columns, data }: Matrix): NDArray {
    return ndarray(data, this.#hasColumns ? [rows, columns] : [rows]);
  }
}

/** @throws ShapeError when a kernel has not the rows and columns expected, InputError when it is not finite. */
export function checkKernel(
  where: string,
  kernel: NDArray,
  [rows, columns]: readonly [rows: number | undefined, columns: number],
): void {
  checkFinite(`${where}: kernel`, kernel);
  const [m, n] = kernel.shape;
  if (kernel.shape.length === 2 && n === columns && m >= 1 && (rows === undefined || m === rows)) return;
  throw new ShapeError(`${where}: kernel: expected [${rows ?? 'M'}, ${columns}], got ${formatShape(kernel.shape)}`);
}

/**
 * A Gaussian process of mean 0 with a kernel, given targets: with the NNGP kernel, Bayesian inference with an infinitely
 * wide network.
 *
 * @param kernel of the training points, [N, N], positive definite with the noise
 * @param targets [N, K] or [N]
 * @throws ShapeError, InputError when an argument does not fit, NumericalError when the kernel with the noise is not
 * positive definite.
 *
 * @example
 * const process = gaussianProcess(ndarray([2, 1, 1, 2], [2, 2]), ndarray([1, -1], [2]), { noise: 1 });
 * const { mean, covariance } = process.posterior(ndarray([2, 1], [1, 2]), ndarray([2], [1, 1]));
 * console.log(mean.data[0].toFixed(3), covariance.data[0].toFixed(3)); // 0.500 0.625
 */
export function gaussianProcess(kernel: NDArray, targets: NDArray, options: InferenceOptions = {}): GaussianProcess {
  checkOptions('gaussianProcess', options, ['noise']);
  return new GaussianProcess('gaussianProcess', kernel, targets, options);
}

/**
 * Kernel ridge regression with any kernel: a function from kernels K(x_test, x_train), [M, N], to predictions, [M, K]. With
 * the tangent kernel and no ridge it is where gradient descent ends from outputs of 0.
 *
 * @throws ShapeError, InputError, NumericalError as {@link gaussianProcess}.
 *
 * @example
 * const predict = kernelRegression(ndarray([2, 1, 1, 2], [2, 2]), ndarray([1, -1], [2]));
 * console.log(predict(ndarray([2, 1], [1, 2])).data[0].toFixed(3)); // 1.000
 */
export function kernelRegression(
  kernel: NDArray,
  targets: NDArray,
  options: InferenceOptions = {},
): (kernel: NDArray) => NDArray {
  checkOptions('kernelRegression', options, ['noise']);
  const process = new GaussianProcess('kernelRegression', kernel, targets, options);
  return (cross) => process.mean(cross);
}
