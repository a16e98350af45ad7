import { lastingValues, type Plan, type Step } from '../../plan.ts';
import type { Shape } from '../../shape.ts';
import type { Lowering, Operand } from './lowering.ts';

// The input of the rules of fusion (fusionRules.ts), and what they find; fuse.ts runs them.

/** Something to be done at one place of a program: one step of the plan, or what several have become. */
export interface Operation {
  /** Values that must be there. */
  readonly reads: readonly number[];
  /** Values whose memory must be there; a value is born with the first operation that writes it. */
  readonly writes: readonly number[];
  readonly lower: (lower: Lowering, operand: (value: number) => Operand) => void;
}

/** A step of one primitive. */
export type StepOf<P extends Step['primitive']> = Extract<Step, { primitive: P }>;

/** What a rule has found. */
export interface Fusion {
  /** Steps that are no longer computed on their own. */
  readonly swallows: readonly Step[];
  /** What is computed instead, each at the place of one of those steps. */
  readonly operations: readonly { readonly at: Step; readonly operation: Operation }[];
}

/** Looks for steps that can be fused, from the one that ends them. */
export type FusionRule = (step: Step, context: FusionContext) => Fusion | undefined;

/** What rules ask of a stage; every answer takes constant time, or time in proportion to its length. */
export class FusionContext {
  readonly #values: Plan['values'];
  readonly #position = new Map<Step, number>();
  readonly #producer = new Map<number, Step>();
  readonly #readers = new Map<number, Step[]>();
  readonly #uses = new Map<number, number>();
  readonly #swallowed = new Set<Step>();

  constructor(stage: readonly Step[], plan: Plan) {
    const { values, fixedSteps, varyingSteps } = plan;
    this.#values = values;
    stage.forEach((step, i) => {
      this.#position.set(step, i);
      this.#producer.set(step.output, step);
      for (const value of new Set(step.operands)) {
        const readers = this.#readers.get(value);
        if (readers) readers.push(step);
        else this.#readers.set(value, [step]);
      }
    });
    // Uses of both stages: what the other one reads has to be computed.
    for (const { operands } of [...fixedSteps, ...varyingSteps]) operands.forEach((value) => this.#countUse(value));
    for (const value of lastingValues(plan)) this.#countUse(value);
  }

  #countUse(value: number): void {
    this.#uses.set(value, (this.#uses.get(value) ?? 0) + 1);
  }

  shape(value: number): Shape {
    return this.#values[value].shape;
  }

  /** The place of a step in the stage. */
  position(step: Step): number {
    return this.#position.get(step)!;
  }

  /** The step of this stage that computes a value, if there is one. */
  producer(value: number): Step | undefined {
    return this.#producer.get(value);
  }

  /** The step of this stage that computes a value, if the value has no second use. */
  soleProducer(value: number): Step | undefined {
    return this.#uses.get(value) === 1 ? this.#producer.get(value) : undefined;
  }

  /** The steps of this stage that read a value, in order. */
  readers(value: number): readonly Step[] {
    return this.#readers.get(value) ?? [];
  }

  /** Whether a fusion has taken a step already. */
  isSwallowed(step: Step): boolean {
    return this.#swallowed.has(step);
  }

  swallow(steps: readonly Step[]): void {
    for (const step of steps) this.#swallowed.add(step);
  }
}
