import { GradientError } from '../errors.ts';
import {
  checkTensor,
  checkTensors,
  add,
  type Attributes,
  dependents,
  eye,
  formatShape,
  input,
  type PrimitiveName,
  reshape,
  sameShape,
  scalar,
  type Shape,
  sizeOf,
  type Tensor,
  topologicalOrder,
  zeros,
} from '../tensor/index.ts';
import { sumTo } from './broadcast.ts';
import { type Rule, rules } from './rules.ts';

/**
 * The vector–Jacobian product Σₖ uₖᵀ·∂yₖ/∂xᵢ for each input xᵢ: reverse-mode differentiation, as expressions.
 *
 * A cotangent may have leading dimensions in front of its output's shape, the same for all: a block of R rows,
 * [R, …y.shape], gives R gradients in one sweep, each of [R, …x.shape]. Inputs may be any tensors of the graph.
 * An input that no output depends on has gradient 0.
 *
 * @param outputs y₁, y₂, …
 * @param inputs x₁, x₂, …
 * @param cotangents u₁, u₂, …: [rows…, …yₖ.shape]
 * @returns [rows…, …xᵢ.shape] each
 * @throws GradientError when a cotangent does not fit its output.
 *
 * @example
 * const x = constant(ndarray([1, 2], [2]));
 * const [gradient] = await evaluate(vjp([multiply(x, x)], [x], [constant(ndarray([1, 10], [2]))]));
 * console.log([...gradient.data]); // [ 2, 40 ]
 */
export function vjp(outputs: readonly Tensor[], inputs: readonly Tensor[], cotangents: readonly Tensor[]): Tensor[] {
  for (const list of [outputs, inputs, cotangents]) checkTensors('vjp', list);
  const rows = rowsOf('vjp: cotangent', outputs, cotangents);
  const order = topologicalOrder(outputs);
  const active = dependents(order, inputs);
  const contributions = new Map<Tensor, Tensor[]>();
  const contribute = (tensor: Tensor, gradient: Tensor) => {
    const list = contributions.get(tensor);
    if (list) list.push(gradient);
    else contributions.set(tensor, [gradient]);
  };
  outputs.forEach((output, k) => contribute(output, cotangents[k]));

  const gradients = new Map<Tensor, Tensor>();
  for (const tensor of order.toReversed()) {
    const terms = contributions.get(tensor);
    if (terms === undefined || !active.has(tensor)) continue;
    const gradient = add(...terms);
    gradients.set(tensor, gradient);
    pullbacks(tensor).forEach((pullback, i) => {
      const operand = tensor.operands[i];
      if (pullback && active.has(operand)) contribute(operand, sumTo(pullback(gradient), operand.shape, rows.length));
    });
  }
  return inputs.map((x) => gradients.get(x) ?? zeros([...rows, ...x.shape], x.dtype));
}

/**
 * The Jacobian–vector product Σᵢ ∂yₖ/∂xᵢ·vᵢ for each output yₖ: forward-mode differentiation, as expressions.
 *
 * The vector–Jacobian product is linear in its cotangent u, and the adjoint of u ↦ Jᵀu is v ↦ Jv: differentiating twice
 * backwards goes forward, with no rules of its own. Tangents may have leading dimensions, as cotangents in {@link vjp}.
 *
 * @throws GradientError when a tangent does not fit its input.
 *
 * @example
 * const x = constant(ndarray([1, 2], [2]));
 * const [tangent] = await evaluate(jvp([multiply(x, x)], [x], [constant(ndarray([1, 10], [2]))]));
 * console.log([...tangent.data]); // [ 2, 40 ]
 */
export function jvp(outputs: readonly Tensor[], inputs: readonly Tensor[], tangents: readonly Tensor[]): Tensor[] {
  for (const list of [outputs, inputs, tangents]) checkTensors('jvp', list);
  rowsOf('jvp: tangent', inputs, tangents);
  const cotangents = outputs.map((output, k) => input(`cotangent ${k}`, output.shape, output.dtype));
  return vjp(vjp(outputs, inputs, cotangents), cotangents, tangents);
}

/**
 * The gradient of a scalar with respect to each input.
 *
 * @throws GradientError when the loss is not a scalar.
 *
 * @example
 * const x = constant(ndarray([1, 2], [2]));
 * const [gradient] = await evaluate(grad(sum(multiply(x, x)), [x]));
 * console.log([...gradient.data]); // [ 2, 4 ]
 */
export function grad(loss: Tensor, inputs: readonly Tensor[]): Tensor[] {
  checkTensor('grad', loss);
  if (loss.rank !== 0) throw new GradientError(`grad: expected a scalar, got shape ${formatShape(loss.shape)}`);
  return vjp([loss], inputs, [scalar(1, loss.dtype)]);
}

/**
 * The product of the Hessian of a scalar with a vector, given in one part for each input. The Hessian is symmetric, so
 * that it is a vector–Jacobian product of the gradient (Pearlmutter 1994).
 *
 * @throws GradientError when the loss is not a scalar or a vector does not fit its input.
 *
 * @example
 * const x = constant(ndarray([1, 2], [2]));
 * const loss = sum(power(x, 3)); // its Hessian is diag(6x)
 * const [product] = await evaluate(hessianVectorProduct(loss, [x], [constant(ndarray([1, 10], [2]))]));
 * console.log([...product.data]); // [ 6, 120 ]
 */
export function hessianVectorProduct(loss: Tensor, inputs: readonly Tensor[], vectors: readonly Tensor[]): Tensor[] {
  return vjp(grad(loss, inputs), inputs, vectors);
}

/**
 * The whole Jacobian of y with respect to each input, by one block of rows: [y.size, …x.shape] each, rows in row-major
 * order of y.
 *
 * @example
 * const x = constant(ndarray([1, 2], [2]));
 * const [matrix] = await evaluate(jacobian(multiply(x, x), [x]));
 * console.log(matrix.shape, [...matrix.data]); // [ 2, 2 ] [ 2, 0, 0, 4 ]
 */
export function jacobian(y: Tensor, inputs: readonly Tensor[]): Tensor[] {
  const rows = sizeOf(y.shape);
  return vjp([y], inputs, [reshape(eye(rows, y.dtype), [rows, ...y.shape])]);
}

/** The leading dimensions that all vectors have in front of the shapes they belong to. */
function rowsOf(name: string, primals: readonly Tensor[], vectors: readonly Tensor[]): Shape {
  if (primals.length !== vectors.length || primals.length === 0) {
    throw new GradientError(`${name}: expected one for each of ${primals.length} (≥ 1) tensors, got ${vectors.length}`);
  }
  const rows = vectors[0].shape.slice(0, Math.max(0, vectors[0].rank - primals[0].rank));
  primals.forEach((primal, i) => {
    const expected = [...rows, ...primal.shape];
    if (!sameShape(vectors[i].shape, expected) || vectors[i].dtype !== primal.dtype) {
      throw new GradientError(
        `${name} ${i}: expected ${primal.dtype}${formatShape(expected)}, ` +
          `got ${vectors[i].dtype}${formatShape(vectors[i].shape)}`,
      );
    }
  });
  return rows;
}

function pullbacks(tensor: Tensor): ReturnType<Rule<PrimitiveName>> {
  const { op, operands } = tensor;
  if (op.kind !== 'primitive') return [];
  return rule(op.primitive, op.attributes, tensor, operands);
}

function rule<P extends PrimitiveName>(
  primitive: P,
  attributes: Attributes[P],
  y: Tensor,
  operands: readonly Tensor[],
) {
  const apply: Rule<P> = rules[primitive];
  return apply({ y, operands, attributes });
}
