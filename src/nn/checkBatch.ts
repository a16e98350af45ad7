import { atOnce, inTurns } from '../turns.ts';
import {
  checkArray,
  firstNonFinite,
  formatShape,
  InputError,
  type NDArray,
  sameShape,
  type Shape,
  ShapeError,
} from '../tensor/index.ts';

/**
 * Makes sure that an array is a batch that can be computed with: vectors [N, D], sequences [N, T], images [N, C, H, W], …
 *
 * @param where names the array in messages.
 * @param expected the shape that it must have, if only one will do.
 * @throws ShapeError when its numbers do not fit its shape and precision, or it has another shape than expected.
 * @throws InputError when it has no dimension or an empty one, or holds NaN or infinity.
 *
 * @example
 * try {
 *   checkBatch(ndarray([1, NaN], [1, 2]), 'batch');
 * } catch (error) {
 *   console.log(String(error)); // InputError: batch: expected finite numbers, got NaN at element 1
 * }
 */
export function checkBatch(batch: NDArray, where: string, expected?: Shape): void {
  atOnce(checking(batch, where, expected));
}

/**
 * As {@link checkBatch}, of a batch of any size without keeping the calling thread busy.
 *
 * @example
 * const refusal = await checkBatchInTurns(images, 'batch', [8, 5]).catch(String);
 * console.log(refusal); // ShapeError: batch: expected shape [8, 5], got [4, 5]
 */
export async function checkBatchInTurns(
  batch: NDArray,
  where: string,
  expected?: Shape,
  signal?: AbortSignal,
): Promise<void> {
  await inTurns(checking(batch, where, expected), signal);
}

/** Numbers that are looked at without a pause: a few milliseconds. */
const CHUNK = 2 ** 21;

function* checking(batch: NDArray, where: string, expected?: Shape): Generator<void, void> {
  checkArray(where, batch);
  const { shape, data } = batch;
  if (shape.length === 0 || shape.includes(0)) {
    throw new InputError(`${where}: expected a batch of shape [N, …], none empty, got ${formatShape(shape)}`);
  }
  if (expected && !sameShape(shape, expected)) {
    throw new ShapeError(`${where}: expected shape ${formatShape(expected)}, got ${formatShape(shape)}`);
  }
  for (let start = 0; start < data.length; start += CHUNK) {
    const bad = firstNonFinite(data, start, Math.min(start + CHUNK, data.length));
    if (bad >= 0) throw new InputError(`${where}: expected finite numbers, got ${data[bad]} at element ${bad}`);
    yield;
  }
}
