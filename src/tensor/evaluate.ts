import { ShapeError } from '../errors.ts';
import type { FloatArray, NDArray } from './array.ts';
import type { Arguments, Backend, Executable, Places } from './backend.ts';
import { defaultBackend } from './defaultBackend.ts';
import { peakBytesOf, type PlannedEvaluation, planEvaluation } from './plan.ts';
import { formatShape, sameShape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** The values of input tensors. */
export type Feeds = ReadonlyMap<Tensor, NDArray>;

/**
 * Expressions made ready to be evaluated any number of times.
 *
 * Inputs come in two kinds. *Fixed* ones are given by {@link Program.bind}, and everything that depends on them alone is
 * computed there, once. *Varying* ones are given with each {@link Program.run}.
 */
export class Program {
  readonly #planned: PlannedEvaluation;
  readonly #executable: Executable;

  private constructor(planned: PlannedEvaluation, executable: Executable) {
    this.#planned = planned;
    this.#executable = executable;
  }

  /**
   * @param options.backend {@link defaultBackend} by default, which is the reference backend where anything is float64.
   * @param options.varying the inputs that change from run to run; all others are fixed.
   * @throws BackendError when the backend does not compute in a precision that the expressions have.
   */
  static async compile(
    outputs: readonly Tensor[],
    options: { readonly backend?: Backend; readonly varying?: readonly Tensor[] } = {},
  ): Promise<Program> {
    const { backend, varying = [] } = options;
    return Program.load(planEvaluation(outputs, varying), backend);
  }

  /**
   * As {@link Program.compile}, from a plan that is made already. A backend keeps what it makes of a plan for as long as
   * the plan is kept: to load the same plan again costs little.
   */
  static async load(planned: PlannedEvaluation, backend?: Backend): Promise<Program> {
    const { plan } = planned;
    const dtype = plan.values.some((value) => value.dtype === 'float64') ? 'float64' : 'float32';
    return new Program(planned, await (backend ?? (await defaultBackend(dtype))).compile(plan));
  }

  /** The most bytes that computed values occupy at one time. */
  get peakBytes(): number {
    return peakBytesOf(this.#planned.plan);
  }

  /**
   * Computes everything that depends on fixed inputs alone.
   *
   * @throws ShapeError when an input is missing or has another shape or precision.
   */
  async bind(fixed: Feeds = new Map()): Promise<void> {
    await this.#executable.bind(argumentsFor(this.#planned.fixedInputs, fixed));
  }

  /**
   * The outputs, for given values of the varying inputs.
   *
   * @throws ShapeError when an input is missing or has another shape or precision.
   */
  async run(varying: Feeds = new Map()): Promise<NDArray[]> {
    return this.#executable.run(argumentsFor(this.#planned.varyingInputs, varying));
  }

  /**
   * The outputs for many values of the varying inputs; see {@link Executable.runBlocks}. Outputs that are given a place
   * lie there whatever the backend.
   */
  async runBlocks(
    blocks: Iterable<Feeds>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
    placesOf?: (block: number) => Places,
  ): Promise<void> {
    const inputs = this.#planned.varyingInputs;
    function* all() {
      for (const block of blocks) yield argumentsFor(inputs, block);
    }
    const placed = (block: number, outputs: readonly NDArray[]) => {
      const places = placesOf?.(block) ?? [];
      consume(
        block,
        outputs.map((output, i) => moveTo(places[i], output)),
      );
    };
    await this.#executable.runBlocks(all(), placed, placesOf);
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#executable.dispose();
  }
}

function moveTo(place: FloatArray | undefined, output: NDArray): NDArray {
  if (place === undefined || place === output.data) return output;
  place.set(output.data);
  return { ...output, data: place };
}

function argumentsFor(inputs: readonly Tensor[], feeds: Feeds): Arguments {
  return inputs.map((tensor) => {
    const value = feeds.get(tensor);
    if (value === undefined) throw new ShapeError(`evaluate: no value given for ${tensor.toString()}`);
    if (!sameShape(value.shape, tensor.shape) || value.dtype !== tensor.dtype) {
      throw new ShapeError(
        `evaluate: expected a value for ${tensor.toString()}, got ${value.dtype}${formatShape(value.shape)}`,
      );
    }
    return value;
  });
}

/**
 * The values of expressions, computed by {@link defaultBackend} where no backend is named.
 *
 * @throws ShapeError when an input is missing or has another shape or precision.
 */
export async function evaluate(
  outputs: readonly Tensor[],
  feeds: Feeds = new Map(),
  backend?: Backend,
): Promise<NDArray[]> {
  const program = await Program.compile(outputs, backend && { backend });
  try {
    await program.bind(feeds);
    return await program.run();
  } finally {
    program.dispose();
  }
}
