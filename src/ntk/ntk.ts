import type { Mode, Module } from '../nn/index.ts';
import { type DType, type NDArray, referenceBackend, type Shape } from '../tensor/index.ts';
import { type ConditionNumber, conditionNumber } from './conditionNumber.ts';
import { type JacobianRows, JacobianProgram, type RowsOptions } from './jacobianRows.ts';
import { kernelMatrix } from './kernelMatrix.ts';
import { checkKernelRange } from './numericalRange.ts';

/** The empirical neural tangent kernel of a network on a batch, and what follows from it. */
export interface Ntk extends ConditionNumber {
  readonly mode: Mode;
  /** The precision that logits and Jacobian rows were computed in; Θ and its eigenvalues are float64 always. */
  readonly dtype: DType;
  /** N, the number of rows of J. */
  readonly samples: number;
  /** P, the number of columns of J. */
  readonly parameters: number;
  /** [N, classes] */
  readonly logits: NDArray;
  /** Θ = J·Jᵀ, [N, N] in float64. */
  readonly theta: NDArray;
}

/** κ of a network for batches of one shape, compiled once. */
export class NtkProgram {
  readonly #rows: JacobianProgram;
  readonly #options: RowsOptions;

  private constructor(rows: JacobianProgram, options: RowsOptions) {
    this.#rows = rows;
    this.#options = options;
  }

  /**
   * @param images the shape [N, C, H, W]
   * @throws ShapeError when the images do not fit the network, BackendError when the backend cannot compute it.
   */
  static async compile(network: Module, images: Shape, options: RowsOptions): Promise<NtkProgram> {
    return new NtkProgram(await JacobianProgram.compile(network, images, options), options);
  }

  /** P, the number of columns of J. */
  get parameterCount(): number {
    return this.#rows.parameterCount;
  }

  /**
   * Forward pass, Jacobian rows, kernel matrix and eigenvalues for a batch, with the network's present parameters.
   *
   * @param images [N, C, H, W]
   * @param onRows is told how many rows are done.
   * @throws InputError when images hold NaN or infinity, NumericalError when the kernel does.
   */
  async run(images: NDArray, onRows?: (done: number, of: number) => void): Promise<Ntk> {
    const rows = await this.#rows.run(images, onRows);
    try {
      return await ntkOf(rows, this.#options);
    } finally {
      this.#rows.recycle(rows);
    }
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    this.#rows.dispose();
  }
}

/** Kernel matrix, eigenvalues and κ of given Jacobian rows. */
export async function ntkOf(rows: JacobianRows, { mode, backend, dtype = 'float64' }: RowsOptions): Promise<Ntk> {
  const theta = await kernelMatrix(rows, backend);
  const parameters = rows.parameters.reduce((sum, { rows: { shape } }) => sum + shape[1], 0);
  checkKernelRange(theta, { dtype, parameters, suspicious: rows.suspicious ?? [] });
  return {
    mode,
    dtype,
    samples: theta.shape[0],
    parameters,
    logits: rows.logits,
    theta,
    ...conditionNumber(theta, { dtype, parameters }),
  };
}

/**
 * The empirical neural tangent kernel of a network on one batch.
 *
 * @param images [N, C, H, W]
 * @throws InputError, ShapeError, BackendError, NumericalError as {@link NtkProgram} does.
 */
export async function computeNtk(network: Module, images: NDArray, options: Partial<RowsOptions> = {}): Promise<Ntk> {
  const all: RowsOptions = { mode: 'train', backend: referenceBackend, ...options };
  const program = await NtkProgram.compile(network, images.shape, all);
  try {
    return await program.run(images);
  } finally {
    program.dispose();
  }
}
