import type { FloatArray } from './array.ts';

/** Columns of a row-major matrix: `count` of them from number `from` on. */
export interface ColumnRange {
  readonly data: FloatArray;
  /** All columns of the matrix. */
  readonly columns: number;
  readonly from: number;
  readonly count: number;
}

/** What a `JoinedColumns` holds, as a message to another thread carries it. */
export interface Joined {
  readonly rows: number;
  readonly width: number;
  readonly ranges: readonly ColumnRange[];
}

/** Copies columns side by side, row by row. */
export function joinColumns(to: FloatArray, { rows, width, ranges }: Joined): void {
  let filled = 0;
  for (const { data, columns, from, count } of ranges) {
    for (let i = 0; i < rows; i++) {
      const first = i * columns + from;
      to.set(data.subarray(first, first + count), i * width + filled);
    }
    filled += count;
  }
  if (filled < width) for (let i = 0; i < rows; i++) to.fill(0, i * width + filled, (i + 1) * width);
}
