import { checkRunOptions } from '../abort.ts';
import type { Abortable, RunOptions } from '../progress.ts';
import { checkModule, type Module } from '../nn/index.ts';
import { type Backend, checkArray, defaultBackend, InputError, type NDArray, type Shape } from '../tensor/index.ts';
import { conditionNumberOf } from './conditionNumber.ts';
import { JacobianProgram, ROWS_OPTIONS, type RowsOptions } from './jacobianRows.ts';
import { type Ntk, TE_NAS_KERNEL } from './ntk.ts';
import { singularValues } from './singularValues.ts';
import { kernelOf } from './tangentKernel.ts';

/**
 * κ as accurately as float64 allows, for batches of one shape: forward pass and rows in float64, and λ as squares of the
 * singular values of J, never of the eigenvalues of J·Jᵀ, whose small ones drown at κ = 10¹² already. Resolves κ to about
 * 10²⁴.
 *
 * @example
 * const program = await PreciseProgram.compile(network, images.shape, { backend: referenceBackend });
 * const { dtype, verdict } = await program.run(images);
 * console.log(dtype, verdict); // float64 resolved
 * program.dispose();
 */
export class PreciseProgram {
  readonly #rows: JacobianProgram;

  readonly #backend: Backend;

  private constructor(rows: JacobianProgram, backend: Backend) {
    this.#rows = rows;
    this.#backend = backend;
  }

  /**
   * @param shape [N, …], samples first
   * @param options by default {@link TE_NAS_KERNEL}, on the backend that `defaultBackend('float64')` names
   * @throws InputError when another precision is asked for, BackendError when the backend has no float64; else as
   * `NtkProgram.compile`.
   */
  static async compile(network: Module, shape: Shape, options: RowsOptions & Abortable = {}): Promise<PreciseProgram> {
    checkRunOptions('precise kernel', options, ROWS_OPTIONS);
    const { dtype = 'float64' } = options;
    if (dtype !== 'float64') throw new InputError(`precise kernel: dtype: expected float64, got ${dtype}`);
    const backend = options.backend ?? (await defaultBackend(dtype));
    const {
      outputs = TE_NAS_KERNEL.outputs,
      parameters = TE_NAS_KERNEL.parameters,
      mode = TE_NAS_KERNEL.mode,
    } = options;
    const settings = { ...options, outputs, parameters, mode, backend, dtype };
    return new PreciseProgram(await JacobianProgram.compile(network, shape, settings), backend);
  }

  /** P, the number of columns of J. */
  get parameterCount(): number {
    return this.#rows.parameterCount;
  }

  /**
   * Rows, kernel matrix, singular values and κ for a batch, with the network's present parameters.
   *
   * @param x [N, …], of the shape compiled for
   * @throws InputError when x holds NaN or infinity, NumericalError when the rows do.
   */
  async run(x: NDArray, { signal, onProgress }: RunOptions = {}): Promise<Ntk> {
    const rows = await this.#rows.run(x, { signal, onProgress });
    const kernel = await kernelOf(rows, { backend: this.#backend, signal, onProgress });
    const values = await singularValues(rows, signal);
    const { dtype, parameters } = kernel;
    const origin = { dtype, parameters: parameters.used, spectrumOf: 'rows' } as const;
    return {
      ...kernel,
      ...conditionNumberOf(
        values.map((sigma) => sigma * sigma),
        origin,
      ),
    };
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#rows.dispose();
  }
}

/**
 * The tangent kernel of a network on one batch and its κ, as `computeNtk`, with all the precision of float64; see
 * {@link PreciseProgram}.
 *
 * @param x [N, …], samples first
 * @throws as {@link PreciseProgram} does.
 *
 * @example
 * const { verdict, dtype, spectrumOf } = await preciseNtk(network, images);
 * console.log(verdict, dtype, spectrumOf); // resolved float64 rows
 */
export async function preciseNtk(network: Module, x: NDArray, options: RowsOptions & RunOptions = {}): Promise<Ntk> {
  checkRunOptions('precise kernel', options, [...ROWS_OPTIONS, 'onProgress']);
  checkModule('network', network);
  checkArray('batch', x);
  const { signal, onProgress, ...rows } = options;
  const program = await PreciseProgram.compile(network, x.shape, { ...rows, signal });
  try {
    return await program.run(x, { signal, onProgress });
  } finally {
    program.dispose();
  }
}
