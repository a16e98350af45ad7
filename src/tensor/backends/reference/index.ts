import { allocate, type DType, type FloatArray, type NDArray } from '../../array.ts';
import type { Arguments, Backend, Executable } from '../../backend.ts';
import { releases } from '../../liveness.ts';
import { type Plan, type Step, useOf } from '../../plan.ts';
import { convolutionKernels } from './kernels/convolution.ts';
import { castKernels } from './kernels/cast.ts';
import { type ElementwiseName, isElementwise, scalarExpression } from '../../primitives/elementwise/index.ts';
import { eigenKernels } from './kernels/eigen.ts';
import type { Attributes, PrimitiveName } from '../../primitives/index.ts';
import { computeElementwise } from './elementwise.ts';
import { indexingKernels } from './kernels/indexing.ts';
import { movementKernels } from './kernels/movement.ts';
import { normalizationKernels } from './kernels/normalization.ts';
import { poolingKernels } from './kernels/pooling.ts';
import { productKernels } from './kernels/product.ts';
import { reductionKernels } from './kernels/reduction.ts';
import { sizeOf } from '../../shape.ts';
import type { Kernel } from './kernel.ts';

/** The kernel of every primitive that is no element-wise expression. Leave one out and the build fails. */
const kernels: { readonly [P in Exclude<PrimitiveName, ElementwiseName>]: Kernel<Attributes[P]> } = {
  ...convolutionKernels,
  ...normalizationKernels,
  ...poolingKernels,
  ...castKernels,
  ...indexingKernels,
  ...movementKernels,
  ...reductionKernels,
  ...productKernels,
  ...eigenKernels,
};

/** Buffers that no value uses any more, ready for the next value of their size. */
class BufferPool {
  readonly #free = new Map<string, FloatArray[]>();

  take(dtype: DType, size: number): FloatArray {
    return this.#free.get(`${dtype} ${size}`)?.pop() ?? allocate(dtype, size);
  }

  give(data: FloatArray): void {
    const key = `${data instanceof Float32Array ? 'float32' : 'float64'} ${data.length}`;
    const list = this.#free.get(key);
    if (list) list.push(data);
    else this.#free.set(key, [data]);
  }
}

class ReferenceExecutable implements Executable {
  readonly #plan: Plan;
  readonly #pool = new BufferPool();
  readonly #values: (NDArray | undefined)[];
  /** The values that die with each step, of either stage. */
  readonly #releases: readonly (readonly (readonly number[])[])[];
  /** Which values of the plan varying steps compute: their buffers leave with the outputs. */
  readonly #fresh: ReadonlySet<number>;

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#values = plan.values.map(({ constant }) => constant);
    const stages = [plan.fixedSteps, plan.varyingSteps].map((steps) => ({ operations: steps.map(useOf) }));
    this.#releases = releases(stages, plan.outputs);
    this.#fresh = new Set(plan.varyingSteps.map(({ output }) => output));
  }

  bind(fixed: Arguments): Promise<void> {
    return attempt(() => {
      this.#plan.fixedInputs.forEach((value, i) => (this.#values[value] = fixed[i]));
      this.#plan.fixedSteps.forEach((step, i) => this.#execute(step, this.#releases[0][i]));
    });
  }

  run(varying: Arguments): Promise<NDArray[]> {
    return attempt(() => this.#run(varying));
  }

  async runBlocks(
    blocks: Iterable<Arguments>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
  ): Promise<void> {
    let count = 0;
    for (const block of blocks) {
      const outputs = this.#run(block);
      consume(count++, outputs);
      for (const { data } of outputs) this.#pool.give(data);
      // Lets timers and input through: a sweep over many blocks may take minutes.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  dispose(): void {
    this.#values.fill(undefined);
  }

  #run(varying: Arguments): NDArray[] {
    this.#plan.varyingInputs.forEach((value, i) => (this.#values[value] = varying[i]));
    this.#plan.varyingSteps.forEach((step, i) => this.#execute(step, this.#releases[1][i]));
    return this.#plan.outputs.map((value, i) => {
      const array = this.#values[value]!;
      const first = this.#plan.outputs.indexOf(value) === i;
      return this.#fresh.has(value) && first ? array : { ...array, data: array.data.slice() };
    });
  }

  #execute(step: Step, released: readonly number[]): void {
    const { shape, dtype } = this.#plan.values[step.output];
    const output: NDArray = { shape, dtype, data: this.#pool.take(dtype, sizeOf(shape)) };
    const operands = step.operands.map((value) => this.#values[value]!);
    callKernel(step, output, operands);
    this.#values[step.output] = output;
    for (const value of released) {
      this.#pool.give(this.#values[value]!.data);
      this.#values[value] = undefined;
    }
  }
}

/** Computes one step, in the precision of its operands, into an output that is there. */
export function callKernel(step: Step, output: NDArray, operands: readonly NDArray[]): void {
  if (isElementwise(step)) computeElementwise(scalarExpression(step), output, operands);
  else callWhole(step, output, operands);
}

function callWhole<P extends Exclude<PrimitiveName, ElementwiseName>>(
  { primitive, attributes }: { primitive: P; attributes: Attributes[P] },
  output: NDArray,
  operands: readonly NDArray[],
): void {
  const kernel: Kernel<Attributes[P]> = kernels[primitive];
  kernel(attributes, output, operands);
}

/** A synchronous computation as a promise: what it throws rejects. */
function attempt<T>(compute: () => T): Promise<T> {
  return new Promise((resolve) => resolve(compute()));
}

/**
 * The definition of every primitive: plain loops that can be checked against the formula, on one thread, in float64 or
 * float32.
 */
export const referenceBackend: Backend = {
  name: 'reference',
  device: 'one thread of plain loops',
  dtypes: ['float64', 'float32'],
  parallelism: 1,
  compile: (plan) => Promise.resolve(new ReferenceExecutable(plan)),
  close: () => Promise.resolve(),
};
