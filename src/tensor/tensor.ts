import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';
import { checkArray, type DType, type NDArray, ndarray } from './array.ts';
import { type ConstantOp, type InputOp, type Op, type PrimitiveOp, Tensor } from './primitives/node.ts';
import { checkShape, type Shape } from './shape.ts';

export { type ConstantOp, type InputOp, type Op, type PrimitiveOp, Tensor };

/**
 * A tensor whose value is fed at evaluation. The name serves messages and printing; identity is the object's.
 *
 * @example
 * const x = input('x', [2]);
 * const [y] = await evaluate([multiply(x, x)], new Map([[x, ndarray([3, 4], [2])]]));
 * console.log([...y.data]); // [ 9, 16 ]
 */
export function input(name: string, shape: Shape, dtype: DType = 'float64'): Tensor {
  if (typeof name !== 'string') throw new InputError(`input: expected a name, got ${formatValue(name)}`);
  checkShape(`input ${name}`, shape);
  return new Tensor({ kind: 'input', name }, [], [...shape], dtype);
}

/**
 * A tensor with a known value. The numbers are copied: an expression does not change with the array that it was made of.
 *
 * @throws InputError when the precision is unknown.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [2, 2]));
 * console.log(x.shape, x.dtype); // [ 2, 2 ] float64
 */
export function constant(array: NDArray): Tensor {
  checkArray('constant', array);
  const { shape, dtype, data } = array;
  const value = { shape: [...shape], dtype, data: data.slice() };
  return new Tensor({ kind: 'constant', value }, [], value.shape, dtype);
}

/**
 * A scalar constant.
 *
 * @example
 * const [y] = await evaluate([multiply(scalar(10), constant(ndarray([1, 2], [2])))]);
 * console.log([...y.data]); // [ 10, 20 ]
 */
export function scalar(value: number, dtype: DType = 'float64'): Tensor {
  return constant(ndarray([value], [], dtype));
}

/**
 * Every tensor the given ones are computed from, themselves included, each after its operands.
 *
 * @example
 * const x = input('x', [2]);
 * console.log(topologicalOrder([sum(exp(x))]).map(String)); // [ 'x float64[2]', 'exp float64[2]', 'sum float64[]' ]
 */
export function topologicalOrder(outputs: readonly Tensor[], operandsOf = operands): Tensor[] {
  const order: Tensor[] = [];
  const state = new Map<Tensor, 'entered' | 'done'>();
  // An explicit stack: deep networks would overflow that of the language.
  const stack = outputs.toReversed();
  while (stack.length > 0) {
    const tensor = stack[stack.length - 1];
    if (!state.has(tensor)) {
      state.set(tensor, 'entered');
      for (const operand of operandsOf(tensor).toReversed()) if (!state.has(operand)) stack.push(operand);
    } else {
      stack.pop();
      if (state.get(tensor) === 'entered') order.push(tensor);
      state.set(tensor, 'done');
    }
  }
  return order;
}

/**
 * The tensors of `order` (operands first) that depend on any of `sources`, the sources included.
 *
 * @example
 * const [x, y] = [input('x', [2]), input('y', [2])];
 * const order = topologicalOrder([multiply(x, exp(y))]);
 * console.log([...dependents(order, [y])].map(String)); // [ 'y float64[2]', 'exp float64[2]', 'multiply float64[2]' ]
 */
export function dependents(order: readonly Tensor[], sources: Iterable<Tensor>, operandsOf = operands): Set<Tensor> {
  const reached = new Set(sources);
  for (const tensor of order) if (operandsOf(tensor).some((operand) => reached.has(operand))) reached.add(tensor);
  return reached;
}

function operands(tensor: Tensor): readonly Tensor[] {
  return tensor.operands;
}
