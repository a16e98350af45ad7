import { loadStateDict, type Module, mseLoss, stateDict } from 'ntkit/nn';
import { type Descent, gradientDescent } from 'ntkit/ntk';
import { InputError, type NDArray, scale } from 'ntkit/tensor';
import { sgd, Trainer } from 'ntkit/training';
import { hasInfiniteKernel } from './activations.ts';
import { type Architecture, drawNetwork, squaredScales } from './architecture.ts';
import { layerwiseKernels } from './layerwiseKernel.ts';
import { Look } from './look.ts';
import { type InfinitePrediction, infinitePrediction, LinearisedPrediction } from './predictions.ts';
import { arraysOf, gridOf, gridSide, MOST_SAMPLES, type Sample } from './problem.ts';

/** The settings of a run. */
export interface RunSettings {
  readonly architecture: Architecture;
  readonly samples: readonly Sample[];
  /** The learning rate as a multiple of 2/λmax. */
  readonly rate: number;
  readonly seed: number;
}

/** What is known before the first step. */
export interface RunDescription {
  /** η */
  readonly learningRate: number;
  /** 2/λmax of the network's own kernel at initialisation. */
  readonly learningRateLimit: number;
  /** Eigenvalues of that kernel, the largest first. */
  readonly eigenvalues: readonly number[];
  /** Steps in which the residual along each eigenvector halves, by Θ; negative where it grows. */
  readonly halfLives: readonly number[];
  /** 2/λmax of the infinitely wide network; undefined where it has no closed form. */
  readonly infiniteLimit: number | undefined;
  /** The number of parameters. */
  readonly parameters: number;
  /** Grid points along each axis. */
  readonly side: number;
}

/** A function on the grid, and its mean squared error. */
export interface Curve {
  readonly field: Float32Array;
  readonly meanSquaredError: number;
}

/** What is shown after some steps. */
export interface Frame {
  readonly step: number;
  /** The step of the functions: while training goes on, they are drawn less often than all else where they take long. */
  readonly drawn: number;
  readonly real: Curve;
  readonly linearised: Curve;
  readonly infinite: (Curve & { readonly deviation: Float32Array | undefined }) | undefined;
  /** The residual along each eigenvector of Θ: the network's and the prediction by Θ. */
  readonly modes: { readonly real: readonly number[]; readonly predicted: readonly number[] };
  /** ‖θ − θ₀‖/‖θ₀‖ over all weights and biases: how far the network has moved. */
  readonly movement: number;
  /** Whether the run has diverged: no more steps are taken. */
  readonly diverged: boolean;
}

/** In how many parts a function of two coordinates is looked at while training goes on. */
const PARTS = 4;

/** The factor by which a mean squared error grows before a run counts as diverged. */
const DIVERGED = 1e6;

/** The three functions after the same step. */
interface Functions {
  readonly step: number;
  readonly real: Float32Array;
  readonly linearised: Float32Array;
  readonly infinite: { readonly field: Float32Array; readonly deviation: Float32Array | undefined } | undefined;
}

/** The parts of a run that do not depend on its learning rate. */
interface Parts {
  readonly settings: Omit<RunSettings, 'rate'>;
  readonly network: Module;
  /** θ₀ */
  readonly start: ReadonlyMap<string, NDArray>;
  readonly x: NDArray;
  readonly y: NDArray;
  readonly trainer: Trainer;
  readonly atGrid: Look;
  readonly atSamples: Look;
  readonly linearised: LinearisedPrediction;
  readonly infinite: InfinitePrediction | undefined;
  readonly parameters: number;
  readonly side: number;
}

/**
 * Full-batch gradient descent on ½·Σ (f − y)² of a network, beside two predictions: by its kernel at initialisation,
 * and by that of the infinitely wide network.
 */
export class Run {
  readonly #parts: Parts;
  #rate: number;
  #step = 0;
  #diverged = false;
  #startError = 0;
  /** The functions that were looked at last. */
  #functions: Functions | undefined;
  /** The step of the look that is being taken. */
  #looking = 0;

  private constructor(parts: Parts, rate: number) {
    this.#parts = parts;
    this.#rate = rate;
  }

  /**
   * @throws InputError when there are no samples or too many, or the kernel is 0; the signal's reason when it is aborted.
   */
  static async create({ rate, ...settings }: RunSettings, signal?: AbortSignal): Promise<Run> {
    const { architecture, samples, seed } = settings;
    const n = samples.length;
    if (n < 1 || n > MOST_SAMPLES) throw new InputError(`samples: expected 1 to ${MOST_SAMPLES}, got ${n}`);
    const { x, y } = arraysOf(samples);
    const inputs = x.shape[1] as 1 | 2;
    const network = drawNetwork(architecture, inputs, seed);
    const parameters = [...network.namedParameters().values()].reduce((sum, { value }) => sum + value.data.length, 0);
    const side = gridSide(inputs, parameters);
    const grid = gridOf(inputs, side);
    const scales = squaredScales(architecture, inputs);
    const kernels = await layerwiseKernels(network, { x, grid, scales }, signal);
    const infinite = hasInfiniteKernel(architecture.activation)
      ? await infinitePrediction(architecture, { x, y, grid }, { spread: inputs === 1, signal })
      : undefined;
    const linearised = new LinearisedPrediction(kernels, y);
    if (!(linearised.eigenvalues[0] > 0)) {
      throw new InputError(
        'the kernel of this draw is 0 at every sample: its units are all inactive, and no learning rate trains it; choose another seed, or a wider network',
      );
    }
    const start = copyOf(stateDict(network));
    const trainer = await Trainer.create(network, {
      loss: (output, target) => scale(mseLoss(output, target, { reduction: 'sum' }), 0.5),
      optimizer: sgd({ learningRate: 0 }), // each step is given its own
      dtype: 'float32',
    });
    const atGrid = await Look.of(network, grid, inputs === 1 ? 1 : PARTS, signal);
    const atSamples = await Look.of(network, x, 1, signal);
    const known = { settings, network, parameters, side, start, x, y };
    return new Run({ ...known, trainer, atGrid, atSamples, linearised, infinite }, rate);
  }

  /** Whether another run differs in its learning rate alone: {@link Run.restart} is enough then. */
  isLike({ rate: _, ...settings }: RunSettings): boolean {
    return JSON.stringify(settings) === JSON.stringify(this.#parts.settings);
  }

  /** Goes back to the first step, with the same initialisation. */
  restart(rate: number): void {
    const { network, start, trainer } = this.#parts;
    this.#rate = rate;
    this.#step = 0;
    this.#diverged = false;
    this.#functions = undefined;
    loadStateDict(network, copyOf(start));
    trainer.restore();
  }

  get learningRate(): number {
    return this.#rate * this.#parts.linearised.learningRateLimit;
  }

  describe(): RunDescription {
    const { linearised, infinite, parameters, side } = this.#parts;
    return {
      learningRate: this.learningRate,
      learningRateLimit: linearised.learningRateLimit,
      eigenvalues: linearised.eigenvalues,
      halfLives: linearised.halfLives(this.#descent()),
      infiniteLimit: infinite && 2 / infinite.eigenvalues[0],
      parameters,
      side,
    };
  }

  /**
   * Takes some steps, fewer where the loss diverges, and returns a frame.
   *
   * @param options.playing whether more steps follow at once: functions may be some steps old then.
   * @throws the signal's reason when it is aborted: {@link Run.restart} is needed then.
   */
  async advance(
    steps: number,
    { playing = false, signal }: { readonly playing?: boolean; readonly signal?: AbortSignal } = {},
  ): Promise<Frame> {
    const { trainer, x, y } = this.#parts;
    const learningRate = this.learningRate;
    for (let i = 0; i < steps && !this.#diverged; i++) {
      const { loss } = await trainer.step(x, y, { learningRate, signal });
      this.#step += 1;
      this.#watch((2 * loss) / y.data.length);
    }
    await trainer.save();
    await this.#look(playing && !this.#diverged, signal);
    const frame = await this.#frame(signal);
    if (frame.step === 0) this.#startError = frame.real.meanSquaredError;
    this.#watch(frame.real.meanSquaredError);
    return { ...frame, diverged: this.#diverged };
  }

  dispose(): void {
    this.#parts.trainer.dispose();
    this.#parts.atGrid.dispose();
    this.#parts.atSamples.dispose();
  }

  #descent(): Descent {
    return gradientDescent({ learningRate: this.learningRate / 2 });
  }

  #watch(meanSquaredError: number): void {
    if (!(meanSquaredError <= DIVERGED * Math.max(1, this.#startError))) this.#diverged = true;
  }

  /** Looks at the functions: a part more where it is `inParts`, else at once. */
  async #look(inParts: boolean, signal: AbortSignal | undefined): Promise<void> {
    const { atGrid, linearised, infinite } = this.#parts;
    let field: Float32Array | undefined;
    if (inParts && this.#functions) {
      if (atGrid.isDone) {
        this.#looking = this.#step;
        await atGrid.begin(signal);
      }
      field = await atGrid.next(signal);
    } else {
      this.#looking = this.#step;
      field = await atGrid.whole(signal);
    }
    if (!field) return;
    const [descent, step] = [this.#descent(), this.#looking];
    const predicted = infinite?.at(descent, step);
    this.#functions = {
      ...{ step, real: field, linearised: Float32Array.from(linearised.at(descent, step)) },
      infinite: predicted && {
        field: Float32Array.from(predicted.field),
        deviation: predicted.deviation && Float32Array.from(predicted.deviation),
      },
    };
  }

  async #frame(signal: AbortSignal | undefined): Promise<Omit<Frame, 'diverged'>> {
    const { atSamples, y, linearised, infinite, network, start } = this.#parts;
    const outputs = await atSamples.whole(signal);
    const functions = this.#functions!;
    const [descent, step] = [this.#descent(), this.#step];
    let error = 0;
    for (let i = 0; i < outputs.length; i++) error += (outputs[i] - y.data[i]) ** 2;
    return {
      ...{ step, drawn: functions.step },
      real: { field: functions.real, meanSquaredError: error / y.data.length },
      linearised: { field: functions.linearised, meanSquaredError: linearised.meanSquaredError(descent, step) },
      infinite: infinite && { ...functions.infinite!, meanSquaredError: infinite.meanSquaredError(descent, step) },
      modes: { real: linearised.along(outputs), predicted: linearised.modes(descent, step) },
      movement: movementOf(network, start),
    };
  }
}

function copyOf(state: ReadonlyMap<string, NDArray>): Map<string, NDArray> {
  return new Map([...state].map(([name, value]) => [name, { ...value, data: value.data.slice() }]));
}

function movementOf(network: Module, start: ReadonlyMap<string, NDArray>): number {
  let [moved, all] = [0, 0];
  for (const [name, { value }] of network.namedParameters()) {
    const { data } = start.get(name)!;
    for (let i = 0; i < data.length; i++) {
      moved += (value.data[i] - data[i]) ** 2;
      all += data[i] ** 2;
    }
  }
  return Math.sqrt(moved / all);
}
