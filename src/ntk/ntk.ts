import { checkRunOptions } from '../abort.ts';
import type { Abortable, RunOptions } from '../progress.ts';
import type { Module } from '../nn/index.ts';
import { type Backend, defaultBackend, InputError, type NDArray, type Shape } from '../tensor/index.ts';
import { type ConditionNumber, conditionNumberOf } from './conditionNumber.ts';
import { eigenvaluesOn } from './eigen/onBackend.ts';
import { type JacobianRows, ROWS_OPTIONS, type RowsOptions } from './jacobianRows.ts';
import { checkRows, type KernelOptions } from './kernelMatrix.ts';
import {
  checkedBatches,
  KernelProgram,
  kernelOf,
  type TangentKernel,
  type TangentKernelOptions,
} from './tangentKernel.ts';

/** A tangent kernel of a batch with itself, and what follows from its eigenvalues. */
export interface Ntk extends TangentKernel, ConditionNumber {}

/** What TE-NAS's kernel is of: the sum of the outputs, parameters named `weight`, batch norm by the batch. */
export const TE_NAS_KERNEL = { outputs: 'sum', parameters: 'weight', mode: 'train' } as const;

/**
 * κ of a network for batches of one shape, compiled once. Runs of one program queue.
 *
 * @example
 * const program = await NtkProgram.compile(network, images.shape);
 * const first = await program.run(images);
 * const second = await program.run(generator.normals([4, 5])); // nothing is compiled again
 * console.log(first.verdict, first.kappa !== second.kappa); // resolved true
 * program.dispose();
 */
export class NtkProgram {
  readonly #kernel: KernelProgram;

  readonly #backend: Backend;

  private constructor(kernel: KernelProgram, backend: Backend) {
    this.#kernel = kernel;
    this.#backend = backend;
  }

  /**
   * @param shape [N, …], samples first
   * @param options by default {@link TE_NAS_KERNEL}
   * @throws ShapeError when the batch does not fit the network, BackendError when the backend cannot compute it.
   */
  static async compile(network: Module, shape: Shape, options: RowsOptions & Abortable = {}): Promise<NtkProgram> {
    checkRunOptions('tangent kernel', options, ROWS_OPTIONS);
    const backend = options.backend ?? (await defaultBackend(options.dtype));
    // Not by a spread: an option that is given as undefined would override the default.
    const {
      outputs = TE_NAS_KERNEL.outputs,
      parameters = TE_NAS_KERNEL.parameters,
      mode = TE_NAS_KERNEL.mode,
    } = options;
    const kernel = await KernelProgram.compile(network, [shape], { ...options, outputs, parameters, mode, backend });
    return new NtkProgram(kernel, backend);
  }

  /** P, the number of columns of J. */
  get parameterCount(): number {
    return this.#kernel.parameterCount;
  }

  /**
   * Forward pass, Jacobian rows, kernel matrix and eigenvalues for a batch, with the network's present parameters.
   *
   * @param x [N, …], of the shape compiled for
   * @throws InputError when x holds NaN or infinity, NumericalError when the kernel does.
   */
  async run(x: NDArray, options: RunOptions = {}): Promise<Ntk> {
    return withConditionNumber(await this.#kernel.run(x, options), this.#backend, options);
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#kernel.dispose();
  }
}

/**
 * A kernel of a batch with itself, with its eigenvalues and κ, computed by a backend.
 *
 * @example
 * const backend = await defaultBackend();
 * const kernel = await tangentKernel(network, images, { backend });
 * const { kappa, verdict } = await withConditionNumber(kernel, backend);
 * console.log(kappa > 1, verdict); // true resolved
 */
export async function withConditionNumber(
  kernel: TangentKernel,
  backend: Backend,
  options: RunOptions = {},
): Promise<Ntk> {
  const { dtype, parameters } = kernel;
  const eigenvalues = await eigenvaluesOn(backend, kernel.kernel, options);
  return { ...kernel, ...conditionNumberOf(eigenvalues, { dtype, parameters: parameters.used }) };
}

/**
 * Kernel matrix, eigenvalues and κ of given Jacobian rows.
 *
 * @example
 * const program = await JacobianProgram.compile(network, images.shape);
 * const { kappa, verdict } = await ntkOf(await program.run(images));
 * program.dispose();
 * console.log(kappa > 1, verdict); // true resolved
 */
export async function ntkOf(rows: JacobianRows, options: KernelOptions = {}): Promise<Ntk> {
  checkRunOptions('ntkOf', options, ['backend', 'signal', 'onProgress']);
  checkRows('ntkOf', rows);
  const backend = options.backend ?? (await defaultBackend(rows.dtype));
  const { signal, onProgress } = options;
  return withConditionNumber(await kernelOf(rows, { ...options, backend }), backend, { signal, onProgress });
}

/**
 * The tangent kernel of a network on one batch and its condition number κ, by default TE-NAS's ({@link TE_NAS_KERNEL});
 * {@link tangentKernel} has the field's defaults.
 *
 * @param x [N, …], samples first
 * @throws InputError, ShapeError, BackendError, NumericalError as {@link NtkProgram} does.
 *
 * @example
 * const { kappa, verdict, backend } = await computeNtk(network, images, { mode: 'eval' });
 * console.log(kappa > 1, verdict, backend); // true resolved wasm
 */
export async function computeNtk(network: Module, x: NDArray, options: RowsOptions & RunOptions = {}): Promise<Ntk> {
  if ((Object(options) as TangentKernelOptions).x2 !== undefined) {
    throw new InputError('computeNtk: x2: expected none: κ is of the kernel of a batch with itself');
  }
  const { signal, onProgress, x2: _, ...rows } = checkedBatches<TangentKernelOptions>(network, x, options);
  const program = await NtkProgram.compile(network, x.shape, { ...rows, signal });
  try {
    return await program.run(x, { signal, onProgress });
  } finally {
    program.dispose();
  }
}
