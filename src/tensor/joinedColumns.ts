import { ShapeError } from '../errors.ts';
import { allocate, type DType, type FloatArray, type NDArray } from './array.ts';
import { type ColumnRange, joinColumns, type Joined } from './columns.ts';
import type { Shape } from './shape.ts';

/**
 * A matrix [rows, width] whose columns are those of other matrices, side by side, and zeros after the last. It is copied
 * together where it is read: by a worker, where that sees the other matrices, or here when `data` is asked for.
 *
 * @example
 * const { data } = ndarray([1, 2, 3, 4], [2, 2]);
 * const second = { data, columns: 2, from: 1, count: 1 };
 * console.log([...new JoinedColumns([2, 3], 'float64', [second, second]).data]); // [ 2, 2, 0, 4, 4, 0 ]
 */
export class JoinedColumns implements NDArray {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly ranges: readonly ColumnRange[];
  #data: FloatArray | undefined;
  readonly #memory: (() => FloatArray) | undefined;

  /**
   * @param memory gives an array of `rows · width` numbers to copy to; a new one by default.
   * @throws ShapeError when there are more columns than the width.
   */
  constructor([rows, width]: Shape, dtype: DType, ranges: readonly ColumnRange[], memory?: () => FloatArray) {
    const count = ranges.reduce((sum, range) => sum + range.count, 0);
    if (count > width) throw new ShapeError(`columns: expected at most ${width}, got ${count}`);
    this.shape = [rows, width];
    this.dtype = dtype;
    this.ranges = ranges;
    this.#memory = memory;
  }

  get data(): FloatArray {
    if (this.#data === undefined) {
      this.#data = this.#memory?.() ?? allocate(this.dtype, this.shape[0] * this.shape[1]);
      joinColumns(this.#data, this.joined);
    }
    return this.#data;
  }

  get joined(): Joined {
    return { rows: this.shape[0], width: this.shape[1], ranges: this.ranges };
  }
}
