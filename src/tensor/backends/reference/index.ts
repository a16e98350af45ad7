import { BackendError } from '../../../errors.ts';
import { Queue } from '../../../queue.ts';
import { nextTurn, turnIsDue } from '../../../turns.ts';
import { allocate, type DType, type FloatArray, type NDArray } from '../../array.ts';
import type { Arguments, Backend, Executable } from '../../backend.ts';
import { releases } from '../../liveness.ts';
import { fuseChains, isPass, keptValues, type Pass, useOfItem, type WholeStep } from '../../chains.ts';
import { lastingValues, type Plan } from '../../plan.ts';
import { convolutionKernels } from './kernels/convolution.ts';
import { castKernels } from './kernels/cast.ts';
import { eigenKernels, loadSolver } from './kernels/eigen.ts';
import type { Attributes } from '../../primitives/index.ts';
import { computeElementwise, loadFunctions } from './elementwise.ts';
import { indexingKernels } from './kernels/indexing.ts';
import { movementKernels } from './kernels/movement.ts';
import { normalizationKernels } from './kernels/normalization.ts';
import { poolingKernels } from './kernels/pooling.ts';
import { productKernels } from './kernels/product.ts';
import { reductionKernels } from './kernels/reduction.ts';
import { sizeOf } from '../../shape.ts';
import type { Kernel } from './kernel.ts';

/** The kernel of every primitive that is no element-wise expression. Leave one out and the build fails. */
const kernels: { readonly [P in WholeStep['primitive']]: Kernel<Attributes[P]> } = {
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
  /** What is computed, of either stage. */
  readonly #items: readonly (readonly (WholeStep | Pass)[])[];
  /** The values that die with each of these. */
  readonly #releases: readonly (readonly (readonly number[])[])[];
  /** Which values of the plan varying steps compute: their buffers leave with the outputs. */
  readonly #fresh: ReadonlySet<number>;
  /** Bindings and runs, which work on the same values and let others go on between steps. */
  readonly #queue = new Queue();
  #disposed = false;

  private constructor(plan: Plan, items: readonly (readonly (WholeStep | Pass)[])[]) {
    this.#plan = plan;
    this.#values = plan.values.map(({ constant }) => constant);
    this.#items = items;
    const stages = this.#items.map((items) => ({ operations: items.map(useOfItem) }));
    this.#releases = releases(stages, lastingValues(plan));
    this.#fresh = new Set(plan.varyingSteps.map(({ output }) => output));
  }

  static async load(plan: Plan): Promise<ReferenceExecutable> {
    const kept = keptValues(plan);
    const items = [plan.fixedSteps, plan.varyingSteps].map((steps) => fuseChains<never>(steps, plan.values, kept));
    for (const item of items.flat()) await loadFor(item, plan.values);
    return new ReferenceExecutable(plan, items);
  }

  bind(fixed: readonly (NDArray | undefined)[], signal?: AbortSignal): Promise<void> {
    return this.#queue.run(async () => {
      this.#checkUsable();
      this.#plan.fixedInputs.forEach((value, i) => (this.#values[value] = fixed[i] ?? this.#values[value]));
      await this.#execute(0, signal);
      for (const { input, value } of this.#plan.carried) this.#values[input] = this.#values[value];
    });
  }

  carried(): Promise<NDArray[]> {
    return this.#queue.run(() => {
      this.#checkUsable();
      return Promise.resolve(this.#plan.carried.map(({ input }) => copyOf(this.#values[input]!)));
    });
  }

  run(varying: Arguments, signal?: AbortSignal): Promise<NDArray[]> {
    return this.#queue.run(() => this.#run(varying, signal));
  }

  async runBlocks(
    blocks: Iterable<Arguments>,
    consume: (block: number, outputs: readonly NDArray[]) => void,
    _: unknown,
    signal?: AbortSignal,
  ): Promise<void> {
    let count = 0;
    for (const block of blocks) {
      const outputs = await this.run(block, signal);
      consume(count++, outputs);
      for (const { data } of outputs) this.#pool.give(data);
    }
  }

  #checkUsable(): void {
    if (this.#disposed) throw new BackendError('backend reference: this program has been disposed');
  }

  dispose(): void {
    this.#disposed = true;
    this.#values.fill(undefined);
  }

  async #run(varying: Arguments, signal: AbortSignal | undefined): Promise<NDArray[]> {
    this.#checkUsable();
    this.#plan.varyingInputs.forEach((value, i) => (this.#values[value] = varying[i]));
    await this.#execute(1, signal);
    return this.#plan.outputs.map((value, i) => {
      const array = this.#values[value]!;
      const first = this.#plan.outputs.indexOf(value) === i;
      return this.#fresh.has(value) && first ? array : copyOf(array);
    });
  }

  /** Computes a stage. Timers and input are let through between steps: a computation may take minutes. */
  async #execute(stage: 0 | 1, signal: AbortSignal | undefined): Promise<void> {
    for (const [i, item] of this.#items[stage].entries()) {
      if (turnIsDue()) await nextTurn(signal);
      this.#checkUsable();
      this.#compute(item, this.#releases[stage][i]);
    }
  }

  #compute(item: WholeStep | Pass, released: readonly number[]): void {
    const { shape, dtype } = this.#plan.values[item.output];
    const output: NDArray = { shape, dtype, data: this.#pool.take(dtype, sizeOf(shape)) };
    const operands = item.operands.map((value) => this.#values[value]!);
    compute(item, output, operands);
    this.#values[item.output] = output;
    for (const value of released) {
      this.#pool.give(this.#values[value]!.data);
      this.#values[value] = undefined;
    }
  }
}

function copyOf(array: NDArray): NDArray {
  return { ...array, data: array.data.slice() };
}

/** Loads what {@link compute} needs for a step or a pass and most do not. */
export async function loadFor(item: WholeStep | Pass, values: Plan['values']): Promise<void> {
  if (isPass(item)) await loadFunctions(item.expression);
  else if (item.primitive === 'eigenvalues' || item.primitive === 'eigenvectors') {
    await loadSolver(values[item.operands[0]].shape.at(-1)!);
  }
}

/** Computes a step or a pass, in the precision of its operands, into a given output. */
export function compute(item: WholeStep | Pass, output: NDArray, operands: readonly NDArray[]): void {
  if (isPass(item)) computeElementwise(item.expression, output, operands);
  else callKernel(item, output, operands);
}

function callKernel<P extends WholeStep['primitive']>(
  { primitive, attributes }: { primitive: P; attributes: Attributes[P] },
  output: NDArray,
  operands: readonly NDArray[],
): void {
  const kernel: Kernel<Attributes[P]> = kernels[primitive];
  kernel(attributes, output, operands);
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
  compile: (plan) => ReferenceExecutable.load(plan),
  close: () => Promise.resolve(),
};
