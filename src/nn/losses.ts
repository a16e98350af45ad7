import { checkOptions, oneOf } from '../check.ts';
import {
  checkTensor,
  formatShape,
  logSoftmax,
  multiply,
  sameShape,
  scale,
  ShapeError,
  sizeOf,
  subtract,
  sum,
  type Tensor,
} from '../tensor/index.ts';

// Losses as expressions, by PyTorch's definitions.

/** How a loss adds up what it is made of. */
export interface LossOptions {
  /** Whether the sum is divided as PyTorch divides it (the default). */
  readonly reduction?: 'mean' | 'sum' | undefined;
}

/**
 * PyTorch's `mse_loss`: Σ (input − target)², divided by the number of all elements for `mean`. Its gradient with respect
 * to the input is 2·(input − target), divided likewise.
 *
 * @param input […]
 * @param target of the same shape
 * @returns a scalar
 * @throws ShapeError when the shapes differ.
 *
 * @example
 * const [output, target] = [ndarray([1, 2], [2, 1]), ndarray([1, 4], [2, 1])];
 * const [loss] = await evaluate([mseLoss(constant(output), constant(target))]);
 * console.log(loss.data[0]); // 2
 */
export function mseLoss(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const mean = checked('mseLoss', input, target, options);
  const difference = subtract(input, target);
  return scale(sum(multiply(difference, difference)), mean ? 1 / sizeOf(input.shape) : 1);
}

/**
 * PyTorch's `cross_entropy` with probabilities for targets: −Σ target·log softmax(input), divided by the number N of
 * samples for `mean`. Its gradient with respect to the input is softmax(input) − target where a sample's probabilities sum
 * to 1, divided likewise.
 *
 * @param input logits, [N, K]
 * @param target probabilities of the K classes, [N, K]
 * @returns a scalar
 * @throws ShapeError when the shapes are others.
 *
 * @example
 * const target = constant(ndarray([1, 0], [1, 2]));
 * const [loss] = await evaluate([crossEntropy(constant(ndarray([0, 0], [1, 2])), target)]);
 * console.log(loss.data[0].toFixed(3)); // 0.693
 */
export function crossEntropy(input: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const mean = checked('crossEntropy', input, target, options);
  if (input.rank !== 2) throw new ShapeError(`crossEntropy: expected logits [N, K], got ${formatShape(input.shape)}`);
  return scale(sum(multiply(target, logSoftmax(input))), mean ? -1 / input.shape[0] : -1);
}

/** Whether the loss is a mean. */
function checked(where: string, input: Tensor, target: Tensor, options: LossOptions): boolean {
  checkTensor(`${where}: input`, input);
  checkTensor(`${where}: target`, target);
  checkOptions(where, options, ['reduction']);
  if (!sameShape(input.shape, target.shape)) {
    throw new ShapeError(
      `${where}: expected a target of shape ${formatShape(input.shape)}, got ${formatShape(target.shape)}`,
    );
  }
  return oneOf(`${where}: reduction`, options.reduction ?? 'mean', ['mean', 'sum']) === 'mean';
}
