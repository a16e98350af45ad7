import { formatShape, InputError, type NDArray } from '../tensor/index.ts';

/**
 * Makes sure that an array is a batch that can be computed with: vectors [N, D], sequences [N, T], images [N, C, H, W], …
 *
 * @param where names the array in messages.
 * @throws InputError when it has no dimension or an empty one, or holds NaN or infinity.
 */
export function checkBatch({ shape, data }: NDArray, where: string): void {
  if (shape.length === 0 || shape.includes(0)) {
    throw new InputError(`${where}: expected a batch of shape [N, …], none empty, got ${formatShape(shape)}`);
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new InputError(`${where}: expected finite numbers, got ${data[bad]} at element ${bad}`);
}
