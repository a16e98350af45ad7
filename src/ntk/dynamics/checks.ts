import { formatValue } from '../../check.ts';
import { checkArray, firstNonFinite, formatShape, InputError, type NDArray, ShapeError } from '../../tensor/index.ts';

/**
 * Makes sure of a list of times, each ≥ 0; infinity is one.
 *
 * @param whole whether they count steps.
 * @throws InputError when it is none.
 */
export function checkTimes(where: string, times: unknown, whole = false): asserts times is readonly number[] {
  if (!Array.isArray(times) && !ArrayBuffer.isView(times)) {
    throw new InputError(`${where}: times: expected a list of numbers, got ${formatValue(times)}`);
  }
  for (const time of times as readonly unknown[]) {
    const fits = typeof time === 'number' && time >= 0 && (!whole || time === Infinity || Number.isSafeInteger(time));
    if (!fits) {
      const what = whole ? 'numbers of steps, integers ≥ 0' : 'times ≥ 0';
      throw new InputError(`${where}: times: expected ${what} or Infinity, got ${formatValue(time)}`);
    }
  }
}

/** @throws InputError when a number is NaN or infinite, or the array is none. */
export function checkFinite(where: string, array: NDArray): void {
  checkArray(where, array);
  const bad = firstNonFinite(array.data);
  if (bad >= 0) throw new InputError(`${where}: expected finite numbers, got ${array.data[bad]} at element ${bad}`);
}

/**
 * Makes sure of numbers for a batch's outputs.
 *
 * @returns N and K of [N, K], or [N] with K = 1.
 * @throws InputError, ShapeError when the array is none or of another rank, or holds what is no finite number.
 */
export function checkOutputs(where: string, array: NDArray): readonly [samples: number, outputs: number] {
  checkFinite(where, array);
  const [n, k = 1] = array.shape;
  if (array.shape.length < 1 || array.shape.length > 2 || n === 0 || k === 0) {
    throw new ShapeError(`${where}: expected shape [N, K] or [N], got ${formatShape(array.shape)}`);
  }
  return [n, k];
}
