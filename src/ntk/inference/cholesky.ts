import { NumericalError } from '../../errors.ts';
import type { Matrix } from '../dense.ts';

/** The lower triangle L of A = L·Lᵀ (Golub & Van Loan, Matrix Computations, §4.2). */
export class Cholesky {
  readonly #n: number;
  readonly #lower: Float64Array;

  /**
   * @param matrix symmetric; its lower triangle is read.
   * @param shift is added to its diagonal.
   * @throws NumericalError when it is not positive definite.
   */
  constructor(where: string, { rows: n, data }: Matrix, shift: number) {
    const lower = Float64Array.from(data);
    for (let i = 0; i < n; i++) lower[i * n + i] += shift;
    for (let j = 0; j < n; j++) {
      for (let i = j; i < n; i++) {
        let sum = lower[i * n + j];
        for (let k = 0; k < j; k++) sum -= lower[i * n + k] * lower[j * n + k];
        if (i === j && !(sum > 0)) {
          throw new NumericalError(
            `${where}: kernel: expected a positive definite matrix, got a pivot of ${sum} in row ${j}; a larger noise makes it so`,
          );
        }
        lower[i * n + j] = i === j ? Math.sqrt(sum) : sum / lower[j * n + j];
      }
    }
    this.#n = n;
    this.#lower = lower;
  }

  /** L⁻¹·B */
  forwardSolve({ rows, columns, data }: Matrix): Matrix {
    const [n, lower, x] = [this.#n, this.#lower, Float64Array.from(data)];
    for (let i = 0; i < n; i++) {
      for (let k = 0; k < i; k++) subtractRow(x, columns, i, k, lower[i * n + k]);
      for (let c = 0; c < columns; c++) x[i * columns + c] /= lower[i * n + i];
    }
    return { rows, columns, data: x };
  }

  /** A⁻¹·B */
  solve(b: Matrix): Matrix {
    const { rows, columns, data } = this.forwardSolve(b);
    const [n, lower, x] = [this.#n, this.#lower, Float64Array.from(data)];
    for (let i = n - 1; i >= 0; i--) {
      for (let k = i + 1; k < n; k++) subtractRow(x, columns, i, k, lower[k * n + i]);
      for (let c = 0; c < columns; c++) x[i * columns + c] /= lower[i * n + i];
    }
    return { rows, columns, data: x };
  }

  /** log det A */
  get logDeterminant(): number {
    let sum = 0;
    for (let i = 0; i < this.#n; i++) sum += 2 * Math.log(this.#lower[i * this.#n + i]);
    return sum;
  }
}

/** Row i less a multiple of row k. */
function subtractRow(x: Float64Array, columns: number, i: number, k: number, factor: number): void {
  for (let c = 0; c < columns; c++) x[i * columns + c] -= factor * x[k * columns + c];
}
