import { fuseChains, isPass, keptValues, type Pass, type WholeStep } from '../../chains.ts';
import { releases } from '../../liveness.ts';
import { lastingValues, type Plan, type Step } from '../../plan.ts';
import { sizeOf } from '../../shape.ts';
import type { Dialect } from './dialect.ts';
import { joinTasks, type Task } from './joining.ts';
import { elementwise } from './kernels/elementwise.ts';
import { lowerPrimitive } from './kernels/index.ts';
import { type ArrayId, type KernelCall, Lowering, type Operand } from './lowering.ts';

/**
 * One thing to do: a kernel on the device, or a step of the plan on the host. Whatever is float64 is done there: kernel
 * matrices, which GPU.js has no precision for.
 */
export type Operation = {
  readonly reads: readonly ArrayId[];
  readonly writes: readonly ArrayId[];
  /** Arrays that nothing reads after it. */
  readonly release: readonly ArrayId[];
} & (
  { readonly kind: 'kernel'; readonly call: KernelCall } | { readonly kind: 'host'; readonly item: WholeStep | Pass }
);

/** A plan as operations on numbered arrays; the numbers of the plan's values are theirs. */
export interface GpuProgram {
  /** The elements of every array. */
  readonly sizes: readonly number[];
  /** Done once for all runs: more than the plan's fixed steps, because parts of varying steps depend on nothing varying. */
  readonly fixed: readonly Operation[];
  readonly varying: readonly Operation[];
}

/** The most operations of a chain of element-wise steps: a launch costs more than many of them. */
const MOST_OPERATIONS = 128;

/** A task of a program that is being made: a call of a kernel, or a step on the host. */
interface Draft extends Task {
  readonly item?: WholeStep | Pass;
}

/**
 * Lowers a plan.
 *
 * @throws BackendError when an array is larger than the device's kernels can count.
 */
export function lowerPlan(plan: Plan, dialect: Dialect): GpuProgram {
  const { values } = plan;
  const lower = new Lowering(
    dialect,
    values.map(({ shape }) => sizeOf(shape)),
  );
  const origins = new Map<ArrayId, Step>();
  const operand = (id: number): Operand => ({ id, shape: values[id].shape, origin: origins.get(id) });
  const drafts: Draft[] = [];
  const kept = keptValues(plan);
  const limits = { operands: dialect.mostOperands, operations: MOST_OPERATIONS };
  const items = [plan.fixedSteps, plan.varyingSteps].flatMap((steps) => fuseChains<never>(steps, values, kept, limits));
  for (const item of items) {
    if (!isPass(item)) origins.set(item.output, item);
    if ([item.output, ...item.operands].some((id) => values[id].dtype === 'float64')) {
      drafts.push({ reads: item.operands, writes: [item.output], item });
      continue;
    }
    lower.checkSize(values[item.output].shape);
    const from = lower.calls.length;
    const [output, operands] = [operand(item.output), item.operands.map(operand)];
    if (isPass(item)) elementwise(lower, item.expression, output, operands);
    else lowerPrimitive(lower, item, output, operands);
    for (const call of lower.calls.slice(from)) drafts.push({ reads: call.reads, writes: call.writes, call });
  }

  const varies = new Set<ArrayId>(plan.varyingInputs);
  const stages = [true, false].map((fixed) => {
    const stage = drafts.filter(({ reads, writes }) => {
      const depends = reads.some((id) => varies.has(id));
      if (depends) writes.forEach((id) => varies.add(id));
      return depends !== fixed;
    });
    return fixed ? stage : joinTasks(stage, dialect);
  });
  const released = releases(
    stages.map((operations) => ({ operations })),
    lastingValues(plan),
  );
  const [fixed, varying] = stages.map((stage, s) =>
    stage.map(({ reads, writes, call, item }, i): Operation => {
      const common = { reads, writes, release: released[s][i] };
      return call ? { ...common, kind: 'kernel', call } : { ...common, kind: 'host', item: item! };
    }),
  );
  return { sizes: lower.sizes, fixed, varying };
}
