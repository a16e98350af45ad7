import { ShapeError } from '../errors.ts';
import { type Attributes, type Definition, type PrimitiveName, primitives } from './primitives/index.ts';
import { type Shape, broadcastShapes, formatShape } from './shape.ts';
import { type PrimitiveOp, Tensor } from './tensor.ts';

/**
 * The expression "this primitive of these operands". Shapes and precisions are checked here, so that an expression that
 * exists can be evaluated.
 *
 * @throws ShapeError when ranks, extents, attributes or precisions do not fit.
 */
export function apply<P extends PrimitiveName>(
  primitive: P,
  operands: readonly Tensor[],
  attributes: Attributes[P],
): Tensor {
  const { signature, resultType }: Definition<Attributes[P]> = primitives[primitive];
  const ranks = signature.coreRanks(attributes, operands.length);
  const dtype = operands[0].dtype;
  const cores: Shape[] = [];
  const leading: Shape[] = [];
  operands.forEach((operand, i) => {
    if (operand.dtype !== dtype) {
      throw new ShapeError(`${primitive}: expected operands of one precision, got ${dtype} and ${operand.dtype}`);
    }
    if (operand.rank < ranks[i]) {
      throw new ShapeError(
        `${primitive} ${signature.text}: operand ${i} has too few dimensions, ` +
          `expected at least ${ranks[i]}, got shape ${formatShape(operand.shape)}`,
      );
    }
    leading.push(operand.shape.slice(0, operand.rank - ranks[i]));
    cores.push(operand.shape.slice(operand.rank - ranks[i]));
  });
  const shape = [...broadcastShapes(primitive, leading), ...signature.inferCore(attributes, cores)];
  const op = { kind: 'primitive', primitive, attributes } as PrimitiveOp;
  return new Tensor(op, operands, shape, resultType?.(attributes) ?? dtype);
}
