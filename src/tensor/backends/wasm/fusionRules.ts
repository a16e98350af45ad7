import type { Step } from '../../plan.ts';
import { sameShape } from '../../shape.ts';
import type { Fusion, FusionContext, FusionRule, Operation, StepOf } from './fusion.ts';
import { inputGradientThrough, kinship } from './kernels/convolution.ts';
import { combine } from './kernels/elementwise.ts';
import { standardizeGradientWith } from './kernels/normalization.ts';

/** An input gradient, masked or not, that computes a value for one use. */
interface Contribution {
  readonly gradient: StepOf<'convolutionInputGradient'>;
  readonly mask: number | undefined;
  /** Where it can be computed: everything that it reads has been computed. */
  readonly at: Step;
  readonly steps: readonly Step[];
}

/** Whether a step's result can be masked or added to something as it is stored: all its applications lie dense. */
function isPlainInputGradient(
  step: Step | undefined,
  context: FusionContext,
): step is StepOf<'convolutionInputGradient'> {
  if (step?.primitive !== 'convolutionInputGradient') return false;
  const [gradient, weight] = step.operands.map((value) => context.shape(value));
  return weight.length === 4 && sameShape(gradient.slice(0, -3), context.shape(step.output).slice(0, -3));
}

/** An input gradient that only the mask of a ReLU reads, with that mask. */
function maskedGradient(step: Step, context: FusionContext): Contribution | undefined {
  if (step.primitive !== 'reluGradient') return undefined;
  const [g, mask] = step.operands;
  const [shape, gShape, maskShape] = [step.output, g, mask].map((value) => context.shape(value));
  const fits = sameShape(gShape, shape) && sameShape(maskShape, shape.slice(-maskShape.length));
  const gradient = context.soleProducer(g);
  if (!fits || maskShape.length < 4 || !isPlainInputGradient(gradient, context)) return undefined;
  const source = context.producer(mask);
  const maskIsThere = source === undefined || context.position(source) < context.position(gradient);
  return { gradient, mask, at: maskIsThere ? gradient : step, steps: [gradient, step] };
}

function contributionOf(value: number, context: FusionContext): Contribution | undefined {
  const step = context.soleProducer(value);
  if (step === undefined) return undefined;
  if (isPlainInputGradient(step, context)) return { gradient: step, mask: undefined, at: step, steps: [step] };
  return maskedGradient(step, context);
}

/** What is stored together: contributions that one kernel computes as one, or one alone. */
type Group = readonly Contribution[];

/** Contributions to a value in groups, in the order in which each can be computed: with the last of its members. */
function grouped(contributions: readonly Contribution[], output: number, context: FusionContext): Group[] {
  const groups = new Map<unknown, Contribution[]>();
  const position = ({ at }: Contribution) => context.position(at);
  for (const each of [...contributions].sort((a, b) => position(a) - position(b))) {
    const { attributes, operands } = each.gradient;
    const [gradient, weight] = operands.map((value) => context.shape(value));
    const kin = kinship(attributes, context.shape(output), gradient, weight);
    const key = kin === undefined ? each : `${kin} ${each.mask}`;
    const group = groups.get(key);
    if (group) group.push(each);
    else groups.set(key, [each]);
  }
  return [...groups.values()].sort((a, b) => position(a[a.length - 1]) - position(b[b.length - 1]));
}

/** A group stored in `into`, or added to its present value. */
function store(group: Group, into: number, add: boolean): { at: Step; operation: Operation } {
  const { mask, at } = group[group.length - 1];
  const operation: Operation = {
    reads: [
      ...group.flatMap(({ gradient }) => gradient.operands),
      ...(mask === undefined ? [] : [mask]),
      ...(add ? [into] : []),
    ],
    writes: [into],
    lower: (lower, operand) =>
      inputGradientThrough(
        lower,
        operand(into),
        group.map(({ gradient: { attributes, operands } }) => {
          const [gradient, weight] = operands.map(operand);
          return { attributes, gradient, weight };
        }),
        mask === undefined ? undefined : operand(mask),
        add,
      ),
  };
  return { at, operation };
}

/** Input gradients of one tensor are added up as they are stored: their sum is not a step of its own. */
export const sumOfGradients: FusionRule = (step, context): Fusion | undefined => {
  if (step.primitive !== 'linearCombination') return undefined;
  const { coefficients } = step.attributes;
  const { output, operands } = step;
  const shape = context.shape(output);
  const terms = operands.map((value, i) => {
    const plain = coefficients[i] === 1 && sameShape(context.shape(value), shape);
    return { value, coefficient: coefficients[i], found: plain ? contributionOf(value, context) : undefined };
  });
  const stored = terms.flatMap(({ found }) => found ?? []);
  if (stored.length === 0) return undefined;
  const rest = terms.filter(({ found }) => found === undefined);
  const addRest: Operation = {
    reads: [...rest.map(({ value }) => value), output],
    writes: [output],
    lower: (lower, operand) => {
      const factors = rest.map(({ coefficient }) => coefficient);
      const others = rest.map(({ value }) => operand(value));
      combine(lower, factors, operand(output), others, true);
    },
  };
  return {
    swallows: [...stored.flatMap(({ steps }) => steps), step],
    operations: [
      // The first one writes, the others add.
      ...grouped(stored, output, context).map((group, i) => store(group, output, i > 0)),
      ...(rest.length > 0 ? [{ at: step, operation: addRest }] : []),
    ],
  };
};

/** An input gradient goes through the mask of a ReLU as it is stored. */
export const gradientThroughMask: FusionRule = (step, context): Fusion | undefined => {
  const found = maskedGradient(step, context);
  return found && { swallows: found.steps, operations: [store([found], step.output, false)] };
};

/** The gradient of batch norm's scale, Σ g·y, is one of the sums that the gradient of its input needs. */
export const scaleGradient: FusionRule = (step, context): Fusion | undefined => {
  if (step.primitive !== 'channelInnerProduct') return undefined;
  const [g, y] = step.operands;
  const twin = context
    .readers(g)
    .find(
      (other): other is StepOf<'standardizeGradient'> =>
        other.primitive === 'standardizeGradient' &&
        other.operands[0] === g &&
        other.operands[1] === y &&
        !context.isSwallowed(other),
    );
  if (!twin || !sameShape(context.shape(g), context.shape(twin.output))) return undefined;
  const operation: Operation = {
    reads: twin.operands,
    writes: [twin.output, step.output],
    lower: (lower, operand) =>
      standardizeGradientWith(lower, operand(twin.output), operand(step.output), twin.operands.map(operand)),
  };
  // At the later of the two: by then all operands are there. Unless the earlier one is read before.
  const [first, last] = context.position(step) < context.position(twin) ? [step, twin] : [twin, step];
  const readEarly = context.readers(first.output).some((reader) => context.position(reader) < context.position(last));
  if (readEarly && first === step) return undefined;
  return { swallows: [first, last], operations: [{ at: readEarly ? first : last, operation }] };
};

/** All rules, in the order in which they are tried. */
export const fusionRules: readonly FusionRule[] = [sumOfGradients, scaleGradient, gradientThroughMask];
