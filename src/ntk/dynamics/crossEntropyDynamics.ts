import { checkRunOptions } from '../../abort.ts';
import { checkOptions, formatValue, oneOf, checkReal } from '../../check.ts';
import { inTurns } from '../../turns.ts';
import { formatShape, InputError, ndarray, type NDArray, ShapeError } from '../../tensor/index.ts';
import { type Matrix, product } from '../dense.ts';
import { checkOutputs, checkTimes } from './checks.ts';
import { dormandPrince } from './dormandPrince.ts';
import { type KernelForm, kernelForm, testPoints } from './kernelForm.ts';
import { initialOutputs, type TestPoints } from './outputs.ts';

/** Options of {@link crossEntropyDynamics}. */
export interface CrossEntropyOptions {
  /** The logits before training, [N, K]; 0 by default. */
  readonly initial?: NDArray | undefined;
  /** PyTorch's: the loss is the mean over samples, the default, or their sum. */
  readonly reduction?: 'mean' | 'sum' | undefined;
}

/** Options of {@link CrossEntropyDynamics.run}. */
export interface IntegrationOptions {
  /** Other points than those of training, whose logits are wanted too. */
  readonly points?: TestPoints | undefined;
  /** The error of logits that is allowed a step, relative to their change and absolute; 1e-9 by default. */
  readonly tolerance?: number | undefined;
  /** The most steps that are taken; 100,000 by default. A step is about 3/(the largest curvature), or shorter. */
  readonly maximumSteps?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Logits and losses over time. */
export interface Trajectory {
  /** At training points, [T, N, K]. */
  readonly outputs: NDArray;
  /** The loss of training points, [T]. */
  readonly loss: Float64Array;
  /** At the points asked for, [T, M, K]; absent where none were. */
  readonly testOutputs?: NDArray;
}

/**
 * How a network trains on the cross-entropy in its tangent kernel's regime, by gradient flow:
 *
 *     df/dt = −Θ·(softmax(f) − y)/M,   M = N (`mean`) or 1 (`sum`).
 *
 * There is no closed form. What is integrated is G = ∫ (softmax(f) − y)/M dt, in units of the inverse of the largest entry
 * of Θ's diagonal: f is f(0) − Θ·G at every point, of training or not, and points more cost no step more.
 */
export class CrossEntropyDynamics {
  readonly #kernel: Matrix;
  readonly #targets: NDArray;
  readonly #initial: Float64Array;
  readonly #form: KernelForm;
  /** M */
  readonly #divisor: number;
  /** The largest entry of Θ's diagonal; 1 where all are 0. */
  readonly #unit: number;

  /** @internal Use {@link crossEntropyDynamics}. */
  constructor(kernel: NDArray, targets: NDArray, options: CrossEntropyOptions) {
    const where = 'crossEntropyDynamics';
    const [n, k] = checkOutputs(`${where}: targets`, targets);
    if (targets.shape.length !== 2 || k < 2) {
      throw new ShapeError(`${where}: targets: expected [N, K], K ≥ 2, got ${formatShape(targets.shape)}`);
    }
    checkProbabilities(`${where}: targets`, targets);
    this.#form = kernelForm(where, kernel, n, k);
    const [rows, columns] = kernel.shape;
    // An error of G is then that of logits, independent of the size of Θ.
    this.#unit =
      Array.from({ length: rows }, (_, i) => kernel.data[i * columns + i]).reduce((a, b) => Math.max(a, b), 0) || 1;
    this.#kernel = { rows, columns, data: kernel.data.map((theta) => theta / this.#unit) };
    this.#targets = targets;
    this.#initial = initialOutputs(`${where}: initial`, options.initial, targets);
    this.#divisor = oneOf(`${where}: reduction`, options.reduction ?? 'mean', ['mean', 'sum']) === 'mean' ? n : 1;
  }

  /**
   * Logits and losses at given times, in ascending order.
   *
   * @throws InputError when a time is negative, infinite or out of order, ShapeError when points do not fit, NumericalError
   * when it takes more than the most steps; the signal's reason when it is aborted.
   */
  async run(times: readonly number[], options: IntegrationOptions = {}): Promise<Trajectory> {
    checkRunOptions('crossEntropyDynamics', options, ['points', 'tolerance', 'maximumSteps', 'signal']);
    const { points, tolerance = 1e-9, maximumSteps = 100_000, signal } = options;
    checkTimes('crossEntropyDynamics', times);
    times.forEach((time, i) => {
      if (time < Infinity && !(time < times[i - 1])) return;
      throw new InputError(`crossEntropyDynamics: times: expected finite ones in ascending order, got ${time}`);
    });
    checkReal('crossEntropyDynamics: tolerance', tolerance, { least: 0, open: true });
    checkReal('crossEntropyDynamics: maximumSteps', maximumSteps, { least: 1 });
    if (points) {
      checkOptions('crossEntropyDynamics: points', points, ['kernel', 'initial']);
      testPoints('crossEntropyDynamics: points', points.kernel, this.#form);
    }
    const { samples: n, outputs: k } = this.#form;
    const tolerances = { relative: tolerance, absolute: tolerance, maximumSteps };
    const slope = (g: Float64Array, result: Float64Array) => this.#slope(this.#outputs(g), result);
    const integrals = await inTurns(dormandPrince(slope, new Float64Array(n * k), times, tolerances), signal);
    const outputs = integrals.map((g) => this.#outputs(g));
    const at = (data: readonly Float64Array[], samples: number) =>
      ndarray(concatenated(data, samples * k), [times.length, samples, k]);
    return {
      outputs: at(outputs, n),
      loss: Float64Array.from(outputs, (f) => this.#loss(f)),
      ...(points && { testOutputs: this.#elsewhere(points, integrals, at) }),
    };
  }

  /** f(0) − Θ·G */
  #outputs(g: Float64Array): Float64Array {
    const change = product(this.#kernel, this.#matrix(g)).data;
    return this.#initial.map((f, i) => f - change[i]);
  }

  #elsewhere(
    { kernel, initial }: TestPoints,
    integrals: readonly Float64Array[],
    at: (data: readonly Float64Array[], samples: number) => NDArray,
  ): NDArray {
    const [rows, columns] = kernel.shape;
    const m = testPoints('crossEntropyDynamics: points', kernel, this.#form);
    const first = initialOutputs('crossEntropyDynamics: points: initial', initial, { shape: [m, this.#form.outputs] });
    const outputs = integrals.map((g) => {
      const change = product({ rows, columns, data: kernel.data }, this.#matrix(g)).data;
      return first.map((f, i) => f - change[i] / this.#unit);
    });
    return at(outputs, m);
  }

  /** Numbers for each output of each sample, as the kernel is applied to them. */
  #matrix(data: Float64Array): Matrix {
    return { rows: this.#kernel.columns, columns: this.#form.columns, data };
  }

  /** (softmax(f) − y)/M, in units */
  #slope(f: Float64Array, result: Float64Array): void {
    const { outputs: k } = this.#form;
    const scale = this.#unit / this.#divisor;
    for (let start = 0; start < f.length; start += k) {
      const { largest, sum } = exponentials(f, start, k);
      for (let i = start; i < start + k; i++) {
        result[i] = (Math.exp(f[i] - largest) / sum - this.#targets.data[i]) * scale;
      }
    }
  }

  #loss(f: Float64Array): number {
    const { outputs: k } = this.#form;
    let loss = 0;
    for (let start = 0; start < f.length; start += k) {
      const { largest, sum } = exponentials(f, start, k);
      for (let i = start; i < start + k; i++) loss -= this.#targets.data[i] * (f[i] - largest - Math.log(sum));
    }
    return loss / this.#divisor;
  }
}

/** max f and Σ e^(f − max f) of K logits. */
function exponentials(f: Float64Array, start: number, k: number): { largest: number; sum: number } {
  let largest = -Infinity;
  for (let i = start; i < start + k; i++) largest = Math.max(largest, f[i]);
  let sum = 0;
  for (let i = start; i < start + k; i++) sum += Math.exp(f[i] - largest);
  return { largest, sum };
}

function concatenated(arrays: readonly Float64Array[], size: number): Float64Array {
  const data = new Float64Array(arrays.length * size);
  arrays.forEach((array, i) => data.set(array, i * size));
  return data;
}

function checkProbabilities(where: string, { data, shape: [, k] }: NDArray): void {
  for (let start = 0; start < data.length; start += k) {
    const row = data.subarray(start, start + k);
    const sum = Array.from(row).reduce((a, b) => a + b, 0);
    if (Math.abs(sum - 1) <= 1e-6 && row.every((p) => p >= 0)) continue;
    throw new InputError(
      `${where}: expected probabilities that sum to 1, got ${formatValue(Array.from(row))} for sample ${start / k}`,
    );
  }
}

/**
 * The training dynamics of the cross-entropy by a tangent kernel, integrated by an adaptive Runge–Kutta method.
 *
 * @param kernel Θ of the training points with themselves: [N, N], which acts on each output alike, or [N·K, N·K] of all
 * pairs of outputs (`outputs: 'full'`).
 * @param targets probabilities of the K ≥ 2 classes, [N, K]; a class is a row of 0 and one 1.
 * @throws ShapeError when shapes do not fit, InputError when a number is not finite or targets are no probabilities.
 *
 * @example
 * const kernel = ndarray([2, 1, 1, 2], [2, 2]);
 * const targets = ndarray([1, 0, 0, 1], [2, 2]);
 * const { loss } = await crossEntropyDynamics(kernel, targets).run([0, 1, 10]);
 * console.log(Array.from(loss, (value) => value.toFixed(3))); // [ '0.693', '0.496', '0.107' ]
 */
export function crossEntropyDynamics(
  kernel: NDArray,
  targets: NDArray,
  options: CrossEntropyOptions = {},
): CrossEntropyDynamics {
  checkOptions('crossEntropyDynamics', options, ['initial', 'reduction']);
  return new CrossEntropyDynamics(kernel, targets, options);
}
