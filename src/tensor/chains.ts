import type { Use } from './liveness.ts';
import { lastingValues, type Plan, type Step } from './plan.ts';
import { type ElementwiseName, isElementwise, scalarExpression } from './primitives/elementwise/index.ts';
import { constant, operand as operandOf, type Scalar, substitute, tapeOf } from './scalar/index.ts';
import { sameShape } from './shape.ts';

/** One pass over memory: an expression of each element of operands that broadcast to the output's shape. */
export interface Pass {
  readonly expression: Scalar;
  readonly operands: readonly number[];
  readonly output: number;
}

/** A step that is no element-wise expression. */
export type WholeStep = Exclude<Step, { readonly primitive: ElementwiseName }>;

/** How long chains become. */
export interface ChainLimits {
  /** The most arrays that a chain reads. */
  readonly operands: number;
  /** The most operations of a chain. */
  readonly operations: number;
}

/** Chains of moderate length. Beyond it the pass over memory is the smaller part of the work. */
const MODERATE: ChainLimits = { operands: 8, operations: 64 };

/** Values of a plan that are read by other than the steps of their own stage. */
export function keptValues(plan: Plan): ReadonlySet<number> {
  const { fixedSteps, varyingSteps } = plan;
  const fixed = new Set(fixedSteps.map(({ output }) => output));
  return new Set([
    ...lastingValues(plan),
    ...varyingSteps.flatMap(({ operands }) => operands.filter((value) => fixed.has(value))),
  ]);
}

/**
 * The steps of a stage with every element-wise step as a pass, and chains of them as one: a result that one other such
 * step alone reads, of the same shape and precision, is computed there and never written. Scalar constants are part of
 * the expression.
 *
 * What is exactly rounded in float64 comes out as it would step by step; in float32 a backend may round a chain once.
 *
 * @param items steps, and what a backend has already made of others.
 * @param kept values that are needed although no step of the stage may read them.
 * @param limits of a chain, moderate ones by default.
 */
export function fuseChains<T extends Use = never>(
  items: readonly (Step | T)[],
  values: Plan['values'],
  kept: ReadonlySet<number>,
  limits: ChainLimits = MODERATE,
): (WholeStep | Pass | T)[] {
  const readers = new Map<number, number>();
  for (const item of items) {
    for (const value of new Set(readsOf(item))) readers.set(value, (readers.get(value) ?? 0) + 1);
  }
  /** Passes that may still become part of the one that reads them. */
  const open = new Map<number, Pass>();
  const absorbed = new Set<Pass>();
  const result = items.map((item) => {
    if ('reads' in item) return item;
    if (!isElementwise(item)) return item;
    const { shape, dtype } = values[item.output];
    const joins = (value: number) => {
      const pass = open.get(value);
      return pass && values[value].dtype === dtype && sameShape(values[value].shape, shape) ? pass : undefined;
    };
    let inner = [...new Set(item.operands.flatMap((value) => joins(value) ?? []))];
    let pass = joined(item, inner, values);
    // The last ones are left out until the chain is within bounds.
    while (inner.length > 0 && !isWithin(limits, pass)) {
      inner = inner.slice(0, -1);
      pass = joined(item, inner, values);
    }
    for (const each of inner) absorbed.add(each);
    if (readers.get(item.output) === 1 && !kept.has(item.output)) open.set(item.output, pass);
    return pass;
  });
  return result.filter((item) => !absorbed.has(item as Pass));
}

/** What an item of a program reads and writes. */
export function useOfItem(item: WholeStep | Pass): Use {
  return { reads: item.operands, writes: [item.output] };
}

/** Whether an item is a pass. */
export function isPass(item: object): item is Pass {
  return 'expression' in item;
}

function readsOf(item: Step | Use): readonly number[] {
  return 'reads' in item ? item.reads : item.operands;
}

function isWithin(limits: ChainLimits, { expression, operands }: Pass): boolean {
  return operands.length <= limits.operands && tapeOf(expression).length <= limits.operations;
}

/** A step as a pass, with the given passes in place of their results. */
function joined(
  step: Step & { readonly primitive: ElementwiseName },
  inner: readonly Pass[],
  values: Plan['values'],
): Pass {
  const operands: number[] = [];
  // One array is read, since a device needs one to iterate over.
  const own = step.operands.filter((value) => !inner.some(({ output }) => output === value));
  const reads = [...own, ...inner.flatMap((pass) => pass.operands)];
  const readsArray = reads.some((value) => scalarOf(values[value]) === undefined);
  const read = (value: number): Scalar => {
    const known = scalarOf(values[value]);
    if (known !== undefined && readsArray) return constant(known);
    const at = operands.indexOf(value);
    return operandOf(at < 0 ? operands.push(value) - 1 : at);
  };
  // Once for each value: an expression that was written twice would be written four times by the next step.
  const parts = new Map<number, Scalar>();
  for (const value of step.operands) {
    if (parts.has(value)) continue;
    const pass = inner.find(({ output }) => output === value);
    parts.set(value, pass ? substitute(pass.expression, pass.operands.map(read)) : read(value));
  }
  const expression = substitute(
    scalarExpression(step),
    step.operands.map((value) => parts.get(value)!),
  );
  return { expression, operands, output: step.output };
}

/** The value of a scalar constant that every language has a literal for. */
function scalarOf({ shape, constant }: Plan['values'][number]): number | undefined {
  const known = shape.length === 0 ? constant?.data[0] : undefined;
  return Number.isFinite(known) ? known : undefined;
}
