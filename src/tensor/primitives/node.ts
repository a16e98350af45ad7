import { formatValue, oneOf } from '../../check.ts';
import { InputError, ShapeError } from '../../errors.ts';
import { type DType, DTYPES, type NDArray } from '../array.ts';
import { type Shape, broadcastShapes, formatShape } from '../shape.ts';
import type { Signature } from '../signature.ts';
import type { Attributes, PrimitiveName } from './index.ts';

export { type Attributes, type PrimitiveName };

/** What a tensor is: a value given later, a value given now, or a primitive applied to other tensors. */
export type Op = InputOp | ConstantOp | PrimitiveOp;

/** A value that is fed when the graph is evaluated. */
export interface InputOp {
  readonly kind: 'input';
  readonly name: string;
}

/** A value that is part of the graph. */
export interface ConstantOp {
  readonly kind: 'constant';
  readonly value: NDArray;
}

/** A primitive and its attributes (stride, padding, axes …); its operands are tensors. */
export type PrimitiveOp<P extends PrimitiveName = PrimitiveName> = {
  [Q in P]: { readonly kind: 'primitive'; readonly primitive: Q; readonly attributes: Attributes[Q] };
}[P];

/**
 * An immutable expression. A tensor holds no numbers: it says how they follow from others, and a backend computes them
 * when they are asked for. Two tensors may share operands, so that expressions form a directed acyclic graph.
 *
 * @example
 * const x = input('x', [2, 3]);
 * const y = sum(x, [1]);
 * console.log(y instanceof Tensor, y.shape, y.operands[0] === x, String(y)); // true [ 2 ] true sum float64[2]
 */
export class Tensor {
  readonly op: Op;
  readonly operands: readonly Tensor[];
  readonly shape: Shape;
  readonly dtype: DType;

  /** @throws InputError when the precision is none that ntkit computes in. */
  constructor(op: Op, operands: readonly Tensor[], shape: Shape, dtype: DType) {
    oneOf(`${op.kind === 'primitive' ? op.primitive : op.kind}: dtype`, dtype, DTYPES);
    this.op = op;
    this.operands = operands;
    this.shape = shape;
    this.dtype = dtype;
    Object.freeze(this);
  }

  /** The number of dimensions; 0 for a scalar. */
  get rank(): number {
    return this.shape.length;
  }

  /** `convolution float32[8, 16, 32, 32]`: what is computed, and what comes out. */
  toString(): string {
    const { op } = this;
    const label = op.kind === 'input' ? op.name : op.kind === 'constant' ? 'constant' : op.primitive;
    return `${label} ${this.dtype}${formatShape(this.shape)}`;
  }
}

/**
 * @throws InputError when the value is no tensor.
 *
 * @example
 * const given: unknown = input('x', [2]);
 * checkTensor('layer', given);
 * console.log(given.shape); // [ 2 ]
 */
export function checkTensor(where: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) throw new InputError(`${where}: expected a tensor, got ${formatValue(value)}`);
}

/**
 * @throws InputError when the value is no list of tensors.
 *
 * @example
 * const given: unknown = [input('x', [2]), input('y', [3])];
 * checkTensors('loss', given);
 * console.log(given.length); // 2
 */
export function checkTensors(where: string, values: unknown): asserts values is readonly Tensor[] {
  if (!Array.isArray(values)) throw new InputError(`${where}: expected a list of tensors, got ${formatValue(values)}`);
  values.forEach((value) => checkTensor(where, value));
}

/** The type of a primitive: core shapes, and the precision of the result where it is not that of the operands. */
export interface Definition<A> {
  readonly signature: Signature<A>;
  readonly resultType?: (attributes: A) => DType;
}

/**
 * The expression "this primitive of these operands", for a primitive of the given type. Shapes and precisions are checked
 * here, so that an expression that exists can be evaluated.
 *
 * @throws ShapeError when ranks, extents, attributes or precisions do not fit.
 */
export function applyDefinition<P extends PrimitiveName>(
  primitive: P,
  { signature, resultType }: Definition<Attributes[P]>,
  operands: readonly Tensor[],
  attributes: Attributes[P],
): Tensor {
  operands.forEach((operand) => checkTensor(primitive, operand));
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
