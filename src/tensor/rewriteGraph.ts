import { apply } from './apply.ts';
import { type Tensor, topologicalOrder } from './tensor.ts';

/**
 * What stands in an expression for one of its tensors, given the operands as they were rewritten; undefined where the
 * tensor stays as it is.
 */
export type Replace = (tensor: Tensor, operands: readonly Tensor[]) => Tensor | undefined;

/**
 * An expression with some of its tensors replaced, and all that depends on them built again.
 *
 * @example
 * const x = input('x', [2]);
 * const smooth = rewriteGraph(relu(scale(x, 2)), ({ op }, operands) =>
 *   op.kind === 'primitive' && op.primitive === 'relu' ? softplus(operands[0]) : undefined,
 * );
 * console.log(formatGraph([smooth]));
 * // %0 = x float64[2]
 * // %1 = linearCombination(%0, coefficients=[2]) float64[2]
 * // %2 = softplus(%1, beta=1, threshold=20) float64[2]
 */
export function rewriteGraph(y: Tensor, replace: Replace): Tensor {
  const rewritten = new Map<Tensor, Tensor>();
  for (const tensor of topologicalOrder([y])) {
    const operands = tensor.operands.map((operand) => rewritten.get(operand)!);
    rewritten.set(tensor, replace(tensor, operands) ?? rebuilt(tensor, operands));
  }
  return rewritten.get(y)!;
}

function rebuilt(tensor: Tensor, operands: readonly Tensor[]): Tensor {
  const { op } = tensor;
  const isSame = operands.every((operand, i) => operand === tensor.operands[i]);
  return isSame || op.kind !== 'primitive' ? tensor : apply(op.primitive, operands, op.attributes);
}
