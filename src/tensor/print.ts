import { type Tensor, topologicalOrder } from './tensor.ts';

/**
 * A graph as text, one tensor a line, each after its operands:
 *
 *     %0 = x float64[2, 3]
 *     %1 = relu(%0) float64[2, 3]
 *
 * @example
 * const x = input('x', [2, 3]);
 * console.log(formatGraph([sum(relu(x), [1])]));
 * // %0 = x float64[2, 3]
 * // %1 = relu(%0) float64[2, 3]
 * // %2 = sum(%1, axes=[-1]) float64[2]
 */
export function formatGraph(outputs: readonly Tensor[]): string {
  const numbers = new Map<Tensor, number>();
  return topologicalOrder(outputs)
    .map((tensor, i) => {
      numbers.set(tensor, i);
      const [, label, type] = /^(.*) (float\d+\[.*\])$/.exec(tensor.toString())!;
      if (tensor.op.kind !== 'primitive') return `%${i} = ${label} ${type}`;
      const attributes = Object.entries(tensor.op.attributes).map(
        ([name, value]) => `${name}=${JSON.stringify(value)}`,
      );
      const operands = tensor.operands.map((operand) => `%${numbers.get(operand)}`);
      return `%${i} = ${label}(${[...operands, ...attributes].join(', ')}) ${type}`;
    })
    .join('\n');
}
