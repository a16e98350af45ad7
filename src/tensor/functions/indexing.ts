import { checkIterable, checkOptions, formatValue } from '../../check.ts';
import { checkTensor } from '../primitives/node.ts';
import { InputError, ShapeError } from '../../errors.ts';
import { apply } from '../apply.ts';
import { ndarray } from '../array.ts';
import { formatShape } from '../shape.ts';
import { constant, type Tensor } from '../tensor.ts';

/** Where {@link gather} takes elements from. */
export interface GatherOptions {
  /** Dimensions of the index; the others lead. All by default. */
  readonly indexRank?: number;
  /** Dimensions of x that the index counts through, in row-major order; 1 by default. */
  readonly indexedRank?: number;
  /** Dimensions of x after those, taken as a whole; 0 by default. */
  readonly innerRank?: number;
}

/**
 * The elements of x at the positions that an index names: x of […, V, …D] and an index of […, …M] give […, …M, …D].
 *
 * Indices are whole numbers in the precision of x. Those of a constant are checked. Others that are no position are cut
 * to a whole number and to the nearest position, NaN to 0. The derivative with respect to x adds up what was taken from
 * the same place.
 *
 * @throws InputError when a constant index names no position, ShapeError when x has more than 2²⁴ positions: float32 does
 * not count further.
 *
 * @example
 * const embeddings = constant(ndarray([0, 0, 1, 1, 2, 2], [3, 2])); // [V, D]
 * const tokens = constant(ndarray([2, 0], [1, 2])); // [N, T]
 * const [y] = await evaluate([gather(embeddings, tokens, { innerRank: 1 })]);
 * console.log(y.shape, [...y.data]); // [ 1, 2, 2 ] [ 2, 2, 0, 0 ]
 */
export function gather(x: Tensor, index: Tensor, options: GatherOptions = {}): Tensor {
  [x, index].forEach((each) => checkTensor('gather', each));
  checkOptions('gather', options, ['indexRank', 'indexedRank', 'innerRank']);
  const { indexRank = index.rank, indexedRank = 1, innerRank = 0 } = options;
  const first = x.rank - indexedRank - innerRank;
  if (indexedRank < 1 || innerRank < 0 || first < 0) {
    throw new ShapeError(
      `gather: expected at least ${indexedRank} indexed and ${innerRank} inner dimensions, got ${formatShape(x.shape)}`,
    );
  }
  if (index.op.kind === 'constant') {
    const positions = x.shape.slice(first, first + indexedRank).reduce((product, extent) => product * extent, 1);
    checkIndices('gather', index.op.value.data, positions);
  }
  return apply('gather', [x, index], { indexedRank, innerRank, indexRank });
}

/**
 * Slices of x along one axis, in the order of the indices; an index may occur any number of times.
 *
 * @param x […, V, …] with V at `axis`
 * @param axis below 0 it counts from the last dimension
 * @returns […, indices.length, …]
 * @throws ShapeError when there is no such axis, InputError when an index is not a whole number from 0 to V − 1.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4, 5, 6], [2, 3]));
 * const [y] = await evaluate([take(x, [2, 0, 2], -1)]);
 * console.log(y.shape, [...y.data]); // [ 2, 3 ] [ 3, 1, 3, 6, 4, 6 ]
 */
export function take(x: Tensor, indices: readonly number[], axis: number): Tensor {
  checkTensor('take', x);
  checkIterable('take: indices', indices);
  if (!Number.isInteger(axis) || axis < -x.rank || axis >= x.rank) {
    throw new ShapeError(
      `take: expected an axis of a tensor of shape ${formatShape(x.shape)}, got ${formatValue(axis)}`,
    );
  }
  const at = axis < 0 ? axis + x.rank : axis;
  checkIndices('take', indices, x.shape[at]);
  const index = constant(ndarray(indices, [indices.length], x.dtype));
  return gather(x, index, { innerRank: x.rank - 1 - at });
}

function checkIndices(name: string, indices: ArrayLike<number>, positions: number): void {
  for (let i = 0; i < indices.length; i++) {
    if (!Number.isInteger(indices[i]) || indices[i] < 0 || indices[i] >= positions) {
      throw new InputError(
        `${name}: expected indices that are whole numbers from 0 to ${positions - 1}, got ${formatValue(indices[i])}`,
      );
    }
  }
}
