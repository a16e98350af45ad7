import { formatShape, type NDArray, sameShape, ShapeError, sizeOf } from '../../tensor/index.ts';
import { checkOutputs } from './checks.ts';

/** What a prediction for other points than those of training needs. */
export interface TestPoints {
  /** Θ(x_test, x_train), [M, N] or [M·K, N·K]: `tangentKernel(network, xTest, { x2: xTrain })`. */
  readonly kernel: NDArray;
  /** The outputs there before training, [M, K] or [M]; 0 by default. */
  readonly initial?: NDArray | undefined;
}

/**
 * The outputs before training as float64, zeros where none are given.
 *
 * @throws ShapeError when they have another shape, InputError when they are not finite.
 */
export function initialOutputs(
  where: string,
  initial: NDArray | undefined,
  { shape }: Pick<NDArray, 'shape'>,
): Float64Array {
  if (initial === undefined) return new Float64Array(sizeOf(shape));
  checkOutputs(where, initial);
  if (!sameShape(initial.shape, shape)) {
    throw new ShapeError(`${where}: expected shape ${formatShape(shape)}, got ${formatShape(initial.shape)}`);
  }
  return Float64Array.from(initial.data);
}
