import { vjp } from '../autodiff/index.ts';
import { checkImages, type Mode, type Module, type Parameter, Trace } from '../nn/index.ts';
import {
  allocate,
  allocateShared,
  type Backend,
  cast,
  type DType,
  type Feeds,
  type FloatArray,
  formatShape,
  input,
  InputError,
  type NDArray,
  ones,
  type Places,
  Program,
  referenceBackend,
  sameShape,
  type Shape,
  ShapeError,
  sizeOf,
  type Tensor,
  topologicalOrder,
} from '../tensor/index.ts';
import { checkGains, type Gain } from './numericalRange.ts';

/** How Jacobian rows are computed. */
export interface RowsOptions {
  readonly mode: Mode;
  readonly backend?: Backend;
  /** The precision of forward and backward passes; float64 unless told otherwise. */
  readonly dtype?: DType;
  /** How many rows travel backwards together, as many as suit the backend unless told otherwise; more take more memory. */
  readonly blockRows?: number;
}

/** The rows of J that belong to one parameter. */
export interface ParameterRows {
  /** PyTorch name of the parameter. */
  readonly name: string;
  /** Shape of the parameter. */
  readonly shape: Shape;
  /** [N, size of the parameter] */
  readonly rows: NDArray;
}

/** What a batch of N images gives. */
export interface JacobianRows {
  /** [N, classes] */
  readonly logits: NDArray;
  /** In the network's order; side by side their rows are J, [N, P]. */
  readonly parameters: readonly ParameterRows[];
  /** Weights, or the images, that are so large or small that rows of zeros are suspicious; none where it is not known. */
  readonly suspicious?: readonly Gain[];
}

/** One sweep: expressions for a block of rows, and the input that differs from block to block. */
interface Sweep {
  readonly trace: Trace;
  /** [B, …parameter shape] each */
  readonly gradients: readonly Tensor[];
  readonly varying: Tensor;
  /** The varying input for the rows from `first` on. */
  readonly blockAt: (first: number, images: NDArray) => NDArray;
}

/**
 * Row i of the Jacobian J is the gradient of Σ_class logits[i, class] with respect to every parameter whose name holds
 * `weight` and that takes part in the forward pass (TE-NAS; the sum over classes is its reduction of the logits).
 *
 * Rows are computed B at a time, as one block of leading dimension B:
 *
 * - in train mode every logit depends on every sample, so row i is a backward pass over the whole batch from the
 *   cotangent e_i ⊗ 1. The forward pass is done once, and the *cotangents* vary from block to block. Cost: N backward
 *   passes over N samples;
 * - in eval mode samples are independent. Each sample has its own copy of the parameters, so that one backward pass from
 *   a cotangent of ones holds all rows, and the *images* vary from block to block. Cost: N passes over one sample.
 */
export class JacobianProgram {
  readonly #images: Shape;
  readonly #sweep: Sweep;
  readonly #blockRows: number;
  readonly #program: Program;
  readonly #names: readonly string[];
  readonly #weights: ReadonlyMap<string, Parameter>;
  /** The memory of rows that were handed out, and that of rows which were given back: an array for each parameter. */
  readonly #storageOf = new WeakMap<JacobianRows, readonly FloatArray[]>();
  #free: readonly FloatArray[] | undefined;

  private constructor(network: Module, images: Shape, sweep: Sweep, blockRows: number, program: Program) {
    this.#images = images;
    this.#sweep = sweep;
    this.#blockRows = blockRows;
    this.#program = program;
    this.#names = [...weightsOf(network, sweep.trace).keys()];
    const all = network.namedParameters();
    this.#weights = new Map(this.#names.map((name) => [name, all.get(name)!]));
  }

  /**
   * Traces and compiles a network for batches of one shape.
   *
   * @param images the shape [N, C, H, W]
   * @throws ShapeError when the images do not fit the network.
   * @throws BackendError when the backend does not compute in the precision.
   */
  static async compile(network: Module, images: Shape, options: RowsOptions): Promise<JacobianProgram> {
    const { backend = referenceBackend, dtype = 'float64', mode } = options;
    const rowsOf = (trace: Trace) => options.blockRows ?? evenBlocks(trace, images[0], backend);
    const sweep =
      mode === 'train' ? trainSweep(network, images, dtype, rowsOf) : evalSweep(network, images, dtype, rowsOf);
    const outputs = [sweep.trace.y, ...sweep.gradients];
    const program = await Program.compile(outputs, { backend, varying: [sweep.varying] });
    return new JacobianProgram(network, images, sweep, sweep.varying.shape[0], program);
  }

  /** The number of columns of J. */
  get parameterCount(): number {
    return this.#sweep.gradients.reduce((sum, { shape }) => sum + sizeOf(shape.slice(1)), 0);
  }

  /**
   * Logits and Jacobian rows for a batch, with the network's present parameters.
   *
   * @param images [N, C, H, W], of the shape compiled for.
   * @param onRows is told how many rows are done.
   * @throws InputError when images hold NaN or infinity, ShapeError when their shape is another, NumericalError when images
   * or weights are out of the range that the precision can compute with.
   */
  async run(images: NDArray, onRows?: (done: number, of: number) => void): Promise<JacobianRows> {
    const { trace, gradients, varying, blockAt } = this.#sweep;
    checkImages(images, 'images');
    if (!sameShape(images.shape, this.#images)) {
      throw new ShapeError(`images: expected shape ${formatShape(this.#images)}, got ${formatShape(images.shape)}`);
    }
    const n = images.shape[0];
    const variables = trace.variables();
    const values = [...this.#weights].map(([name, { value }]) => [name, value] as const);
    const suspicious = checkGains(values, images, trace.dtype);
    const typed = cast(images, trace.dtype);
    const storage = this.#takeStorage();
    const parameters = gradients.map(({ shape: [, ...shape] }, k): ParameterRows => {
      const size = sizeOf(shape);
      const data = storage[k].subarray(0, n * size);
      return { name: this.#names[k], shape, rows: { shape: [n, size], dtype: trace.dtype, data } };
    });
    const placesOf = (block: number): Places => [
      undefined, // the logits
      ...gradients.map(({ shape }, k) => {
        const size = sizeOf(shape);
        return storage[k].subarray(block * size, (block + 1) * size);
      }),
    ];
    const classes = trace.y.shape[trace.y.rank - 1];
    const logits: NDArray = { shape: [n, classes], dtype: trace.dtype, data: allocate(trace.dtype, n * classes) };

    const firsts = Array.from({ length: Math.ceil(n / this.#blockRows) }, (_, block) => block * this.#blockRows);
    const blocks = firsts.map((first): Feeds => new Map([[varying, blockAt(first, typed)]]));
    await this.#program.bind(new Map([...variables, [trace.x, typed]]));
    let done = 0;
    const consume = (block: number, [y]: readonly NDArray[]) => {
      const first = firsts[block];
      const count = Math.min(this.#blockRows, n - first);
      // In train mode a block's logits are those of the whole batch, in eval mode those of the block.
      if (trace.mode === 'train') logits.data.set(y.data);
      else logits.data.set(y.data.subarray(0, count * classes), first * classes);
      onRows?.((done += count), n);
    };
    await this.#program.runBlocks(blocks, consume, placesOf);
    const rows: JacobianRows = { logits, parameters, suspicious };
    this.#storageOf.set(rows, storage);
    return rows;
  }

  /**
   * Gives rows of this program back: a later run writes its own in their memory, which the system need not find and clear
   * again. The rows must not be used after it.
   */
  recycle(rows: JacobianRows): void {
    this.#free = this.#storageOf.get(rows) ?? this.#free;
    this.#storageOf.delete(rows);
  }

  /** Room for the rows of every parameter, in whole blocks: the last one may have more rows than there are left. */
  #takeStorage(): readonly FloatArray[] {
    const free = this.#free;
    this.#free = undefined;
    if (free) return free;
    const blocks = Math.ceil(this.#images[0] / this.#blockRows);
    return this.#sweep.gradients.map(({ shape, dtype }) => allocateShared(dtype, blocks * sizeOf(shape)));
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#free = undefined;
    this.#program.dispose();
  }
}

/** What a thread's part of the nearer caches holds: larger blocks wait for memory, and measure slower. */
const CACHE_BLOCKS = { rows: 8, bytes: 4 * 2 ** 20 };

/**
 * The rows of a block, as the backend likes them or by {@link CACHE_BLOCKS}: so few that an array of one row for each
 * fits the cache, and so many that blocks which are computed `parallelism` at a time keep all threads busy to the end. A
 * block costs its rows and, for what its rows share, about half a row more.
 */
function evenBlocks(trace: Trace, n: number, { parallelism, blocks = CACHE_BLOCKS }: Backend): number {
  const perSample = trace.mode === 'eval' ? trace.x.shape[0] : 1;
  const sizes = topologicalOrder([trace.y]).map(({ shape }) => (sizeOf(shape) / perSample) * BYTES[trace.dtype]);
  const most = Math.min(blocks.rows, n, Math.floor(blocks.bytes / Math.max(...sizes)));
  const cost = (rows: number) => Math.ceil(Math.ceil(n / rows) / parallelism) * (rows + 0.5);
  return Array.from({ length: most }, (_, i) => i + 1).reduce(
    (best, rows) => (cost(rows) <= cost(best) ? rows : best),
    1,
  );
}

const BYTES: Readonly<Record<DType, number>> = { float32: 4, float64: 8 };

function trainSweep(network: Module, images: Shape, dtype: DType, rowsOf: (trace: Trace) => number): Sweep {
  const trace = new Trace(network, images, { mode: 'train', dtype });
  const rows = atMost(images[0], rowsOf(trace));
  const [n, classes] = logitsShape(trace);
  const cotangent = input('cotangent', [rows, n, classes], dtype);
  return {
    trace,
    gradients: vjp([trace.y], [...weightsOf(network, trace).values()], [cotangent]),
    varying: cotangent,
    blockAt(first) {
      const data = allocate(dtype, rows * n * classes);
      for (let r = 0; r < rows && first + r < n; r++) {
        const start = (r * n + first + r) * classes;
        data.fill(1, start, start + classes);
      }
      return { shape: cotangent.shape, dtype, data };
    },
  };
}

function evalSweep(network: Module, images: Shape, dtype: DType, rowsOf: (trace: Trace) => number): Sweep {
  const one = new Trace(network, [1, ...images.slice(1)], { mode: 'eval', dtype, perSample: true });
  const rows = atMost(images[0], rowsOf(one));
  const trace = new Trace(network, [rows, ...images.slice(1)], { mode: 'eval', dtype, perSample: true });
  logitsShape(trace);
  const size = sizeOf(images.slice(1));
  return {
    trace,
    gradients: vjp([trace.y], [...weightsOf(network, trace).values()], [ones(trace.y.shape, dtype)]),
    varying: trace.x,
    blockAt(first, { data }) {
      // The last block may reach beyond the batch; what is computed for the zeros there is dropped.
      const block = allocate(dtype, rows * size);
      block.set(data.subarray(first * size, (first + rows) * size));
      return { shape: trace.x.shape, dtype, data: block };
    },
  };
}

function atMost(n: number, rows: number): number {
  return Math.max(1, Math.min(rows, n));
}

function logitsShape({ y, x }: Trace): readonly [n: number, classes: number] {
  if (y.rank !== x.rank - 2) {
    throw new ShapeError(`network: expected logits [N, classes], got shape ${formatShape(y.shape)}`);
  }
  return [y.shape[y.rank - 2], y.shape[y.rank - 1]];
}

/** The seed's choice of parameters: named `weight`, and with a gradient, that is, part of the logits' graph. */
function weightsOf(network: Module, trace: Trace): Map<string, Tensor> {
  const graph = new Set(topologicalOrder([trace.y]));
  const weights = [...trace.parameters(network)].filter(
    ([name, tensor]) => name.includes('weight') && graph.has(tensor),
  );
  if (weights.length === 0) throw new InputError('network: expected at least one parameter named weight, got none');
  return new Map(weights);
}
