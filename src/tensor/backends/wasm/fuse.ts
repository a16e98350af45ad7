import { inputGradientThrough } from './kernels/convolution.ts';
import { combine } from './kernels/elementwise.ts';
import { standardizeGradientWith } from './kernels/normalization.ts';
import type { Plan, Step } from '../../plan.ts';
import { sameShape } from '../../shape.ts';
import { lowerPrimitive } from './kernels/index.ts';
import type { Lowering, Operand } from './lowering.ts';

/** Something to be done at one place of a program: one step of the plan, or what several have become. */
export interface Operation {
  /** Values that must be there. */
  readonly reads: readonly number[];
  /** Values whose memory must be there; a value is born with the first operation that writes it. */
  readonly writes: readonly number[];
  readonly lower: (lower: Lowering, operand: (value: number) => Operand) => void;
}

type StepOf<P extends Step['primitive']> = Extract<Step, { primitive: P }>;

/**
 * A stage's steps as operations. Arrays of a backward pass are larger than caches, so that what costs is to write them
 * and to read them again; three chains of steps become one pass each:
 *
 * - the gradient of batch norm's scale is one of the sums that the gradient of its input needs anyway;
 * - the input gradient of a convolution goes through the mask of the ReLU before it as it is stored,
 * - and is added to the other gradients of the same tensor there and then, so that the sum is never a step of its own.
 */
export function fuse(steps: readonly Step[], { values, outputs }: Pick<Plan, 'values' | 'outputs'>): Operation[] {
  const producer = new Map(steps.map((step) => [step.output, step]));
  const uses = new Map<number, number>();
  for (const value of [...steps.flatMap(({ operands }) => operands), ...outputs]) {
    uses.set(value, (uses.get(value) ?? 0) + 1);
  }
  const shapeOf = (value: number) => values[value].shape;
  /** The step that computes a value for this one use. */
  const soleProducer = (value: number) => (uses.get(value) === 1 ? producer.get(value) : undefined);

  /** Whether a step's result can leave it masked or added to something: all its applications lie dense. */
  const isPlainInputGradient = (step: Step | undefined): step is StepOf<'convolutionInputGradient'> => {
    if (step?.primitive !== 'convolutionInputGradient') return false;
    const [gradient, weight] = step.operands.map(shapeOf);
    return weight.length === 4 && sameShape(gradient.slice(0, -3), shapeOf(step.output).slice(0, -3));
  };
  /** An input gradient, behind a mask or not, that computes a value for one use. */
  const contribution = (value: number) => {
    const step = soleProducer(value);
    if (isPlainInputGradient(step)) return { gradient: step, mask: undefined, steps: [step] };
    if (step?.primitive !== 'reluGradient') return undefined;
    const [g, mask] = step.operands;
    const gradient = soleProducer(g);
    const shape = shapeOf(step.output);
    const fits = sameShape(shapeOf(g), shape) && sameShape(shapeOf(mask), shape.slice(-shapeOf(mask).length));
    if (!fits || shapeOf(mask).length < 4 || !isPlainInputGradient(gradient)) return undefined;
    return { gradient, mask, steps: [gradient, step] };
  };

  const replaced = new Map<Step, Operation | undefined>();
  const store = (found: NonNullable<ReturnType<typeof contribution>>, into: number, add: boolean) => {
    const { gradient, mask, steps: chain } = found;
    for (const step of chain) replaced.set(step, undefined);
    replaced.set(gradient, {
      reads: [...gradient.operands, ...(mask === undefined ? [] : [mask]), ...(add ? [into] : [])],
      writes: [into],
      lower: (lower, operand) =>
        inputGradientThrough(
          lower,
          gradient.attributes,
          operand(into),
          gradient.operands.map(operand),
          mask === undefined ? undefined : operand(mask),
          add,
        ),
    });
  };

  for (const step of steps) {
    if (step.primitive === 'linearCombination') fuseSum(step);
    if (step.primitive === 'channelInnerProduct') fuseProducts(step);
  }
  for (const step of steps) {
    if (step.primitive !== 'reluGradient' || replaced.has(step)) continue;
    const [g, mask] = step.operands;
    const gradient = soleProducer(g);
    const shape = shapeOf(step.output);
    const fits = sameShape(shapeOf(g), shape) && sameShape(shapeOf(mask), shape.slice(-shapeOf(mask).length));
    if (fits && shapeOf(mask).length >= 4 && isPlainInputGradient(gradient) && !replaced.has(gradient)) {
      store({ gradient, mask, steps: [gradient, step] }, step.output, false);
    }
  }

  function fuseSum(step: StepOf<'linearCombination'>): void {
    const { coefficients } = step.attributes;
    const shape = shapeOf(step.output);
    const terms = step.operands.map((value, i) => {
      const found = coefficients[i] === 1 && sameShape(shapeOf(value), shape) ? contribution(value) : undefined;
      return { value, coefficient: coefficients[i], found };
    });
    const stored = terms.flatMap(({ found }) => found ?? []);
    if (stored.length === 0) return;
    // In the order in which they are computed: the first one writes, the others add.
    const order = new Map(steps.map((each, i) => [each, i]));
    stored.sort((a, b) => order.get(a.gradient)! - order.get(b.gradient)!);
    stored.forEach((found, i) => store(found, step.output, i > 0));
    const rest = terms.filter(({ found }) => found === undefined);
    replaced.set(
      step,
      rest.length === 0
        ? undefined
        : {
            reads: [...rest.map(({ value }) => value), step.output],
            writes: [step.output],
            lower: (lower, operand) =>
              combine(
                lower,
                rest.map(({ coefficient }) => coefficient),
                operand(step.output),
                rest.map(({ value }) => operand(value)),
                true,
              ),
          },
    );
  }

  function fuseProducts(step: StepOf<'channelInnerProduct'>): void {
    const [g, y] = step.operands;
    const twin = steps.find(
      (other): other is StepOf<'standardizeGradient'> =>
        other.primitive === 'standardizeGradient' &&
        other.operands[0] === g &&
        other.operands[1] === y &&
        !replaced.has(other),
    );
    if (!twin || !sameShape(shapeOf(g), shapeOf(twin.output))) return;
    const operation: Operation = {
      reads: twin.operands,
      writes: [twin.output, step.output],
      lower: (lower, operand) =>
        standardizeGradientWith(lower, operand(twin.output), operand(step.output), twin.operands.map(operand)),
    };
    // Where the later one stood: by then all operands are there. A reader of the earlier one may not come before.
    const [first, last] = steps.indexOf(step) < steps.indexOf(twin) ? [step, twin] : [twin, step];
    const between = steps.slice(steps.indexOf(first) + 1, steps.indexOf(last));
    const early = between.some(({ operands }) => operands.includes(first.output));
    if (!early) {
      replaced.set(first, undefined);
      replaced.set(last, operation);
    } else if (first === twin) {
      replaced.set(first, operation);
      replaced.set(last, undefined);
    }
  }

  return steps.flatMap((step): Operation[] => {
    if (!replaced.has(step)) {
      return [
        {
          reads: step.operands,
          writes: [step.output],
          lower: (lower, operand) => lowerPrimitive(lower, step, operand(step.output), step.operands.map(operand)),
        },
      ];
    }
    const operation = replaced.get(step);
    return operation ? [operation] : [];
  });
}
