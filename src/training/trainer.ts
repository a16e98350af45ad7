import { checkFunction, checkOptions, checkReal, formatValue, oneOf } from '../check.ts';
import { Queue } from '../queue.ts';
import { checkBatch, checkModule, type Module } from '../nn/index.ts';
import {
  BackendError,
  cast,
  checkArray,
  checkShape,
  defaultBackend,
  firstNonFinite,
  formatShape,
  InputError,
  type NDArray,
  precisionOf,
  sameShape,
  ShapeError,
  type Shape,
} from '../tensor/index.ts';
import type { TrainerOptions, TrainerSettings } from './settings.ts';
import { StepProgram } from './stepProgram.ts';

/** What a step tells. */
export interface Step {
  /** The loss of the batch, before the step. */
  readonly loss: number;
  /** The network's output for the batch, before the step: [N, …]. */
  readonly output: NDArray;
}

/** Settings of one step. */
export interface StepOptions {
  /** In place of the optimiser's: schedules are plain arithmetic. */
  readonly learningRate?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What training has come to, so that it can go on elsewhere. */
export interface TrainerState {
  /** The steps that were taken. */
  readonly steps: number;
  /** The optimiser's arrays by its names and the parameters': `momentum_buffer.0.weight`. */
  readonly optimizer: ReadonlyMap<string, NDArray>;
}

/**
 * Trains a network: each step is one program, a forward pass, a backward pass and the optimiser's update, and parameters,
 * buffers and the optimiser's state stay with the backend from step to step. {@link Trainer.save} brings them back into the
 * network.
 *
 * @example
 * const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });
 * const trainer = await Trainer.create(network, { loss: mseLoss, optimizer });
 * const targets = ndarray(new Float64Array(12), [4, 3]);
 * const losses: number[] = [];
 * for (let step = 0; step < 20; step++) losses.push((await trainer.step(images, targets)).loss);
 * await trainer.save(); // the network has the trained values
 * trainer.dispose();
 * console.log(losses[19] < losses[0]); // true
 */
export class Trainer {
  /** What it trains; {@link Trainer.save} brings its present values there. */
  readonly network: Module;
  readonly settings: TrainerSettings;
  /** A program for each shape of batch and targets; one of them holds the present values, if any step was taken. */
  readonly #programs = new Map<string, StepProgram>();
  #current: StepProgram | undefined;
  #steps = 0;
  /** Steps and savings, which work on the same values. */
  readonly #queue = new Queue();
  /** What goes with the network's values: the optimiser's state of that time. */
  #saved: TrainerState = { steps: 0, optimizer: new Map() };
  #disposed = false;

  private constructor(network: Module, settings: TrainerSettings) {
    this.network = network;
    this.settings = settings;
  }

  /**
   * @throws InputError when an option makes no sense, BackendError when the backend lacks the precision.
   */
  static async create(network: Module, options: TrainerOptions): Promise<Trainer> {
    checkModule('trainer: network', network);
    checkOptions('trainer', options, ['loss', 'optimizer', 'mode', 'parameters', 'backend', 'dtype']);
    checkFunction('trainer: loss', options.loss);
    checkFunction('trainer: optimizer: update', (Object(options.optimizer) as { update: unknown }).update);
    const { loss, optimizer, mode = 'train', parameters = () => true } = options;
    oneOf('trainer: mode', mode, ['train', 'eval']);
    checkFunction('trainer: parameters', parameters);
    const backend = options.backend ?? (await defaultBackend(options.dtype));
    const dtype = precisionOf(backend, options.dtype);
    return new Trainer(network, { loss, optimizer, mode, parameters, backend, dtype });
  }

  /** How many steps were taken. */
  get steps(): number {
    return this.#steps;
  }

  /**
   * One step along the gradient of the loss of a batch. Steps are taken one after another. Batches of another
   * size have a program of their own; to go from one to the other takes the values through the network.
   *
   * @param x [N, …], samples first
   * @param target of the shape that the loss asks for, e.g. [N, K]
   * @throws ShapeError when x or the target does not fit the network or the loss, InputError when they hold NaN or infinity
   * or a parameter has no value: no step is taken then. The signal's reason when it is aborted: training is back then at
   * what was saved last.
   */
  async step(x: NDArray, target: NDArray, options: StepOptions = {}): Promise<Step> {
    checkOptions('trainer: step', options, ['learningRate', 'signal']);
    options.signal?.throwIfAborted();
    return this.#queue.run(() => this.#step(x, target, options));
  }

  async #step(x: NDArray, target: NDArray, options: StepOptions): Promise<Step> {
    const { optimizer, dtype } = this.settings;
    const { learningRate = optimizer.learningRate, signal } = options;
    checkReal('trainer: step: learningRate', learningRate, { least: 0 });
    checkBatch(x, 'trainer: step: x');
    checkArray('trainer: step: target', target);
    const bad = firstNonFinite(target.data);
    if (bad >= 0) {
      throw new InputError(`trainer: step: target: expected finite numbers, got ${target.data[bad]} at element ${bad}`);
    }
    const program = await this.#programFor(x.shape, target.shape);
    const scalars = optimizer.scalars({ step: this.#steps + 1, learningRate });
    try {
      const [loss, output] = await program.step(cast(x, dtype), cast(target, dtype), scalars, signal);
      this.#steps += 1;
      return { loss: loss.data[0], output };
    } catch (error) {
      this.#current = undefined;
      this.#steps = this.#saved.steps;
      throw error;
    }
  }

  /** Brings parameters and buffers back into the network. Returns the optimiser's state that goes with them. */
  save(): Promise<TrainerState> {
    return this.#queue.run(() => this.#save());
  }

  /**
   * Saves, and does something with the network as it is then: steps that are asked for meanwhile wait.
   *
   * @internal
   */
  withSaved<T>(task: (state: TrainerState) => Promise<T>): Promise<T> {
    return this.#queue.run(async () => task(await this.#save()));
  }

  async #save(): Promise<TrainerState> {
    this.#checkUsable();
    if (this.#current && this.#steps > this.#saved.steps) {
      this.#saved = { steps: this.#steps, optimizer: await this.#current.save() };
    }
    return this.#saved;
  }

  /**
   * Goes on from the network's present values and an optimiser's state, a fresh one by default: after the network was
   * given other values, or with what {@link Trainer.save} returned elsewhere.
   *
   * @throws InputError when the state is of another optimiser or network; nothing is changed then.
   */
  restore(state: TrainerState = { steps: 0, optimizer: new Map() }): void {
    this.#checkUsable();
    checkOptions('trainer: restore', state, ['steps', 'optimizer']);
    const { steps, optimizer } = state;
    if (!Number.isInteger(steps) || steps < 0) {
      throw new InputError(`trainer: restore: steps: expected an integer ≥ 0, got ${formatValue(steps)}`);
    }
    const shapes = new Map<string, Shape>();
    for (const [name, { shape }] of this.network.namedParameters()) {
      for (const kind of this.settings.optimizer.state) shapes.set(`${kind}.${name}`, shape);
    }
    for (const [name, array] of optimizer) {
      const expected = shapes.get(name);
      if (expected === undefined)
        throw new InputError(`trainer: restore: ${formatValue(name)}: expected no such array`);
      checkArray(`trainer: restore: ${name}`, array);
      checkShape(`trainer: restore: ${name}`, array.shape);
      if (!sameShape(array.shape, expected)) {
        const [wanted, got] = [expected, array.shape].map(formatShape);
        throw new ShapeError(`trainer: restore: ${name}: expected shape ${wanted}, got ${got}`);
      }
    }
    this.#current = undefined;
    this.#steps = steps;
    this.#saved = { steps, optimizer: new Map(optimizer) };
  }

  /** Frees memory. What was not saved is lost. */
  dispose(): void {
    this.#disposed = true;
    for (const program of this.#programs.values()) program.dispose();
    this.#programs.clear();
    this.#current = undefined;
  }

  /** The program for batches of a shape, with the present values. */
  async #programFor(shape: Shape, target: Shape): Promise<StepProgram> {
    this.#checkUsable();
    const key = JSON.stringify([shape, target]);
    let program = this.#programs.get(key);
    if (program === undefined) {
      program = await StepProgram.compile(this.network, shape, target, this.settings);
      this.#programs.set(key, program);
    }
    if (program !== this.#current) {
      const { optimizer } = await this.#save();
      program.load(optimizer);
      this.#current = program;
    }
    return program;
  }

  #checkUsable(): void {
    if (this.#disposed) throw new BackendError('trainer: expected an open trainer, got one that has been disposed');
  }
}
