import { type Descent, infiniteKernel, mseDynamics, type MseDynamics, symmetricEigen } from 'ntkit/ntk';
import type { NDArray } from 'ntkit/tensor';
import { type Architecture, kernelMap } from './architecture.ts';
import type { Kernels } from './layerwiseKernel.ts';

// The loss that is descended is ½·Σ (f − y)², so that a residual along an eigenvector of eigenvalue λ is multiplied by
// 1 − η·λ in a step. That of `mseDynamics` with the reduction `sum` is twice it: its steps have half the learning rate.

/** The training of the linearised network: f(t) by the kernel Θ at initialisation. */
export class LinearisedPrediction {
  /** Eigenvalues of Θ, the largest first. */
  readonly eigenvalues: readonly number[];
  readonly #vectors: NDArray;
  readonly #start: readonly number[];
  readonly #targets: NDArray;
  readonly #kernels: Kernels;
  readonly #dynamics: MseDynamics;

  /** @param targets [N, 1] */
  constructor(kernels: Kernels, targets: NDArray) {
    this.#kernels = kernels;
    this.#targets = targets;
    this.#dynamics = mseDynamics(kernels.train, targets, { initial: kernels.outputs, reduction: 'sum' });
    const { values, vectors } = symmetricEigen(kernels.train, { vectors: true });
    this.#vectors = vectors;
    this.eigenvalues = Array.from(values).toReversed();
    this.#start = this.along(kernels.outputs.data);
  }

  /** 2/λmax: the learning rate above which a residual grows. */
  get learningRateLimit(): number {
    return 2 / this.eigenvalues[0];
  }

  /** The residual f − y along each eigenvector, the largest eigenvalue first. */
  along(outputs: ArrayLike<number>): number[] {
    const { data: y } = this.#targets;
    const n = y.length;
    const { data: v } = this.#vectors;
    return this.eigenvalues.map((_, mode) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += v[i * n + (n - 1 - mode)] * (outputs[i] - y[i]);
      return sum;
    });
  }

  /** The residual along each eigenvector after some steps: (1 − η·λ)ᵗ times the initial one. */
  modes(descent: Descent, step: number): number[] {
    const { data } = this.#dynamics.decay(descent, [step]);
    return this.#start.map((residual, mode) => residual * data[data.length - 1 - mode]);
  }

  /**
   * Steps in which the residual along each eigenvector halves; negative where it grows, Infinity where it does not
   * change.
   */
  halfLives(descent: Descent): number[] {
    return Array.from(this.#dynamics.timeConstants(descent), (constant) => constant * Math.LN2).toReversed();
  }

  /** The function at the points of the grid. */
  at(descent: Descent, step: number): Float64Array {
    const { cross, gridOutputs } = this.#kernels;
    return this.#dynamics.predict(descent, [step], { kernel: cross, initial: gridOutputs }).data as Float64Array;
  }

  /** The mean of (f − y)² over the samples. */
  meanSquaredError(descent: Descent, step: number): number {
    return this.#dynamics.loss(descent, [step])[0] / this.#targets.data.length;
  }
}

/** The training of an ensemble of infinitely wide networks, each from its own initialisation. */
export interface InfinitePrediction {
  /** Eigenvalues of their kernel, the largest first. */
  readonly eigenvalues: readonly number[];
  /**
   * The mean over initialisations of the function at the points that are drawn; and its standard deviation, where it was
   * asked for.
   */
  at(descent: Descent, step: number): { readonly field: Float64Array; readonly deviation: Float64Array | undefined };
  /** The mean over initialisations of the mean squared error. */
  meanSquaredError(descent: Descent, step: number): number;
}

/** The rows of a matrix, row-major. */
function rowsOf({ data, shape: [rows, columns] }: NDArray): NDArray['data'][] {
  return Array.from({ length: rows }, (_, i) => data.subarray(i * columns, (i + 1) * columns));
}

/** a·B·b with a symmetric B by its rows */
function form(a: ArrayLike<number>, rows: readonly ArrayLike<number>[], b: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < rows.length; i++) total += a[i] * dot(rows[i], b);
  return total;
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/**
 * What `networkEnsemble` tells, without the covariances of different points, which are not drawn: with a row a =
 * Θ(x, x_train)·L of what is learned by then,
 *
 *     mean = a·y,   variance = K(x, x) − 2·a·K(x_train, x) + a·K_train·aᵀ
 *
 * @param options.spread whether standard deviations are computed: they need the variance at all grid points.
 * @throws InputError where the kernel has no closed form; the signal's reason when it is aborted.
 */
export async function infinitePrediction(
  architecture: Architecture,
  { x, y, grid }: { readonly x: NDArray; readonly y: NDArray; readonly grid: NDArray },
  { spread, signal }: { readonly spread: boolean; readonly signal?: AbortSignal | undefined },
): Promise<InfinitePrediction> {
  const map = kernelMap(architecture);
  const train = await infiniteKernel(map, x, { signal });
  const cross = await infiniteKernel(map, grid, { x2: x, signal });
  const test = spread ? await infiniteKernel(map, grid, { signal }) : undefined;
  const dynamics = mseDynamics(train.ntk, y, { reduction: 'sum' });
  const [thetaRows, nngpRows] = [rowsOf(train.ntk), rowsOf(train.nngp)];
  const [crossTheta, crossNngp] = [rowsOf(cross.ntk), rowsOf(cross.nngp)];
  const [n, m] = [x.shape[0], grid.shape[0]];
  const variance = (a: readonly number[], nngp: ArrayLike<number>, prior: number) =>
    Math.max(0, prior - 2 * dot(a, nngp) + form(a, nngpRows, a));
  return {
    eigenvalues: dynamics.modes.map(({ eigenvalue }) => eigenvalue).toReversed(),
    at(descent, step) {
      const learned = rowsOf(dynamics.learnedOperator(descent, step));
      const field = new Float64Array(m);
      const deviation = test && new Float64Array(m);
      crossTheta.forEach((theta, i) => {
        const a = learned.map((row) => dot(row, theta));
        field[i] = dot(a, y.data);
        if (deviation) deviation[i] = Math.sqrt(variance(a, crossNngp[i], test.nngp.data[i * m + i]));
      });
      return { field, deviation };
    },
    meanSquaredError(descent, step) {
      const learned = rowsOf(dynamics.learnedOperator(descent, step));
      let error = 0;
      for (let i = 0; i < n; i++) {
        const a = learned.map((row) => dot(row, thetaRows[i]));
        error += (dot(a, y.data) - y.data[i]) ** 2 + variance(a, nngpRows[i], nngpRows[i][i]);
      }
      return error / n;
    },
  };
}
