import { formatValue } from '../check.ts';
import { allocate, type DType, InputError, type NDArray } from '../tensor/index.ts';

/**
 * Class labels as probabilities: row n is 1 at labels[n] and 0 elsewhere, as `crossEntropy` and `mseLoss` take targets.
 *
 * @param labels N integers from 0 to classes − 1
 * @returns [N, classes]
 * @throws InputError when a label is no class.
 *
 * @example
 * console.log([...oneHot([2, 0], 3).data]); // [ 0, 0, 1, 1, 0, 0 ]
 */
export function oneHot(labels: ArrayLike<number>, classes: number, dtype: DType = 'float32'): NDArray {
  if (!Number.isInteger(classes) || classes < 1) {
    throw new InputError(`oneHot: classes: expected an integer ≥ 1, got ${formatValue(classes)}`);
  }
  const data = allocate(dtype, labels.length * classes);
  Array.from(labels).forEach((label, n) => {
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new InputError(
        `oneHot: label ${n}: expected an integer from 0 to ${classes - 1}, got ${formatValue(label)}`,
      );
    }
    data[n * classes + label] = 1;
  });
  return { shape: [labels.length, classes], dtype, data };
}
