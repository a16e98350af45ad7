import { atOnce } from '../../../turns.ts';
import { bytesOf, type DType } from '../../array.ts';
import { releases } from '../../liveness.ts';
import { lastingValues, type Plan } from '../../plan.ts';
import { sizeOf } from '../../shape.ts';
import type { Address, Call } from './calls.ts';
import { fuse } from './fuse.ts';
import { Layout } from './layout.ts';
import { type Constant, type EmittedFunctions, Lowering, type Operand } from './lowering.ts';

/** An array that enters or leaves a program. */
export interface Port {
  readonly address: Address;
  readonly dtype: DType;
  /** The number of elements. */
  readonly size: number;
}

/** A plan as calls of kernels on places in memory: plain data, which workers are sent. */
export interface WasmProgram {
  readonly constants: readonly Constant[];
  /** A list for each thread that computes the fixed stage; they wait for each other where the lists say. */
  readonly fixedCalls: readonly (readonly Call[])[];
  readonly varyingCalls: readonly Call[];
  readonly fixedInputs: readonly Port[];
  readonly varyingInputs: readonly Port[];
  readonly outputs: readonly Port[];
  /** Fixed inputs that have a value of the last binding. */
  readonly carried: readonly Port[];
  /** Bytes of each region. Constants and fixed values are shared by all workers; arena and scratch are a worker's own. */
  readonly bytes: {
    readonly constants: number;
    readonly fixed: number;
    readonly arena: number;
    readonly scratch: number;
  };
}

/** A lowered plan: the program, the functions that are to be emitted for it, and whether it calls kernels for float64. */
export interface LoweredPlan extends WasmProgram {
  readonly functions: EmittedFunctions;
  readonly wide: boolean;
}

/**
 * Lowers a plan and places all its arrays.
 *
 * @param threads how many compute the fixed stage together
 */
export function lowerPlan(plan: Plan, threads = 1): LoweredPlan {
  return atOnce(loweringOf(plan, threads));
}

/** As {@link lowerPlan}, with a pause after every operation. */
export function* loweringOf(plan: Plan, threads: number): Generator<void, LoweredPlan> {
  const { values, outputs, carried } = plan;
  const lowering = new Lowering();
  const fixed = fuse(plan.fixedSteps, plan);
  const varying = fuse(plan.varyingSteps, plan);
  const addresses = new Map<number, Address>();
  values.forEach(({ constant }, value) => {
    if (constant) addresses.set(value, lowering.constant(constant.data));
  });
  const operand = (value: number): Operand => ({ ...values[value], address: addresses.get(value)! });

  const stages = [
    { inputs: plan.fixedInputs, operations: fixed },
    { inputs: plan.varyingInputs, operations: varying },
  ];
  const released = releases(stages, lastingValues(plan));
  function* place(stage: 0 | 1, region: 'fixed' | 'arena', threads: number) {
    const layout = new Layout();
    const born = (value: number) => {
      if (addresses.has(value)) return;
      addresses.set(value, { region, offset: layout.take(bytesOf(values[value])) });
    };
    stages[stage].inputs.forEach(born);
    const calls = lowering.stage(threads);
    for (const [i, { writes, lower }] of stages[stage].operations.entries()) {
      writes.forEach(born);
      lower(lowering, operand);
      for (const value of released[stage][i]) layout.give(addresses.get(value)!.offset, bytesOf(values[value]));
      yield;
    }
    if (stage === 0) {
      for (const { input, value } of carried) {
        if (input === value) continue;
        lowering.call('copy', addresses.get(input)!, addresses.get(value)!, bytesOf(values[input]));
      }
    }
    return { calls, bytes: layout.size };
  }
  const first = yield* place(0, 'fixed', threads);
  const second = yield* place(1, 'arena', 1);

  const port = (value: number): Port => ({
    address: addresses.get(value)!,
    dtype: values[value].dtype,
    size: sizeOf(values[value].shape),
  });
  return {
    functions: lowering.functions,
    wide: lowering.wide,
    constants: lowering.constants,
    fixedCalls: first.calls,
    varyingCalls: second.calls[0],
    fixedInputs: plan.fixedInputs.map(port),
    varyingInputs: plan.varyingInputs.map(port),
    outputs: outputs.map(port),
    carried: carried.map(({ input }) => port(input)),
    bytes: {
      constants: lowering.constantBytes,
      fixed: first.bytes,
      arena: second.bytes,
      scratch: lowering.scratchBytes,
    },
  };
}
