import { abortable, checkRunOptions } from '../abort.ts';
import { formatValue } from '../check.ts';
import { ArraySizeError, InputError } from '../errors.ts';
import type { Abortable, RunOptions } from '../progress.ts';
import { inTurns, nextTurn, turnIsDue } from '../turns.ts';
import { checkBatchInTurns, checkModule, type Mode, type Module, Parameter } from '../nn/index.ts';
import {
  allocate,
  type Backend,
  cast,
  defaultBackend,
  type DType,
  type Feeds,
  firstNonFinite,
  type NDArray,
  type Places,
  precisionOf,
  Program,
  type Shape,
  sizeOf,
} from '../tensor/index.ts';
import { checkOutputs, type KernelOutputs } from './outputs.ts';
import { checkingGains, type Gain } from './numericalRange.ts';
import { checkMemory } from './memory.ts';
import { Queue } from '../queue.ts';
import { type NetworkRecipe, recipeFor } from './recipe.ts';
import { RowStorage } from './rowStorage.ts';
import type { ParameterChoice } from './selection.ts';
import type { RowBlock } from './sweep.ts';

/** What is computed of a network, and where. */
export interface RowsOptions {
  /** How batch norm normalises; `eval` by default. */
  readonly mode?: Mode | undefined;
  /** Which outputs have rows; `trace` by default, which takes a row for each output of each sample. */
  readonly outputs?: KernelOutputs | undefined;
  /** Which parameters have columns; all by default. */
  readonly parameters?: ParameterChoice | undefined;
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
  /** The precision of forward and backward passes; the backend's own by default. */
  readonly dtype?: DType | undefined;
  /** How many rows travel backwards together; chosen to suit the backend by default. More take more memory. */
  readonly blockRows?: number | undefined;
  /**
   * The most bytes that the rows of J, and the kernel that is computed of them, may take: a computation that needs more is
   * refused before it starts. By default what the system has left, where it tells.
   */
  readonly maximumBytes?: number | undefined;
}

/** The names of all that a program is compiled with. */
export const ROWS_OPTIONS = [
  'mode',
  'outputs',
  'parameters',
  'backend',
  'dtype',
  'blockRows',
  'maximumBytes',
  'signal',
] as const;

/** The rows of J that belong to one parameter. */
export interface ParameterRows {
  /** PyTorch name of the parameter. */
  readonly name: string;
  /** Shape of the parameter. */
  readonly shape: Shape;
  /** [N·Q, size of the parameter]; row i·Q + q is output q of sample i. */
  readonly rows: NDArray;
}

/** The Jacobian of a batch of N samples, and the settings that it was computed with. */
export interface JacobianRows {
  readonly mode: Mode;
  /** The precision in which logits and rows were computed. */
  readonly dtype: DType;
  /** Which outputs have rows. */
  readonly outputs: KernelOutputs;
  /** N */
  readonly samples: number;
  /** Q: 1, or the number K of outputs of a sample for `trace` and `full`. */
  readonly rowsPerSample: number;
  /** The network's outputs, [N, …]. */
  readonly logits: NDArray;
  /** In the network's order; side by side their rows are J. */
  readonly parameters: readonly ParameterRows[];
  /** How many numbers all parameters of the network hold, chosen or not. */
  readonly totalParameters: number;
  /** Weights, or the batch, that are so large or small that rows of zeros are suspicious; none where it is not known. */
  readonly suspicious?: readonly Gain[];
}

/** P */
function columnCount({ parameters }: NetworkRecipe): number {
  return parameters.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** N·Q */
function rowCount([samples]: Shape, outputs: KernelOutputs, { trace }: NetworkRecipe): number {
  return samples * (outputs === 'trace' || outputs === 'full' ? sizeOf(trace.y.shape.slice(1)) : 1);
}

/**
 * The Jacobian of a network's outputs with respect to its parameters, for batches of one shape, compiled once.
 *
 * Rows are computed in blocks; `sweepOf` in `sweep.ts` decides which. Runs of one program queue.
 *
 * @example
 * const options = { outputs: 'trace', parameters: 'all', mode: 'eval' } as const;
 * const program = await JacobianProgram.compile(network, images.shape, options);
 * const { parameters } = await program.run(images); // and other batches of this shape
 * console.log(program.rowCount, parameters[0].name, parameters[0].rows.shape); // 12 0.weight [ 12, 80 ]
 * program.dispose();
 */
export class JacobianProgram {
  readonly #shape: Shape;
  readonly #outputs: KernelOutputs;
  readonly #network: NetworkRecipe;
  readonly #program: Program;
  readonly #storage: RowStorage;
  readonly #queue = new Queue();

  private constructor(shape: Shape, outputs: KernelOutputs, network: NetworkRecipe, program: Program) {
    this.#shape = shape;
    this.#outputs = outputs;
    this.#network = network;
    this.#program = program;
    const rows = shape[0] * this.#rowsPerSample;
    this.#storage = new RowStorage(
      network.parameters.map((parameter) => rows * sizeOf(parameter.shape)),
      network.trace.dtype,
    );
  }

  /**
   * Traces and compiles a network for batches of one shape.
   *
   * @param shape [N, …], samples first
   * @throws ShapeError when the batch does not fit the network, InputError when an option makes no sense or no parameter
   * is chosen, BackendError when the backend does not compute in the precision, ArraySizeError when an array of a single
   * row is larger than it can compute.
   */
  static async compile(network: Module, shape: Shape, options: RowsOptions & Abortable = {}): Promise<JacobianProgram> {
    checkRunOptions('tangent kernel', options, ROWS_OPTIONS);
    checkModule('network', network);
    const { mode = 'eval', outputs = 'trace', parameters = 'all', blockRows, maximumBytes, signal } = options;
    checkOutputs(outputs);
    if (blockRows !== undefined && !(Number.isInteger(blockRows) && blockRows >= 1)) {
      throw new InputError(`blockRows: expected an integer ≥ 1, got ${formatValue(blockRows)}`);
    }
    if (maximumBytes !== undefined && !(typeof maximumBytes === 'number' && maximumBytes >= 1)) {
      throw new InputError(`maximumBytes: expected a number ≥ 1, got ${formatValue(maximumBytes)}`);
    }
    const backend = options.backend ?? (await defaultBackend(options.dtype));
    const dtype = precisionOf(backend, options.dtype);
    const request = { mode, dtype, outputs, parameters, backend };
    for (let atOnce = blockRows; ;) {
      const fitted = await recipeFor(network, shape, { ...request, blockRows: atOnce }, signal);
      checkMemory({ rows: rowCount(shape, outputs, fitted), columns: columnCount(fitted), dtype }, maximumBytes);
      try {
        const program = await Program.load(fitted.recipe.planned, { backend, signal });
        return new JacobianProgram(shape, outputs, fitted, program);
      } catch (error) {
        // What a gradient passes through can be larger than what a block was sized by.
        const rows = fitted.recipe.sweep.blockRows;
        if (!(error instanceof ArraySizeError) || blockRows !== undefined || rows === 1) throw error;
        atOnce = Math.floor(rows / 2);
      }
    }
  }

  /** N */
  get samples(): number {
    return this.#shape[0];
  }

  /** N·Q, the number of rows of J. */
  get rowCount(): number {
    return rowCount(this.#shape, this.#outputs, this.#network);
  }

  /** The precision of the rows. */
  get dtype(): DType {
    return this.#network.trace.dtype;
  }

  /** P, the number of columns of J. */
  get parameterCount(): number {
    return columnCount(this.#network);
  }

  /**
   * Logits and Jacobian rows for a batch, with the network's present parameters.
   *
   * @param x [N, …], of the shape compiled for.
   * @throws InputError when x holds NaN or infinity, ShapeError when its shape is another, NumericalError when x or a
   * parameter is out of the range that the precision can compute with.
   */
  async run(x: NDArray, options: RunOptions = {}): Promise<JacobianRows> {
    checkRunOptions('tangent kernel', options, ['signal', 'onProgress']);
    return abortable(
      this.#queue.run(() => this.#run(x, options)),
      options.signal,
    );
  }

  /**
   * Gives rows of this program back: a later run writes its own in their memory, which the system need not find and clear
   * again. The rows must not be used after it.
   */
  recycle(rows: JacobianRows): void {
    this.#storage.give(rows);
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#storage.clear();
    this.#program.dispose();
  }

  get #rowsPerSample(): number {
    return this.rowCount / this.#shape[0];
  }

  async #run(x: NDArray, { signal, onProgress }: RunOptions): Promise<JacobianRows> {
    const { recipe, trace, parameters, totalParameters } = this.#network;
    const { sweep } = recipe;
    signal?.throwIfAborted();
    await checkBatchInTurns(x, 'batch', this.#shape, signal);
    const variables = await this.#variables(signal);
    const suspicious = await inTurns(checkingGains(this.#chosen(), x, trace.dtype), signal);
    if (turnIsDue()) await nextTurn(signal);
    const typed = cast(x, trace.dtype);
    const all = this.#shape[0] * this.#rowsPerSample;
    const storage = this.#storage.take();
    const rowsOf = (k: number, first: number, count: number) => {
      const size = sizeOf(parameters[k].shape);
      return storage[k].subarray(first * size, (first + count) * size);
    };
    const logits: NDArray = {
      shape: trace.y.shape,
      dtype: trace.dtype,
      data: allocate(trace.dtype, sizeOf(trace.y.shape)),
    };

    await this.#program.bind(new Map([...variables, ...sweep.fixed(typed)]), signal);
    const given: Omit<RowBlock, 'feeds'>[] = [];
    function* blocks(): Generator<Feeds> {
      for (const { feeds, ...place } of sweep.blocks(typed)) {
        given.push(place);
        yield feeds;
      }
    }
    // A block whose rows all count is written where its rows stay; of another the rows that count are copied there.
    const placesOf = (block: number): Places => {
      const { firstRow, rows } = given[block];
      if (rows < sweep.blockRows) return [];
      return [undefined, ...parameters.map((_, k) => rowsOf(k, firstRow, rows))];
    };
    let done = 0;
    const consume = (block: number, [y, ...gradients]: readonly NDArray[]) => {
      const { firstRow, rows, firstSample, samples } = given[block];
      if (rows < sweep.blockRows) {
        gradients.forEach(({ data }, k) => {
          const place = rowsOf(k, firstRow, rows);
          place.set(data.subarray(0, place.length));
        });
      }
      const width = sizeOf(trace.y.shape.slice(1));
      logits.data.set(y.data.subarray(0, samples * width), firstSample * width);
      done += rows;
      onProgress?.({ done, of: all, stage: 'rows' });
    };
    await this.#program.runBlocks(blocks(), consume, placesOf, signal);
    const rows: JacobianRows = {
      mode: trace.mode,
      dtype: trace.dtype,
      outputs: this.#outputs,
      samples: this.#shape[0],
      rowsPerSample: this.#rowsPerSample,
      logits,
      parameters: parameters.map(({ name, shape }, k) => ({
        name,
        shape,
        rows: { shape: [all, sizeOf(shape)], dtype: trace.dtype, data: rowsOf(k, 0, all) },
      })),
      totalParameters,
      suspicious,
    };
    this.#storage.lend(rows, storage);
    return rows;
  }

  /** The present values of the parameters that have columns. */
  #chosen(): (readonly [name: string, value: NDArray])[] {
    return this.#network.parameters.map(({ name, parameter }) => [name, parameter.value]);
  }

  /** The present values of the network's parameters and buffers, for the program's inputs. */
  async #variables(signal: AbortSignal | undefined): Promise<Feeds> {
    const { trace } = this.#network;
    const values = trace.variables();
    for (const [variable, leaf] of trace.leaves) {
      if (turnIsDue()) await nextTurn(signal);
      // A buffer may hold infinity: a mask of attention does. NaN is never meant.
      const { data } = values.get(leaf)!;
      const bad = variable instanceof Parameter ? firstNonFinite(data) : data.findIndex(Number.isNaN);
      if (bad >= 0) {
        throw new InputError(
          `network: ${trace.nameOf(variable)}: expected finite numbers, got ${data[bad]} at element ${bad}`,
        );
      }
    }
    return new Map(this.#network.leaves.map(([program, leaf]) => [program, values.get(leaf)!]));
  }
}
