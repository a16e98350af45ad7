import { checkOptions, oneOf } from '../../check.ts';
import { ndarray, type NDArray } from '../../tensor/index.ts';
import { combined, type Matrix, product, transposed } from '../dense.ts';
import type { Descent } from '../dynamics/descent.ts';
import { mseDynamics, type MseDynamics } from '../dynamics/mseDynamics.ts';
import type { InfiniteKernel } from '../infinite/infiniteKernel.ts';
import { checkKernel, type Posterior } from './gaussianProcess.ts';

/** Options of {@link networkEnsemble}. */
export interface EnsembleOptions {
  /** PyTorch's: the loss is the mean over samples and outputs, the default, or their sum. */
  readonly reduction?: 'mean' | 'sum' | undefined;
  /** Eigenvalues up to it are not learned; see `mseDynamics`. */
  readonly noiseFloor?: number | undefined;
  /**
   * Which layers are trained: all (default), or the last alone, whose tangent kernel is the NNGP's: after an infinite time
   * that is a draw from the posterior of {@link gaussianProcess}.
   */
  readonly trained?: 'all' | 'last' | undefined;
}

/** The points at which an ensemble is asked. */
export interface EnsemblePoints {
  /** Kernels between them and the training points, [M, N]. */
  readonly cross: InfiniteKernel;
  /** Kernels between them, [M, M]; its NNGP is read. */
  readonly test: Pick<InfiniteKernel, 'nngp'>;
}

/**
 * The outputs of all infinitely wide networks after training: a Gaussian whose randomness is that of initialisation
 * (Lee et al. 2019, equations 14 to 16).
 */
export class NetworkEnsemble {
  readonly #kernel: InfiniteKernel;
  readonly #targets: NDArray;
  readonly #dynamics: MseDynamics;
  readonly #trained: 'ntk' | 'nngp';

  /** @internal Use {@link networkEnsemble}. */
  constructor(kernel: InfiniteKernel, targets: NDArray, options: EnsembleOptions) {
    const { reduction, noiseFloor, trained = 'all' } = options;
    this.#trained = oneOf('networkEnsemble: trained', trained, ['all', 'last']) === 'all' ? 'ntk' : 'nngp';
    const n = targets.shape[0];
    checkKernel('networkEnsemble: nngp', kernel.nngp, [n, n]);
    checkKernel('networkEnsemble: ntk', kernel.ntk, [n, n]);
    this.#dynamics = mseDynamics(kernel[this.#trained], targets, { reduction, noiseFloor });
    this.#kernel = kernel;
    this.#targets = targets;
  }

  /**
   * Mean and covariance of the outputs after a time of training. With L = Θ⁻¹·(1 − e^(−2·Θ·t/M)) for gradient flow, and A =
   * Θ(x_test, x_train)·L,
   *
   *     mean = A·y,   covariance = K_test − A·K_crossᵀ − K_cross·Aᵀ + A·K_train·Aᵀ
   *
   * @throws ShapeError, InputError when an argument does not fit; NumericalError for an infinite time at which a mode has
   * grown without bound.
   */
  predict(descent: Descent, time: number, points: EnsemblePoints): Posterior {
    checkOptions('networkEnsemble: points', points, ['cross', 'test']);
    const [n] = this.#targets.shape;
    const { [this.#trained]: theta, nngp } = points.cross;
    checkKernel('networkEnsemble: cross', theta, [undefined, n]);
    const [m] = theta.shape;
    checkKernel('networkEnsemble: cross', nngp, [m, n]);
    checkKernel('networkEnsemble: test', points.test.nngp, [m, m]);
    const learned = matrix(this.#dynamics.learnedOperator(descent, time));
    const a = product(matrix(theta), learned);
    const [, columns = 1] = this.#targets.shape;
    const mean = product(a, { rows: n, columns, data: this.#targets.data });
    const crossed = product(a, transposed(matrix(nngp)));
    const squared = product(product(a, matrix(this.#kernel.nngp)), transposed(a));
    const unexplained = combined(matrix(points.test.nngp), crossed, (k, c) => k - c);
    const both = combined(unexplained, transposed(crossed), (k, c) => k - c);
    const [, ...outputs] = this.#targets.shape;
    return {
      mean: ndarray(mean.data, [m, ...outputs]),
      covariance: ndarray(combined(both, squared, (k, s) => k + s).data, [m, m]),
    };
  }
}

function matrix({ shape: [rows, columns], data }: NDArray): Matrix {
  return { rows, columns, data };
}

/**
 * What an ensemble of infinitely wide networks comes to when each is trained from its own initialisation on the mean
 * squared error.
 *
 * @param kernel both kernels of the training points, [N, N], of {@link infiniteKernel}, or estimates of them
 * @param targets [N, K] or [N]
 * @throws ShapeError, InputError, NumericalError as `mseDynamics`.
 *
 * @example
 * const { dense, relu, serial } = infinite;
 * const map = serial(dense(512), relu(), dense(1));
 * const train = await infiniteKernel(map, images);
 * const ensemble = networkEnsemble(train, ndarray([1, -1, 1, -1], [4]));
 * const { mean } = ensemble.predict(gradientFlow(), Infinity, { cross: train, test: train });
 * console.log(Array.from(mean.data, Math.round)); // [ 1, -1, 1, -1 ]
 */
export function networkEnsemble(
  kernel: InfiniteKernel,
  targets: NDArray,
  options: EnsembleOptions = {},
): NetworkEnsemble {
  checkOptions('networkEnsemble', options, ['reduction', 'noiseFloor', 'trained']);
  return new NetworkEnsemble(kernel, targets, options);
}
