import type { FloatArray } from '../tensor/index.ts';

// Small dense products in float64 on the calling thread.

/** A row-major matrix. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: FloatArray;
}

/** A·B */
export function product(a: Matrix, b: Matrix): Matrix {
  const data = new Float64Array(a.rows * b.columns);
  for (let i = 0; i < a.rows; i++) {
    const row = data.subarray(i * b.columns, (i + 1) * b.columns);
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[i * a.columns + k];
      const from = k * b.columns;
      for (let j = 0; j < row.length; j++) row[j] += factor * b.data[from + j];
    }
  }
  return { rows: a.rows, columns: b.columns, data };
}

/** Aᵀ */
export function transposed({ rows, columns, data }: Matrix): Matrix {
  const result = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j];
  return { rows: columns, columns: rows, data: result };
}

/** diag(factors)·A */
export function rowsTimes({ rows, columns, data }: Matrix, factors: (row: number) => number): Matrix {
  const result = Float64Array.from(data);
  for (let i = 0; i < rows; i++) {
    const factor = factors(i);
    for (let j = 0; j < columns; j++) result[i * columns + j] *= factor;
  }
  return { rows, columns, data: result };
}

/** f(a, b) of matrices of the same shape, element by element. */
export function combined(a: Matrix, b: Matrix, f: (a: number, b: number) => number): Matrix {
  return { ...a, data: Float64Array.from(a.data, (x, i) => f(x, b.data[i])) };
}
