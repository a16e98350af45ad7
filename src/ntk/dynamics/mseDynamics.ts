import { checkOptions, oneOf, checkReal } from '../../check.ts';
import { EPSILON, ndarray, type NDArray, NumericalError } from '../../tensor/index.ts';
import { combined, type Matrix, product, rowsTimes, transposed } from '../dense.ts';
import { symmetricEigen } from '../eigen/index.ts';
import { checkOutputs, checkTimes } from './checks.ts';
import { checkDescent, type Descent, stableStep } from './descent.ts';
import { type KernelForm, kernelForm, testPoints } from './kernelForm.ts';
import { initialOutputs, type TestPoints } from './outputs.ts';
import { optimalDescents, type OptimalDescents } from './optimalDescents.ts';

/** Options of {@link mseDynamics}. */
export interface DynamicsOptions {
  /** The outputs before training, [N, K] or [N]; 0 by default. */
  readonly initial?: NDArray | undefined;
  /** PyTorch's: the loss is the mean over samples and outputs, the default, or their sum. */
  readonly reduction?: 'mean' | 'sum' | undefined;
  /**
   * Eigenvalues up to it are taken as 0: their modes stay as they are. By default N·ε·λmax, ε being that of float64. Of a
   * kernel with float32 rows, the `noiseFloor` of `conditionNumber` is what can be trusted.
   */
  readonly noiseFloor?: number | undefined;
}

/** An eigenvector of Θ, and what training does along it. */
export interface EigenMode {
  /** λ of Θ. */
  readonly eigenvalue: number;
  /** The second derivative of the loss along the mode, λ·2/(N·K) for the mean, λ·2 for the sum; 0 below the noise floor. */
  readonly curvature: number;
  /** The share of the loss before training that is along it. */
  readonly lossShare: number;
}

/**
 * How a network trains on the mean squared error in its tangent kernel's regime: the outputs f follow a linear equation,
 *
 *     df/dt = −Θ·∂L/∂f,   L = Σ (f − y)²/M,   M = N·K (`mean`) or 1 (`sum`),
 *
 * so that the residual f − y along the eigenvector of eigenvalue λ follows one of its own, of curvature h = 2·λ/M. Every
 * time is computed by itself, in closed form, without the times before it.
 *
 * @example
 * const dynamics = mseDynamics(ndarray([2, 1, 1, 2], [2, 2]), ndarray([1, 0], [2]));
 * const [slow, fast] = dynamics.modes;
 * console.log(slow.eigenvalue.toFixed(2), fast.eigenvalue.toFixed(2), dynamics.initialLoss); // 1.00 3.00 0.5
 * console.log(dynamics.learningRateLimit().toFixed(3)); // 0.667
 */
export class MseDynamics {
  /** By ascending eigenvalue. */
  readonly modes: readonly EigenMode[];
  /** L before training. */
  readonly initialLoss: number;

  readonly #form: KernelForm;
  readonly #targets: NDArray;
  /** M */
  readonly #divisor: number;
  /** Columns are eigenvectors. */
  readonly #vectors: Matrix;
  /** The residual before training in the basis of eigenvectors, [n, columns]. */
  readonly #residual: Matrix;

  /** @internal Use {@link mseDynamics}. */
  constructor(kernel: NDArray, targets: NDArray, options: DynamicsOptions) {
    const [n, k] = checkOutputs('mseDynamics: targets', targets);
    this.#form = kernelForm('mseDynamics', kernel, n, k);
    this.#targets = targets;
    const initial = initialOutputs('mseDynamics: initial', options.initial, targets);
    this.#divisor =
      oneOf('mseDynamics: reduction', options.reduction ?? 'mean', ['mean', 'sum']) === 'mean' ? n * k : 1;
    const { values, vectors } = symmetricEigen(kernel, { vectors: true });
    const largest = values[values.length - 1];
    const { noiseFloor = values.length * EPSILON.float64 * Math.max(0, largest) } = options;
    checkReal('mseDynamics: noiseFloor', noiseFloor, { least: 0 });
    if (values[0] < -noiseFloor) {
      throw new NumericalError(
        `mseDynamics: kernel: expected eigenvalues ≥ 0 up to a noise of ${noiseFloor}, got ${values[0]}`,
      );
    }
    this.#vectors = { rows: values.length, columns: values.length, data: vectors.data };
    const columns = this.#form.columns;
    const residual = { rows: values.length, columns, data: initial.map((f, i) => f - targets.data[i]) };
    this.#residual = product(transposed(this.#vectors), residual);
    const squares = Array.from(values, (_, i) => this.#square(i));
    const total = squares.reduce((sum, square) => sum + square, 0);
    this.initialLoss = total / this.#divisor;
    this.modes = squares.map((square, i) => ({
      eigenvalue: values[i],
      curvature: values[i] > noiseFloor ? (2 * values[i]) / this.#divisor : 0,
      lossShare: total === 0 ? 0 : square / total,
    }));
  }

  /** The largest curvature, 2·λmax/M. */
  get largestCurvature(): number {
    return this.modes[this.modes.length - 1].curvature;
  }

  /**
   * The learning rate at which gradient descent stops to converge: 2/h of the largest curvature, so M/λmax; (1 + μ) times
   * that with momentum μ, and 1/(1 + 2μ) of it with Nesterov's. Infinity where all of Θ is 0.
   */
  learningRateLimit(options: { readonly momentum?: number; readonly nesterov?: boolean } = {}): number {
    checkOptions('learningRateLimit', options, ['momentum', 'nesterov']);
    const { momentum = 0, nesterov = false } = options;
    checkReal('learningRateLimit: momentum', momentum, { least: 0, below: 1 });
    return stableStep({ momentum, nesterov }) / this.largestCurvature;
  }

  /** The fastest learning rates for the modes that are learned at all, and the pace that κ leaves. */
  optimal(): OptimalDescents {
    const learned = this.modes.filter(({ curvature }) => curvature > 0);
    if (learned.length === 0)
      throw new NumericalError('optimal: expected an eigenvalue above the noise floor, got none');
    return optimalDescents(learned[0].curvature, this.largestCurvature);
  }

  /** The time, or the number of steps, in which each mode shrinks by a factor of e; Infinity where it never does. */
  timeConstants(descent: Descent): Float64Array {
    checkDescent('timeConstants', descent);
    return Float64Array.from(this.modes, ({ curvature }) =>
      curvature === 0 ? Infinity : descent.timeConstant(curvature),
    );
  }

  /**
   * What is left of each mode's residual, r(t)/r(0): [T, n], modes by ascending eigenvalue.
   *
   * @throws InputError when a time is negative, or no integer where it counts steps; NumericalError for an infinite time
   * at which a mode has grown without bound.
   */
  decay(descent: Descent, times: readonly number[]): NDArray {
    this.#check('decay', descent, times);
    const factors = times.flatMap((t) => this.modes.map(({ curvature }) => remaining(descent, curvature, t)));
    return ndarray(factors, [times.length, this.modes.length]);
  }

  /**
   * The loss over time in closed form, Σ (r(t)/r(0))²·|r(0)|²/M over modes: [T].
   *
   * @throws InputError, NumericalError as {@link MseDynamics.decay}.
   */
  loss(descent: Descent, times: readonly number[]): Float64Array {
    this.#check('loss', descent, times);
    return Float64Array.from(times, (t) =>
      this.modes.reduce(
        (sum, { curvature, lossShare }) => sum + this.initialLoss * lossShare * remaining(descent, curvature, t) ** 2,
        0,
      ),
    );
  }

  /**
   * The outputs over time, at training points, or at others by the kernel between them and these:
   *
   *     f_test(t) = f_test(0) − Θ(x_test, x_train)·V·diag((1 − r(t)/r(0))/λ)·Vᵀ·(f(0) − y)
   *
   * @returns [T, N, K] or [T, M, K], or without K where the targets have none.
   * @throws ShapeError when the points do not fit, InputError, NumericalError as {@link MseDynamics.decay}.
   */
  predict(descent: Descent, times: readonly number[], points?: TestPoints): NDArray {
    this.#check('predict', descent, times);
    const [, ...outputs] = this.#targets.shape;
    if (points === undefined) return this.#atTrainingPoints(descent, times);
    checkOptions('predict', points, ['kernel', 'initial']);
    const m = testPoints('predict', points.kernel, this.#form);
    const shape = [m, ...outputs];
    const initial = initialOutputs('predict: initial', points.initial, { shape });
    const [rows, columns] = points.kernel.shape;
    const change = product({ rows, columns, data: points.kernel.data }, this.#vectors);
    const data = new Float64Array(times.length * initial.length);
    times.forEach((t, at) => {
      const moved = product(
        change,
        rowsTimes(this.#residual, (i) => this.#learned(descent, i, t)),
      );
      data.set(combined({ ...moved, data: initial }, moved, (f, d) => f - d).data, at * initial.length);
    });
    return ndarray(data, [times.length, ...shape]);
  }

  /**
   * The operator V·diag((1 − r(t)/r(0))/λ)·Vᵀ, which is Θ⁻¹·(1 − e^(−2·Θ·t/M)) for gradient flow, [n, n]: what the changes
   * of all outputs are made of.
   */
  learnedOperator(descent: Descent, time: number): NDArray {
    this.#check('learnedOperator', descent, [time]);
    const v = this.#vectors;
    const scaled = rowsTimes(transposed(v), (i) => this.#learned(descent, i, time));
    return ndarray(product(v, scaled).data, [v.rows, v.rows]);
  }

  #atTrainingPoints(descent: Descent, times: readonly number[]): NDArray {
    const { data: y, shape } = this.#targets;
    const data = new Float64Array(times.length * y.length);
    times.forEach((t, at) => {
      const left = rowsTimes(this.#residual, (i) => remaining(descent, this.modes[i].curvature, t));
      const residual = product(this.#vectors, left);
      data.set(combined({ ...residual, data: y }, residual, (a, b) => a + b).data, at * y.length);
    });
    return ndarray(data, [times.length, ...shape]);
  }

  /** (1 − r(t)/r(0))/λ of a mode; 0 where it is not learned. */
  #learned(descent: Descent, mode: number, time: number): number {
    const { curvature } = this.modes[mode];
    return curvature === 0 ? 0 : (descent.learned(curvature, time) * 2) / this.#divisor;
  }

  /** The squared residual along a mode, over all columns. */
  #square(mode: number): number {
    const { columns, data } = this.#residual;
    let sum = 0;
    for (let e = mode * columns; e < (mode + 1) * columns; e++) sum += data[e] * data[e];
    return sum;
  }

  #check(where: string, descent: Descent, times: readonly number[]): void {
    checkDescent(where, descent);
    checkTimes(where, times, descent.clock === 'steps');
    if (times.includes(Infinity) && this.largestCurvature >= descent.stableCurvature) {
      throw new NumericalError(
        `${where}: ${descent.name} does not converge, expected curvatures below ${descent.stableCurvature} ` +
          `for an infinite time, got ${this.largestCurvature}`,
      );
    }
  }
}

/** r(t)/r(0); 1 where the mode is not learned. */
function remaining(descent: Descent, curvature: number, time: number): number {
  return curvature === 0 ? 1 : descent.remaining(curvature, time);
}

/**
 * The training dynamics of the mean squared error by a tangent kernel (Lee et al. 2019, "Wide neural networks of any depth
 * evolve as linear models under gradient descent").
 *
 * @param kernel Θ of the training points with themselves: [N, N], which acts on each output alike (of an infinitely wide
 * network, or of one output), or [N·K, N·K] of all pairs of outputs (`outputs: 'full'`).
 * @param targets y, [N, K] or [N]
 * @throws ShapeError when shapes do not fit, NumericalError when the kernel is not symmetric or has an eigenvalue below 0
 * beyond rounding, InputError when a number is not finite.
 *
 * @example
 * const { kernel, logits } = await tangentKernel(network, images, { outputs: 'full', dtype: 'float64' });
 * const dynamics = mseDynamics(kernel, generator.normals([4, 3]), { initial: logits });
 * const descent = gradientDescent({ learningRate: dynamics.learningRateLimit() / 2 });
 * const loss = dynamics.loss(descent, [0, 10, 100]);
 * console.log(Array.from(loss, (value) => value.toFixed(3))); // [ '1.779', '0.369', '0.005' ]
 */
export function mseDynamics(kernel: NDArray, targets: NDArray, options: DynamicsOptions = {}): MseDynamics {
  checkOptions('mseDynamics', options, ['initial', 'reduction', 'noiseFloor']);
  return new MseDynamics(kernel, targets, options);
}
