import { type DType, type NDArray } from './array.ts';
import { peakBytes, releases } from './liveness.ts';
import { type Attributes, type PrimitiveName, primitives } from './primitives/index.ts';
import { formatShape, sameShape, type Shape } from './shape.ts';
import { type Signature } from './signature.ts';
import { dependents, type PrimitiveOp, type Tensor, topologicalOrder } from './tensor.ts';

/** One array of a plan. */
export interface PlanValue {
  readonly shape: Shape;
  readonly dtype: DType;
  /** The array itself when it is a constant of the graph. */
  readonly constant?: NDArray;
}

/** The computation of one array from others; numbers are positions in {@link Plan.values}. */
export type Step = {
  [P in PrimitiveName]: {
    readonly primitive: P;
    readonly attributes: Attributes[P];
    readonly operands: readonly number[];
    readonly output: number;
    /** Computed values that no later step reads: their memory is free once this step is done. */
    readonly release: readonly number[];
  };
}[PrimitiveName];

/**
 * How to evaluate expressions: plain data in the order of execution, that can be printed or sent to another thread.
 *
 * A plan has two stages. Steps that depend on fixed inputs alone run once; steps that depend on a *varying* input run
 * once for every value of it. (Jacobian rows: the primal activations are fixed, a block of cotangents varies.)
 */
export interface Plan {
  readonly values: readonly PlanValue[];
  readonly fixedInputs: readonly number[];
  readonly varyingInputs: readonly number[];
  readonly fixedSteps: readonly Step[];
  readonly varyingSteps: readonly Step[];
  readonly outputs: readonly number[];
  /** The most bytes that computed values occupy at one time, when they are released as the steps say. */
  readonly peakBytes: number;
}

/** A plan and the tensors that its inputs stand for, in the plan's order. */
export interface PlannedEvaluation {
  readonly plan: Plan;
  readonly fixedInputs: readonly Tensor[];
  readonly varyingInputs: readonly Tensor[];
}

/**
 * Orders the evaluation of expressions. Equal subexpressions are computed once (so a derivative may mention the
 * forward's intermediate results simply by writing them down again), and a broadcast whose consumer broadcasts by itself
 * is not computed at all.
 *
 * @param varying inputs whose value changes between runs.
 */
export function planEvaluation(outputs: readonly Tensor[], varying: readonly Tensor[] = []): PlannedEvaluation {
  const operandsOf = memoize(operandsWithoutBroadcast);
  const order = topologicalOrder(outputs, operandsOf);
  const varies = dependents(order, varying, operandsOf);

  const values: PlanValue[] = [];
  const inputs: { tensor: Tensor; value: number }[] = [];
  const drafts: { op: PrimitiveOp; operands: number[]; output: number; varying: boolean }[] = [];
  const known = new Map<unknown, number>(); // by what makes two values equal
  const numbers = new Map<Tensor, number>();
  for (const tensor of order) {
    const { op, shape, dtype } = tensor;
    const operands = operandsOf(tensor).map((operand) => numbers.get(operand)!);
    const identity =
      op.kind === 'input'
        ? tensor
        : op.kind === 'constant'
          ? op.value
          : `${op.primitive} ${JSON.stringify(op.attributes)} ${operands.join(' ')} ${formatShape(shape)}`;
    let value = known.get(identity);
    if (value === undefined) {
      value = values.push(op.kind === 'constant' ? { shape, dtype, constant: op.value } : { shape, dtype }) - 1;
      known.set(identity, value);
      if (op.kind === 'input') inputs.push({ tensor, value });
      if (op.kind === 'primitive') drafts.push({ op, operands, output: value, varying: varies.has(tensor) });
    }
    numbers.set(tensor, value);
  }

  const outputValues = outputs.map((output) => numbers.get(output)!);
  const fixedCount = drafts.filter((draft) => !draft.varying).length;
  const ordered = endsEarly(drafts).sort((a, b) => Number(a.varying) - Number(b.varying)); // stable
  const release = releases(ordered, fixedCount, outputValues);
  const steps = ordered.map(
    ({ op: { primitive, attributes }, operands, output }, i) =>
      ({ primitive, attributes, operands, output, release: release[i] }) as Step,
  );
  const fixedInputs = inputs.filter(({ tensor }) => !varies.has(tensor));
  const varyingInputs = inputs.filter(({ tensor }) => varies.has(tensor));
  return {
    plan: {
      values,
      fixedInputs: fixedInputs.map(({ value }) => value),
      varyingInputs: varyingInputs.map(({ value }) => value),
      fixedSteps: steps.slice(0, fixedCount),
      varyingSteps: steps.slice(fixedCount),
      outputs: outputValues,
      peakBytes: peakBytes(steps, values),
    },
    fixedInputs: fixedInputs.map(({ tensor }) => tensor),
    varyingInputs: varyingInputs.map(({ tensor }) => tensor),
  };
}

/**
 * The same steps, each whose result no other one reads as soon as its operands are there. In a backward pass that is the
 * weight gradients: they come while the gradient they read is still in a cache, and its memory is free after them.
 */
function endsEarly<S extends { readonly operands: readonly number[]; readonly output: number }>(
  steps: readonly S[],
): S[] {
  const position = new Map(steps.map(({ output }, i) => [output, i]));
  const read = new Set(steps.flatMap(({ operands }) => operands));
  const place = ({ operands, output }: S, i: number) =>
    read.has(output) ? i : Math.max(-1, ...operands.map((operand) => position.get(operand) ?? -1)) + 0.5;
  return steps
    .map((step, i) => ({ step, at: place(step, i) }))
    .sort((a, b) => a.at - b.at)
    .map(({ step }) => step);
}

/** How many innermost dimensions of each operand of a primitive are core. */
export function coreRanksOf<P extends PrimitiveName>(
  primitive: P,
  attributes: Attributes[P],
  operandCount: number,
): readonly number[] {
  const signature: Signature<Attributes[P]> = primitives[primitive].signature;
  return signature.coreRanks(attributes, operandCount);
}

/** The operands, with every broadcast of nothing but leading dimensions replaced by what it stretches. */
function operandsWithoutBroadcast(tensor: Tensor): readonly Tensor[] {
  const { op, operands } = tensor;
  if (op.kind !== 'primitive') return operands;
  const ranks = coreRanksOf(op.primitive, op.attributes, operands.length);
  return operands.map((operand, i) => {
    let source = operand;
    while (source.op.kind === 'primitive' && source.op.primitive === 'broadcastTo') {
      const [inner] = source.operands;
      const { from, to } = source.op.attributes;
      const alignsAtTheRight = inner.rank === from.length || from.length === to.length;
      const keepsCore =
        inner.rank >= ranks[i] && sameShape(lastOf(inner.shape, ranks[i]), lastOf(source.shape, ranks[i]));
      if (!alignsAtTheRight || !keepsCore) break;
      source = inner;
    }
    return source;
  });
}

function lastOf(shape: Shape, count: number): Shape {
  return shape.slice(shape.length - count);
}

function memoize<K extends object, V>(compute: (key: K) => V): (key: K) => V {
  const results = new WeakMap<K, V>();
  return (key) => {
    let result = results.get(key);
    if (result === undefined) results.set(key, (result = compute(key)));
    return result;
  };
}
