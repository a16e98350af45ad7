import { BackendError, NumericalError } from '../../errors.ts';
import type { Solver } from '../../tensor/eigen/index.ts';
import type { NDArray } from '../../tensor/index.ts';
import { decomposition, type SymmetricEigen } from './decomposition.ts';

// The part of ml-matrix that is used, as types: its own declarations would make it a dependency of every reader of ours.

interface Matrix {
  transpose(): Matrix;
  to1DArray(): number[];
}

/** The exports of `ml-matrix` that are used. */
interface MlMatrix {
  readonly Matrix: { from1DArray(rows: number, columns: number, data: Float64Array): Matrix };
  readonly EigenvalueDecomposition: new (
    matrix: never,
    options: { readonly assumeSymmetric: boolean },
  ) => { readonly realEigenvalues: number[]; readonly eigenvectorMatrix: Matrix };
}

/** Settings of {@link symmetricEigenQR}. */
export interface QROptions {
  /** Whether to compute eigenvectors; false by default. */
  readonly vectors?: boolean;
  /** ml-matrix, where a page has loaded it by other means than `import('ml-matrix')`, e.g. through its bundler. */
  readonly mlMatrix?: unknown;
}

/**
 * As `symmetricEigen`, by Householder reduction to tridiagonal form and implicit QL (Golub & Van Loan, Matrix
 * Computations, §8.3) as the library ml-matrix computes them: a second opinion, of code that ntkit has no part in. It is
 * an optional peer dependency, loaded on first use (`npm install ml-matrix`).
 *
 * Every eigenvalue has an error of about n·ε·‖A‖, so that small ones may lose all digits and even their sign. The cost is
 * about 9·n³ operations, eigenvectors included.
 *
 * @param matrix [n, n] with n ≥ 1, of either precision.
 * @throws BackendError when ml-matrix is not installed.
 * @throws ShapeError, NumericalError, InputError as `symmetricEigen`.
 *
 * @example
 * const { values } = await symmetricEigenQR(ndarray([2, 1, 1, 2], [2, 2]));
 * console.log([...values].map(Math.round)); // [ 1, 3 ]
 */
export async function symmetricEigenQR(
  matrix: NDArray,
  options: QROptions & { readonly vectors: true },
): Promise<Required<SymmetricEigen>>;
export async function symmetricEigenQR(matrix: NDArray, options?: QROptions): Promise<SymmetricEigen>;
export async function symmetricEigenQR(
  matrix: NDArray,
  { vectors = false, mlMatrix }: QROptions = {},
): Promise<SymmetricEigen> {
  return decomposition(matrix, vectors, qr((mlMatrix as MlMatrix | undefined) ?? (await loadMlMatrix())));
}

async function loadMlMatrix(): Promise<MlMatrix> {
  const library = 'ml-matrix'; // not a literal: bundlers leave it alone where it is not installed
  try {
    return (await import(/* @vite-ignore */ /* webpackIgnore: true */ library)) as MlMatrix;
  } catch (error) {
    throw new BackendError(
      'symmetricEigenQR: expected ml-matrix, which is not installed; npm install ml-matrix, or pass it as mlMatrix',
      { cause: error },
    );
  }
}

/** @throws NumericalError when the iteration breaks down. */
function qr({ Matrix, EigenvalueDecomposition }: MlMatrix): Solver {
  return (a, n) => {
    const matrix = Matrix.from1DArray(n, n, a) as never;
    const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
    const values = Float64Array.from(realEigenvalues);
    // The library reports no failure: a division by zero within shows here.
    if (!values.every(Number.isFinite)) {
      throw new NumericalError(`qr: the iteration broke down, expected finite eigenvalues, got [${values.join(', ')}]`);
    }
    return { values, rows: Float64Array.from(eigenvectorMatrix.transpose().to1DArray()) };
  };
}
