import { bytesOf, type DType, type NDArray } from './array.ts';
import { peakBytes, releases, type Use } from './liveness.ts';
import { type Attributes, attributesText, coreRanksOf, type PrimitiveName } from './primitives/index.ts';
import { formatShape, sameShape, type Shape } from './shape.ts';
import { dependents, type Tensor, topologicalOrder } from './tensor.ts';

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
  };
}[PrimitiveName];

/** A fixed input that takes the value of another array when the fixed steps are done: what the next binding begins with. */
export interface Carried {
  readonly input: number;
  readonly value: number;
}

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
  readonly carried: readonly Carried[];
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
 * @param carry what fixed inputs become for the next binding: expressions of fixed inputs.
 *
 * @example
 * const x = input('x', [3]);
 * const { plan } = planEvaluation([sum(multiply(exp(x), exp(x)))], []); // exp is computed once
 * console.log(plan.fixedSteps.map(({ primitive }) => primitive)); // [ 'exp', 'multiply', 'sum' ]
 */
export function planEvaluation(
  outputs: readonly Tensor[],
  varying: readonly Tensor[] = [],
  carry: ReadonlyMap<Tensor, Tensor> = new Map(),
): PlannedEvaluation {
  const wanted = [...outputs, ...carry.values(), ...carry.keys()].map(withoutStop);
  const { values, inputs, drafts, outputValues } = numberValues(wanted, varying);
  const [next, carriedInputs] = [outputs.length, outputs.length + carry.size].map((from) =>
    outputValues.slice(from, from + carry.size),
  );
  const steps = endsEarly(drafts);
  const stage = (varies: boolean) => steps.filter((step) => step.varying === varies).map(({ step }) => step);
  const fixedInputs = inputs.filter((each) => !each.varying);
  const varyingInputs = inputs.filter((each) => each.varying);
  return {
    plan: {
      values,
      fixedInputs: fixedInputs.map(({ value }) => value),
      varyingInputs: varyingInputs.map(({ value }) => value),
      fixedSteps: stage(false),
      varyingSteps: stage(true),
      outputs: outputValues.slice(0, outputs.length),
      carried: carriedInputs.map((input, i) => ({ input, value: next[i] })),
    },
    fixedInputs: fixedInputs.map(({ tensor }) => tensor),
    varyingInputs: varyingInputs.map(({ tensor }) => tensor),
  };
}

/** The arrays that stay when everything is computed: outputs, and what is carried and where to. */
export function lastingValues({ outputs, carried }: Plan): number[] {
  return [...outputs, ...carried.flatMap(({ input, value }) => [input, value])];
}

/** The most bytes that computed values of a plan occupy at one time, when each goes after its last use. */
export function peakBytesOf(plan: Plan): number {
  const { values, fixedSteps, varyingSteps } = plan;
  const stages = [fixedSteps, varyingSteps].map((steps) => ({ operations: steps.map(useOf) }));
  const operations = stages.flatMap((stage) => stage.operations);
  return peakBytes(operations, releases(stages, lastingValues(plan)).flat(), (value) => bytesOf(values[value]));
}

/** What a step reads and writes. */
export function useOf({ operands, output }: Step): Use {
  return { reads: operands, writes: [output] };
}

interface Draft {
  readonly step: Step;
  /** Whether it depends on a varying input. */
  readonly varying: boolean;
}

interface Numbered {
  readonly values: PlanValue[];
  readonly inputs: { readonly tensor: Tensor; readonly value: number; readonly varying: boolean }[];
  /** In an order in which each comes after its operands. */
  readonly drafts: Draft[];
  readonly outputValues: number[];
}

/** Gives every value a number, equal subexpressions the same one. */
function numberValues(outputs: readonly Tensor[], varyingInputs: readonly Tensor[]): Numbered {
  const operandsOf = memoize(operandsWithoutBroadcast);
  const order = topologicalOrder(outputs, operandsOf);
  const varies = dependents(order, varyingInputs, operandsOf);
  const numbered: Numbered = { values: [], inputs: [], drafts: [], outputValues: [] };
  const known = new Map<unknown, number>(); // by what makes two values equal
  const numbers = new Map<Tensor, number>();
  for (const tensor of order) {
    const { op, shape, dtype } = tensor;
    const operands = operandsOf(tensor).map((operand) => numbers.get(operand)!);
    const identity =
      op.kind === 'input'
        ? tensor
        : op.kind === 'constant'
          ? constantKey(op.value)
          : `${op.primitive} ${attributesText(op.attributes)} ${operands.join(' ')} ${formatShape(shape)}`;
    let value = known.get(identity);
    if (value === undefined) {
      value =
        numbered.values.push(op.kind === 'constant' ? { shape, dtype, constant: op.value } : { shape, dtype }) - 1;
      known.set(identity, value);
      const varying = varies.has(tensor);
      if (op.kind === 'input') numbered.inputs.push({ tensor, value, varying });
      if (op.kind === 'primitive') {
        const { primitive, attributes } = op;
        numbered.drafts.push({ step: { primitive, attributes, operands, output: value } as Step, varying });
      }
    }
    numbers.set(tensor, value);
  }
  numbered.outputValues.push(...outputs.map((output) => numbers.get(output)!));
  return numbered;
}

/** What constants that are one value of a plan have in common: their number for scalars, and the array itself for others. */
function constantKey(value: NDArray): unknown {
  const [x] = value.data;
  return value.shape.length === 0 ? `${value.dtype} ${Object.is(x, -0) ? '-0' : x}` : value;
}

/**
 * The same steps, each whose result no other one reads as soon as its operands are there. In a backward pass that is the
 * weight gradients: they come while the gradient they read is still in a cache, and its memory is free after them.
 */
function endsEarly(drafts: readonly Draft[]): Draft[] {
  const position = new Map(drafts.map(({ step }, i) => [step.output, i]));
  const read = new Set(drafts.flatMap(({ step }) => step.operands));
  // Steps that wait for step i alone of those not yet placed, by i; −1 for those that wait for none.
  const ready = new Map<number, Draft[]>();
  const staying: (Draft | undefined)[] = drafts.map((draft) => {
    const { operands, output } = draft.step;
    if (read.has(output)) return draft;
    const after = Math.max(-1, ...operands.map((operand) => position.get(operand) ?? -1));
    ready.set(after, [...(ready.get(after) ?? []), draft]);
    return undefined;
  });
  return [undefined, ...staying].flatMap((draft, i) => [...(draft ? [draft] : []), ...(ready.get(i - 1) ?? [])]);
}

/** What a tensor is for who wants its value alone. */
function withoutStop(tensor: Tensor): Tensor {
  let source = tensor;
  while (source.op.kind === 'primitive' && source.op.primitive === 'stopGradient') [source] = source.operands;
  return source;
}

/**
 * The operands, with every broadcast of nothing but leading dimensions replaced by what it stretches, and without what
 * stops gradients.
 */
function operandsWithoutBroadcast(tensor: Tensor): readonly Tensor[] {
  const { op } = tensor;
  const operands = tensor.operands.map(withoutStop);
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
      source = withoutStop(inner);
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
