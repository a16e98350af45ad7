import { fuseChains, isPass, keptValues, type Pass, type WholeStep } from '../../chains.ts';
import type { Plan, Step } from '../../plan.ts';
import { type FusionRule, type Operation, FusionContext } from './fusion.ts';
import { fusionRules } from './fusionRules.ts';
import { elementwise } from './kernels/elementwise.ts';
import { lowerPrimitive } from './kernels/index.ts';

// Arrays of a backward pass are larger than caches, so that what costs is to write them and to read them again. Rules
// (fusionRules.ts) find steps that become fewer passes over memory; this is what runs them.

/** A chain of element-wise steps. */
function passOver({ expression, operands, output }: Pass): Operation {
  return {
    reads: operands,
    writes: [output],
    lower: (lower, operand) => elementwise(lower, expression, operand(output), operands.map(operand)),
  };
}

/** One step on its own. */
function alone(step: WholeStep): Operation {
  return {
    reads: step.operands,
    writes: [step.output],
    lower: (lower, operand) => lowerPrimitive(lower, step, operand(step.output), step.operands.map(operand)),
  };
}

/**
 * A stage's steps as operations: rules are tried in turn at every step, and what one has fused is not offered again. Of
 * what they leave, chains of element-wise steps become one pass each.
 *
 * @param stage the fixed or the varying steps of the plan
 */
export function fuse(stage: readonly Step[], plan: Plan, rules: readonly FusionRule[] = fusionRules): Operation[] {
  const context = new FusionContext(stage, plan);
  const fused = new Map<Step, Operation>();
  for (const rule of rules) {
    for (const step of stage) {
      if (context.isSwallowed(step)) continue;
      const fusion = rule(step, context);
      if (!fusion || fusion.swallows.some((each) => context.isSwallowed(each))) continue;
      context.swallow(fusion.swallows);
      for (const { at, operation } of fusion.operations) fused.set(at, operation);
    }
  }
  const items = stage.flatMap((step): (Step | Operation)[] => {
    if (!context.isSwallowed(step)) return [step];
    const operation = fused.get(step);
    return operation ? [operation] : [];
  });
  return fuseChains(items, plan.values, keptValues(plan)).map((item) => {
    if ('lower' in item) return item;
    return isPass(item) ? passOver(item) : alone(item);
  });
}
