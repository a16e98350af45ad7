import { abortable, checkRunOptions } from '../abort.ts';
import { type Abortable, partOf, type RunOptions } from '../progress.ts';
import { checkModule, type Mode, type Module } from '../nn/index.ts';
import {
  type Backend,
  checkArray,
  defaultBackend,
  type DType,
  type NDArray,
  sameShape,
  type Shape,
} from '../tensor/index.ts';
import { GramProgram } from './gramProgram.ts';
import { ROWS_OPTIONS, JacobianProgram, type JacobianRows, type RowsOptions } from './jacobianRows.ts';
import {
  checkAlike,
  checkRange,
  checkRows,
  factorOf,
  type KernelFactor,
  kernelMatrix,
  type KernelOptions,
} from './kernelMatrix.ts';
import type { KernelOutputs } from './outputs.ts';
import { checkMemory } from './memory.ts';
import { Queue } from '../queue.ts';

/** An empirical tangent kernel, and what it is of. */
export interface TangentKernel {
  /** Θ(x1, x2) in float64: [N₁, N₂], or [N₁·K, N₂·K] for the outputs `full`, row i·K + k being output k of sample i. */
  readonly kernel: NDArray;
  readonly outputs: KernelOutputs;
  readonly mode: Mode;
  /** The name of the backend. */
  readonly backend: string;
  /** The precision that outputs and Jacobian rows were computed in; Θ is summed in float64 always. */
  readonly dtype: DType;
  /** N₁ and N₂. */
  readonly samples: readonly [number, number];
  /** P, the numbers in the parameters that the kernel is of, and how many the network has in all. */
  readonly parameters: { readonly used: number; readonly total: number };
  /** The network's outputs for x1, [N₁, …]. */
  readonly logits: NDArray;
}

/** Options of {@link tangentKernel}: those of {@link JacobianProgram}, and a second batch. */
export interface TangentKernelOptions extends RowsOptions, RunOptions {
  /** A second batch, [N₂, …]: the kernel is Θ(x1, x2). The first batch itself by default. */
  readonly x2?: NDArray | undefined;
}

/**
 * The tangent kernel of a network for batches of given shapes, compiled once. Runs of one program queue.
 *
 * @example
 * const program = await KernelProgram.compile(network, [images.shape, [2, 5]]);
 * const { kernel } = await program.run(images, { x2: generator.normals([2, 5]) });
 * console.log(kernel.shape); // [ 4, 2 ]
 * program.dispose();
 */
export class KernelProgram {
  readonly #first: JacobianProgram;
  readonly #second: JacobianProgram;
  readonly #backend: Backend;
  /** The product of a factor with itself, and with another, each compiled when it is first needed. */
  readonly #grams = new Map<'symmetric' | 'rectangular', GramProgram>();
  readonly #queue = new Queue();

  private constructor(first: JacobianProgram, second: JacobianProgram, backend: Backend) {
    this.#first = first;
    this.#second = second;
    this.#backend = backend;
  }

  /**
   * @param shapes of x1, and of x2 if it has another
   * @throws ShapeError when a batch does not fit the network, InputError when an option makes no sense, BackendError when
   * the backend cannot compute it.
   */
  static async compile(
    network: Module,
    [shape, second]: readonly [x1: Shape, x2?: Shape | undefined],
    options: RowsOptions & Abortable = {},
  ): Promise<KernelProgram> {
    checkRunOptions('tangent kernel', options, ROWS_OPTIONS);
    const backend = options.backend ?? (await defaultBackend(options.dtype));
    const named = { ...options, backend };
    const other = second ?? shape;
    const first = await JacobianProgram.compile(network, shape, named);
    let rest = first;
    try {
      if (!sameShape(shape, other)) rest = await JacobianProgram.compile(network, other, named);
      const program = new KernelProgram(first, rest, backend);
      program.#checkMemory(second !== undefined, options);
      return program;
    } catch (error) {
      first.dispose();
      if (rest !== first) rest.dispose();
      throw error;
    }
  }

  /** P, the number of columns of J. */
  get parameterCount(): number {
    return this.#first.parameterCount;
  }

  /**
   * The kernel, with the network's present parameters.
   *
   * @param x1 [N₁, …], of the shape compiled for
   * @param options.x2 [N₂, …], likewise
   * @throws InputError when a batch holds NaN or infinity, ShapeError when its shape is another; the signal's reason when
   * it is aborted.
   */
  async run(x1: NDArray, options: RunOptions & { readonly x2?: NDArray | undefined } = {}): Promise<TangentKernel> {
    checkRunOptions('tangent kernel', options, ['x2', 'signal', 'onProgress']);
    return abortable(
      this.#queue.run(() => this.#run(x1, options)),
      options.signal,
    );
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#first.dispose();
    if (this.#second !== this.#first) this.#second.dispose();
    for (const gram of this.#grams.values()) gram.dispose();
    this.#grams.clear();
  }

  async #run(
    x1: NDArray,
    { x2, signal, onProgress }: RunOptions & { readonly x2?: NDArray | undefined },
  ): Promise<TangentKernel> {
    const rows: JacobianRows[] = [];
    try {
      const all = this.#first.rowCount + (x2 ? this.#second.rowCount : 0);
      rows.push(await this.#first.run(x1, { signal, onProgress: partOf(onProgress, 0, all) }));
      if (x2) {
        const rest = partOf(onProgress, this.#first.rowCount, all);
        rows.push(await this.#second.run(x2, { signal, onProgress: rest }));
      }
      checkAlike('tangentKernel', rows[0], rows[rows.length - 1]);
      const [first, second] = rows.map(factorOf);
      const gram = await this.#gram(rows[0].dtype, first, second, signal);
      const kernel = await gram.run(first.arrays, second?.arrays, { signal, onProgress });
      return await describeKernel(kernel, rows[0], rows[rows.length - 1], this.#backend, signal);
    } finally {
      // Workers may still read the rows of a run that was aborted: its memory is not used again.
      if (!signal?.aborted) [this.#first, this.#second].forEach((program, i) => rows[i] && program.recycle(rows[i]));
    }
  }

  #checkMemory(isOfTwo: boolean, { outputs = 'trace', maximumBytes }: RowsOptions): void {
    const [a, b] = [this.#first.rowCount, this.#second.rowCount];
    // For `trace` the rows of a sample are one.
    const merged = outputs === 'trace' ? (this.#first.rowCount / this.#first.samples) ** 2 : 1;
    // The kernel, and the parts that are under way: two for each thread.
    const kernelBytes = 8 * ((a * b) / merged) * (1 + 2 * this.#backend.parallelism);
    const { dtype, parameterCount } = this.#first;
    checkMemory({ rows: isOfTwo ? a + b : a, columns: parameterCount, dtype, kernelBytes }, maximumBytes);
  }

  async #gram(
    dtype: DType,
    first: KernelFactor,
    second: KernelFactor | undefined,
    signal: AbortSignal | undefined,
  ): Promise<GramProgram> {
    const kind = second ? 'rectangular' : 'symmetric';
    let gram = this.#grams.get(kind);
    if (gram === undefined) {
      const sizes = { rows: first.rows, columns: first.columns, dtype, backend: this.#backend, signal };
      gram = await GramProgram.compile(second ? { ...sizes, rows2: second.rows } : sizes);
      this.#grams.set(kind, gram);
    }
    return gram;
  }
}

async function describeKernel(
  kernel: NDArray,
  first: JacobianRows,
  second: JacobianRows,
  backend: Backend,
  signal: AbortSignal | undefined,
): Promise<TangentKernel> {
  if (first === second) await checkRange(first, kernel);
  else for (const rows of [first, second]) await checkRange(rows, undefined, signal);
  const { mode, dtype, outputs, samples, parameters, totalParameters, logits } = first;
  return {
    kernel,
    outputs,
    mode,
    backend: backend.name,
    dtype,
    samples: [samples, second.samples],
    parameters: { used: parameters.reduce((sum, { rows }) => sum + rows.shape[1], 0), total: totalParameters },
    logits,
  };
}

/** The options of a function of a network and batches, the arguments checked. */
export function checkedBatches<O extends TangentKernelOptions>(network: Module, x1: NDArray, options: O): O {
  checkRunOptions<TangentKernelOptions>('tangent kernel', options, [...ROWS_OPTIONS, 'onProgress', 'x2']);
  checkModule('network', network);
  checkArray('batch', x1);
  if (options.x2 !== undefined) checkArray('x2', options.x2);
  return options;
}

/**
 * The tangent kernel of given rows.
 *
 * @example
 * const program = await JacobianProgram.compile(network, images.shape);
 * const first = await program.run(images);
 * const second = await program.run(generator.normals([4, 5]));
 * program.dispose();
 * const { kernel, outputs } = await kernelOf(first, { second });
 * console.log(kernel.shape, outputs); // [ 4, 4 ] trace
 */
export async function kernelOf(
  first: JacobianRows,
  options: KernelOptions & { readonly second?: JacobianRows } = {},
): Promise<TangentKernel> {
  checkRunOptions('kernelOf', options, ['second', 'backend', 'signal', 'onProgress']);
  checkRows('kernelOf', first);
  const { second = first } = options;
  const backend = options.backend ?? (await defaultBackend(first.dtype));
  return describeKernel(
    await kernelMatrix(first, { ...options, second, backend }),
    first,
    second,
    backend,
    options.signal,
  );
}

/**
 * The empirical tangent kernel of a network (Jacot, Gabriel & Hongler 2018), Θ(x1, x2) = J(x1)·J(x2)ᵀ with the Jacobian J
 * of the outputs with respect to the parameters:
 *
 *     Θ[i, j] = Σ_k Σ_p ∂f_k(x1)[i]/∂θ_p · ∂f_k(x2)[j]/∂θ_p        (outputs: 'trace')
 *
 * The defaults are the field's: the sum of the kernels of all outputs, all parameters, batch norm in eval mode.
 * neural-tangents divides `trace` by the number of outputs. {@link KernelOutputs} and {@link ParameterChoice} say what
 * else there is; TE-NAS's kernel is `{ outputs: 'sum', parameters: 'weight', mode: 'train' }`.
 *
 * In train mode each batch is normalised by itself: f(x1) depends on all samples of x1 and on none of x2.
 *
 * @param x1 [N₁, …], samples first: vectors, sequences, images, …
 * @throws InputError, ShapeError, BackendError, NumericalError as {@link KernelProgram} does.
 *
 * @example
 * const test = generator.normals([2, 5]);
 * const { kernel, samples } = await tangentKernel(network, images, { x2: test, outputs: 'full' });
 * console.log(samples, kernel.shape); // [ 4, 2 ] [ 12, 6 ]
 */
export async function tangentKernel(
  network: Module,
  x1: NDArray,
  options: TangentKernelOptions = {},
): Promise<TangentKernel> {
  const { x2, signal, onProgress, ...rest } = checkedBatches(network, x1, options);
  const program = await KernelProgram.compile(network, [x1.shape, x2?.shape], { ...rest, signal });
  try {
    return await program.run(x1, { x2, signal, onProgress });
  } finally {
    program.dispose();
  }
}
