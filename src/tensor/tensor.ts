import { oneOf } from '../check.ts';
import { ShapeError } from '../errors.ts';
import { type DType, DTYPES, type NDArray, ndarray } from './array.ts';
import type { Attributes, PrimitiveName } from './primitives/index.ts';
import { type Shape, formatShape } from './shape.ts';

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

/** A tensor whose value is fed at evaluation. The name serves messages and printing; identity is the object's. */
export function input(name: string, shape: Shape, dtype: DType = 'float64'): Tensor {
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) {
      throw new ShapeError(`input ${name}: expected extents that are integers ≥ 0, got ${formatShape(shape)}`);
    }
  }
  return new Tensor({ kind: 'input', name }, [], [...shape], dtype);
}

/** A tensor with a known value. */
export function constant(value: NDArray): Tensor {
  return new Tensor({ kind: 'constant', value }, [], value.shape, value.dtype);
}

/** A scalar constant. */
export function scalar(value: number, dtype: DType = 'float64'): Tensor {
  return constant(ndarray([value], [], dtype));
}

/** Every tensor the given ones are computed from, themselves included, each after its operands. */
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

/** The tensors of `order` (operands first) that depend on any of `sources`, the sources included. */
export function dependents(order: readonly Tensor[], sources: Iterable<Tensor>, operandsOf = operands): Set<Tensor> {
  const reached = new Set(sources);
  for (const tensor of order) if (operandsOf(tensor).some((operand) => reached.has(operand))) reached.add(tensor);
  return reached;
}

function operands(tensor: Tensor): readonly Tensor[] {
  return tensor.operands;
}
