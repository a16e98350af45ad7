import { type Attributes, type PrimitiveName, primitives } from './primitives/index.ts';
import { applyDefinition, type Tensor } from './primitives/node.ts';

/**
 * The expression "this primitive of these operands". Shapes and precisions are checked here, so that an expression that
 * exists can be evaluated.
 *
 * @throws ShapeError when ranks, extents, attributes or precisions do not fit.
 *
 * @example
 * const x = input('x', [2, 3]);
 * console.log(apply('transpose', [x], { permutation: [1, 0] }).shape); // [ 3, 2 ]
 */
export function apply<P extends PrimitiveName>(
  primitive: P,
  operands: readonly Tensor[],
  attributes: Attributes[P],
): Tensor {
  return applyDefinition(primitive, primitives[primitive], operands, attributes);
}
