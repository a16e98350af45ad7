import { checkRunOptions } from '../abort.ts';
import { checkOptions, formatValue } from '../check.ts';
import type { Mode } from '../nn/index.ts';
import {
  type ConditionNumber,
  conditionNumberOf,
  effectiveRank,
  eigenvaluesOn,
  kernelAlignment,
  kernelDistance,
  KernelProgram,
  type ParameterChoice,
  type RowsOptions,
  type RunOptions,
} from '../ntk/index.ts';
import {
  cast,
  checkArray,
  constant,
  evaluate,
  firstNonFinite,
  formatShape,
  InputError,
  type NDArray,
  NumericalError,
  ShapeError,
  sizeOf,
} from '../tensor/index.ts';
import { Trainer } from './trainer.ts';

/** What the kernel of {@link KernelTrace} is of. */
export interface KernelTraceOptions extends Pick<RowsOptions, 'blockRows' | 'maximumBytes'> {
  /** The sum of the kernels of all outputs, the default, that of the sum of the outputs, or that of one. */
  readonly outputs?: 'trace' | 'sum' | number | undefined;
  /** How batch norm normalises; as in training by default. */
  readonly mode?: Mode | undefined;
  /** Those that are trained by default. */
  readonly parameters?: ParameterChoice | undefined;
}

/** The tangent kernel at one time of training, with its κ and how far it can be trusted, and what training has come to. */
export interface KernelCheckpoint extends ConditionNumber {
  /** How many steps were taken before. */
  readonly step: number;
  /** The trainer's loss of the batch that the kernel is of. */
  readonly loss: number;
  /** The share of its samples whose largest output is the class; undefined where targets are no probabilities. */
  readonly accuracy: number | undefined;
  /** How far Θ has turned from that of the first checkpoint; see `kernelDistance`. */
  readonly distance: number;
  /** How well Θ fits the targets; see `kernelAlignment`. NaN where Θ or the targets are 0. */
  readonly alignment: number;
  /** The same without what is common to all samples. NaN where nothing else is left. */
  readonly centeredAlignment: number;
  /** How many directions Θ has; see `effectiveRank`. */
  readonly effectiveRank: number;
}

/**
 * The tangent kernel of one batch through training, of the network as the trainer has it: minibatches, augmentations and
 * schedules are as they come, on any backend. A checkpoint brings the present parameters into the network, as
 * {@link Trainer.save} does; training goes on from where it is.
 *
 * @example
 * const trainer = await Trainer.create(network, { loss: mseLoss, optimizer: sgd({ learningRate: 0.1 }) });
 * const targets = ndarray(new Float64Array(12), [4, 3]);
 * const trace = await KernelTrace.create(trainer, images, targets);
 * while (trainer.steps < 10) {
 *   if (trainer.steps % 5 === 0) await trace.record();
 *   await trainer.step(images, targets);
 * }
 * console.log(trace.checkpoints.map(({ step }) => step), trace.checkpoints[0].distance); // [ 0, 5 ] 0
 * trace.dispose();
 * trainer.dispose();
 */
export class KernelTrace {
  readonly #trainer: Trainer;
  readonly #program: KernelProgram;
  readonly #x: NDArray;
  readonly #targets: NDArray;
  readonly #checkpoints: KernelCheckpoint[] = [];
  /** Θ of the first checkpoint. */
  #first: NDArray | undefined;

  private constructor(trainer: Trainer, program: KernelProgram, x: NDArray, targets: NDArray) {
    this.#trainer = trainer;
    this.#program = program;
    this.#x = x;
    this.#targets = targets;
  }

  /**
   * @param x [N, …], the batch that kernels are of
   * @param targets of the shape that the loss asks for, [N, K] or [N]
   * @throws ShapeError when batch, targets and network do not fit, InputError when an option makes no sense, BackendError
   * when the backend cannot compute it.
   */
  static async create(
    trainer: Trainer,
    x: NDArray,
    targets: NDArray,
    options: KernelTraceOptions = {},
  ): Promise<KernelTrace> {
    if (!(trainer instanceof Trainer)) {
      throw new InputError(`kernel trace: expected a trainer, got ${formatValue(trainer)}`);
    }
    checkOptions('kernel trace', options, ['outputs', 'mode', 'parameters', 'blockRows', 'maximumBytes']);
    checkArray('kernel trace: x', x);
    checkArray('kernel trace: targets', targets);
    if (x.shape[0] !== targets.shape[0] || sizeOf(targets.shape) === 0) {
      throw new ShapeError(
        `kernel trace: targets: expected those of ${x.shape[0]} samples, got shape ${formatShape(targets.shape)}`,
      );
    }
    const { outputs = 'trace', blockRows, maximumBytes } = options;
    if ((outputs as string) === 'full')
      throw new InputError("kernel trace: outputs: expected one row per sample, got 'full'");
    const { backend, dtype, ...trained } = trainer.settings;
    const { mode = trained.mode, parameters = trained.parameters } = options;
    const program = await KernelProgram.compile(trainer.network, [x.shape], {
      ...{ outputs, mode, parameters, backend, dtype, blockRows, maximumBytes },
    });
    return new KernelTrace(trainer, program, copied(x), copied(targets));
  }

  /** All of them, in the order in which they were recorded. */
  get checkpoints(): readonly KernelCheckpoint[] {
    return this.#checkpoints;
  }

  /**
   * Computes kernel and κ with the parameters of this moment, and adds them to the checkpoints. Steps that are asked for
   * meanwhile wait.
   *
   * @throws NumericalError when training has diverged: a parameter, or the kernel, holds NaN or infinity; the signal's reason
   * when it is aborted.
   */
  async record(options: RunOptions = {}): Promise<KernelCheckpoint> {
    checkRunOptions('kernel trace: record', options, ['signal', 'onProgress']);
    return this.#trainer.withSaved(({ steps }) => this.#record(steps, options));
  }

  /** Frees memory; what was recorded stays. */
  dispose(): void {
    this.#program.dispose();
  }

  async #record(step: number, options: RunOptions): Promise<KernelCheckpoint> {
    this.#checkFinite(step);
    const { kernel, logits, dtype, parameters } = await this.#program.run(this.#x, options);
    const { loss, backend } = this.#trainer.settings;
    const eigenvalues = await eigenvaluesOn(backend, kernel, options);
    const condition = conditionNumberOf(eigenvalues, { dtype, parameters: parameters.used });
    const graph = loss(constant(logits), constant(cast(this.#targets, dtype)));
    const [{ data }] = await evaluate([graph], undefined, backend, options);
    this.#first ??= kernel;
    const [first, targets] = [this.#first, asRows(this.#targets)];
    const checkpoint: KernelCheckpoint = {
      step,
      loss: data[0],
      accuracy: accuracyOf(asRows(logits), targets),
      distance: orNaN(() => kernelDistance(kernel, first)),
      alignment: orNaN(() => kernelAlignment(kernel, targets)),
      centeredAlignment: orNaN(() => kernelAlignment(kernel, targets, { centered: true })),
      effectiveRank: orNaN(() => effectiveRank(eigenvalues)),
      ...condition,
    };
    this.#checkpoints.push(checkpoint);
    return checkpoint;
  }

  #checkFinite(step: number): void {
    for (const [name, { value }] of this.#trainer.network.namedState()) {
      const bad = firstNonFinite(value.data);
      if (bad < 0) continue;
      throw new NumericalError(
        `kernel trace: training has diverged: ${name} holds ${value.data[bad]} after ${step} steps`,
      );
    }
  }
}

/** What the caller may fill with another batch. */
function copied(array: NDArray): NDArray {
  return { ...array, data: array.data.slice() };
}

/** [N, …] as [N, K] */
function asRows({ data, dtype, shape: [n, ...rest] }: NDArray): NDArray {
  return { data, dtype, shape: [n, sizeOf(rest)] };
}

/** What is not defined where a matrix is 0. */
function orNaN(measure: () => number): number {
  try {
    return measure();
  } catch (error) {
    if (error instanceof NumericalError) return NaN;
    throw error;
  }
}

/** How far probabilities may be from a sum of 1, in float32. */
const ROUNDING = 1e-5;

/** The share of samples whose largest output is that of the largest target; undefined unless targets are probabilities. */
function accuracyOf(logits: NDArray, { data: targets, shape: [n, k] }: NDArray): number | undefined {
  if (k < 2 || logits.data.length !== targets.length) return undefined;
  let right = 0;
  for (let i = 0; i < n; i++) {
    const wanted = [...targets.subarray(i * k, (i + 1) * k)];
    const sum = wanted.reduce((total, p) => total + p, 0);
    if (Math.abs(sum - 1) > ROUNDING || wanted.some((p) => p < 0)) return undefined;
    right += Number(largestOf([...logits.data.subarray(i * k, (i + 1) * k)]) === largestOf(wanted));
  }
  return right / n;
}

/** Where the largest number is; the first of equal ones. */
function largestOf(values: readonly number[]): number {
  return values.reduce((best, value, i) => (value > values[best] ? i : best), 0);
}
