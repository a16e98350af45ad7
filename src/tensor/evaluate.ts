import { abortable, checkRunOptions } from '../abort.ts';
import { formatValue } from '../check.ts';
import { BackendError, InputError, ShapeError } from '../errors.ts';
import type { RunOptions } from '../progress.ts';
import { checkArray, type FloatArray, type NDArray } from './array.ts';
import type { Arguments, Backend, Executable, Places } from './backend.ts';
import { defaultBackend } from './defaultBackend.ts';
import { JoinedColumns } from './joinedColumns.ts';
import { peakBytesOf, type PlannedEvaluation, planEvaluation } from './plan.ts';
import { formatShape, sameShape } from './shape.ts';
import { checkTensors } from './primitives/node.ts';
import type { Tensor } from './tensor.ts';

/** Where a program is compiled. */
export interface CompileOptions {
  /** {@link defaultBackend} by default. */
  readonly backend?: Backend | undefined;
  /** Ends the compilation: its promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The values of input tensors. */
export type Feeds = ReadonlyMap<Tensor, NDArray>;

/**
 * Expressions made ready to be evaluated any number of times.
 *
 * Inputs come in two kinds. *Fixed* ones are given by {@link Program.bind}, and everything that depends on them alone is
 * computed there, once. *Varying* ones are given with each {@link Program.run}.
 *
 * @example
 * const x = input('x', [2]);
 * const program = await Program.compile([scale(x, 10)], { varying: [x] });
 * const [first] = await program.run(new Map([[x, ndarray([1, 2], [2])]]));
 * const [second] = await program.run(new Map([[x, ndarray([3, 4], [2])]])); // nothing is compiled again
 * console.log([...first.data], [...second.data]); // [ 10, 20 ] [ 30, 40 ]
 * program.dispose();
 */
export class Program {
  readonly #planned: PlannedEvaluation;
  readonly #executable: Executable;
  readonly #carried: ReadonlySet<Tensor>;
  /** Whether the inputs that are carried have a value of the last binding. */
  #hasCarried = false;
  /** Why what depends on fixed inputs alone is not there, if the last binding did not come to its end. */
  #unbound: BackendError | undefined;

  private constructor(planned: PlannedEvaluation, executable: Executable) {
    this.#planned = planned;
    this.#executable = executable;
    const { plan, fixedInputs } = planned;
    this.#carried = new Set(plan.carried.map(({ input }) => fixedInputs[plan.fixedInputs.indexOf(input)]));
  }

  /**
   * @param options.varying the inputs that change from run to run; all others are fixed.
   * @param options.carry what inputs become with each binding: {@link Program.bind} may leave them out from the second
   * time on, and has the value then that their expression had, without a way over the host. Parameters of a network that
   * is trained are such.
   * @throws BackendError when the backend does not compute in a precision that the expressions have; InputError and
   * ShapeError when something is carried that cannot be.
   */
  static async compile(
    outputs: readonly Tensor[],
    options: CompileOptions & {
      readonly varying?: readonly Tensor[];
      readonly carry?: ReadonlyMap<Tensor, Tensor>;
    } = {},
  ): Promise<Program> {
    checkRunOptions('evaluate', options, ['backend', 'varying', 'carry', 'signal']);
    const { varying = [], carry = new Map<Tensor, Tensor>(), ...rest } = options;
    checkTensors('evaluate', outputs);
    checkTensors('evaluate: varying', varying);
    checkCarry(carry, outputs, varying);
    return Program.load(planEvaluation(outputs, varying, carry), rest);
  }

  /**
   * As {@link Program.compile}, from a plan that is made already. A backend keeps what it makes of a plan for as long as
   * the plan is kept: to load the same plan again costs little.
   */
  static async load(planned: PlannedEvaluation, { backend, signal }: CompileOptions = {}): Promise<Program> {
    const { plan } = planned;
    const dtype = plan.values.some((value) => value.dtype === 'float64') ? 'float64' : 'float32';
    const compiling = (backend ?? (await defaultBackend(dtype))).compile(plan);
    return new Program(planned, await abortable(compiling, signal, (late) => late.dispose()));
  }

  /** The most bytes that computed values occupy at one time. */
  get peakBytes(): number {
    return peakBytesOf(this.#planned.plan);
  }

  /**
   * Computes everything that depends on fixed inputs alone. Inputs that are carried keep the value that they have unless
   * they are given one; after a binding that did not come to its end, all have to be given one.
   *
   * @throws ShapeError when an input is missing or has another shape or precision; the signal's reason when it is aborted.
   */
  async bind(fixed: Feeds = new Map(), signal?: AbortSignal): Promise<void> {
    const optional = this.#hasCarried ? this.#carried : new Set<Tensor>();
    const values = this.#planned.fixedInputs.map((input) =>
      optional.has(input) && fixed instanceof Map && !fixed.has(input) ? undefined : argumentFor(input, fixed),
    );
    signal?.throwIfAborted();
    this.#hasCarried = false;
    this.#unbound = new BackendError(
      'evaluate: expected a bound program, got one whose bind failed or has not finished',
    );
    try {
      await abortable(this.#executable.bind(values, signal), signal);
      this.#unbound = undefined;
      this.#hasCarried = true;
    } catch (error) {
      if (error instanceof BackendError) this.#unbound = error; // that the backend is closed, e.g., says more
      throw error;
    }
  }

  /** The present values of the inputs that are carried: what the next binding begins with. */
  async carried(): Promise<Map<Tensor, NDArray>> {
    this.#checkBound();
    const values = await this.#executable.carried();
    return new Map([...this.#carried].map((input, i) => [input, values[i]]));
  }

  /**
   * The outputs, for given values of the varying inputs.
   *
   * @throws ShapeError when an input is missing or has another shape or precision; the signal's reason when it is aborted.
   */
  async run(varying: Feeds = new Map(), signal?: AbortSignal): Promise<NDArray[]> {
    const values = argumentsFor(this.#planned.varyingInputs, varying);
    signal?.throwIfAborted();
    this.#checkBound();
    return abortable(this.#executable.run(values, signal), signal);
  }

  /**
   * The outputs for many values of the varying inputs; see {@link Executable.runBlocks}. Outputs that are given a place
   * lie there whatever the backend.
   *
   * @throws the signal's reason when it is aborted; nothing is consumed then any more, but places may still be written to.
   */
  async runBlocks(
    blocks: Iterable<Feeds>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
    placesOf?: (block: number) => Places,
    signal?: AbortSignal,
  ): Promise<void> {
    const inputs = this.#planned.varyingInputs;
    signal?.throwIfAborted();
    this.#checkBound();
    function* all() {
      for (const block of blocks) {
        signal?.throwIfAborted();
        yield argumentsFor(inputs, block);
      }
    }
    const placed = (block: number, outputs: readonly NDArray[]) => {
      if (signal?.aborted) return;
      const places = placesOf?.(block) ?? [];
      consume(
        block,
        outputs.map((output, i) => moveTo(places[i], output)),
      );
    };
    await abortable(this.#executable.runBlocks(all(), placed, placesOf, signal), signal);
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#executable.dispose();
  }

  #checkBound(): void {
    if (this.#unbound) throw this.#unbound;
  }
}

function moveTo(place: FloatArray | undefined, output: NDArray): NDArray {
  if (place === undefined || place === output.data) return output;
  place.set(output.data);
  return { ...output, data: place };
}

/** @throws InputError or ShapeError when an input cannot become what it is to become. */
function checkCarry(carry: ReadonlyMap<Tensor, Tensor>, outputs: readonly Tensor[], varying: readonly Tensor[]): void {
  if (!(carry instanceof Map)) {
    throw new InputError(`evaluate: carry: expected a Map from inputs to tensors, got ${formatValue(carry)}`);
  }
  const entries = [...(carry as ReadonlyMap<Tensor, Tensor>)];
  checkTensors('evaluate: carry', entries.flat());
  if (entries.length > 0 && varying.length > 0) {
    throw new InputError(`evaluate: carry: expected no varying inputs, got ${varying.length}`);
  }
  for (const [tensor, next] of entries) {
    if (tensor.op.kind !== 'input')
      throw new InputError(`evaluate: carry: expected an input, got ${tensor.toString()}`);
    if (!sameShape(tensor.shape, next.shape) || tensor.dtype !== next.dtype) {
      throw new ShapeError(`evaluate: carry: expected what ${tensor.toString()} can become, got ${next.toString()}`);
    }
    // Where it lies, another value will: neither can it be an output, nor what another input becomes.
    if (outputs.includes(tensor) || entries.some(([input, other]) => other === tensor && input !== tensor)) {
      throw new InputError(`evaluate: carry: expected an expression of ${tensor.toString()}, got the input itself`);
    }
  }
}

function argumentsFor(inputs: readonly Tensor[], feeds: Feeds): Arguments {
  return inputs.map((tensor) => argumentFor(tensor, feeds));
}

function argumentFor(tensor: Tensor, feeds: Feeds): NDArray {
  if (!(feeds instanceof Map)) {
    throw new InputError(`evaluate: expected a Map from inputs to arrays, got ${formatValue(feeds)}`);
  }
  const value = (feeds as Feeds).get(tensor);
  if (value === undefined) throw new ShapeError(`evaluate: no value given for ${tensor.toString()}`);
  // Columns that are not joined yet stay so: to look at their numbers would copy them.
  if (!(value instanceof JoinedColumns)) checkArray(`evaluate: ${tensor.toString()}`, value);
  if (!sameShape(value.shape, tensor.shape) || value.dtype !== tensor.dtype) {
    throw new ShapeError(
      `evaluate: expected a value for ${tensor.toString()}, got ${value.dtype}${formatShape(value.shape)}`,
    );
  }
  return value;
}

/**
 * The values of expressions, computed by {@link defaultBackend} where no backend is named.
 *
 * @throws ShapeError when an input is missing or has another shape or precision; the signal's reason when it is aborted.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3], [3]));
 * const [total, squares] = await evaluate([sum(x), multiply(x, x)]); // what both need is computed once
 * console.log(total.data[0], [...squares.data]); // 6 [ 1, 4, 9 ]
 */
export async function evaluate<const Outputs extends readonly Tensor[]>(
  outputs: Outputs,
  feeds: Feeds = new Map(),
  backend?: Backend,
  options: RunOptions = {},
): Promise<{ -readonly [K in keyof Outputs]: NDArray }> {
  checkRunOptions('evaluate', options, ['signal', 'onProgress']);
  const { signal, onProgress } = options;
  const program = await Program.compile(outputs, { backend, signal });
  try {
    await program.bind(feeds, signal);
    const values = await program.run(undefined, signal);
    onProgress?.({ done: 1, of: 1, stage: 'evaluation' });
    return values as { -readonly [K in keyof Outputs]: NDArray };
  } finally {
    program.dispose();
  }
}
