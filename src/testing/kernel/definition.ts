import { jacobian } from '../../autodiff/index.ts';
import { type Mode, type Module, Trace } from '../../nn/index.ts';
import type { KernelOutputs, ParameterChoice } from '../../ntk/index.ts';
import { type Backend, cast, ndarray, type NDArray, Program, referenceBackend, sizeOf } from '../../tensor/index.ts';

/** The whole Jacobian of a batch by one block of N·K rows in float64: no blocks, no vmap, no recycled memory. */
export interface WholeJacobian {
  readonly samples: number;
  /** K */
  readonly outputs: number;
  /** By parameter name: [N·K, size]. */
  readonly rows: ReadonlyMap<string, NDArray>;
}

/** Computes Jacobians of a network for batches of one shape, of changed weights and batches too. */
export class JacobianByDefinition {
  readonly trace: Trace;
  readonly #names: readonly string[];
  readonly #program: Program;

  private constructor(trace: Trace, names: readonly string[], program: Program) {
    this.trace = trace;
    this.#names = names;
    this.#program = program;
  }

  /** @param backend whose float64 it is computed in: plain loops by default. */
  static async compile(
    network: Module,
    shape: readonly number[],
    mode: Mode,
    backend: Backend = referenceBackend,
  ): Promise<JacobianByDefinition> {
    const trace = new Trace(network, shape, { mode });
    const parameters = trace.parameters(network);
    const rows = jacobian(trace.y, [...parameters.values()]);
    const varying = [trace.x, ...trace.variables().keys()];
    const program = await Program.compile(rows, { varying, backend });
    await program.bind();
    return new JacobianByDefinition(trace, [...parameters.keys()], program);
  }

  /**
   * @param change of every number of weights and batch; none by default.
   */
  async run(x: NDArray, change: (value: NDArray) => NDArray = (value) => value): Promise<WholeJacobian> {
    const feeds = [...this.trace.variables(), [this.trace.x, cast(x, 'float64')] as const];
    const changed = new Map(feeds.map(([tensor, value]) => [tensor, change(value)] as const));
    const blocks = await this.#program.run(changed);
    const rows = new Map(
      blocks.map(({ shape: [count, ...shape], data }, k) => {
        return [this.#names[k], ndarray(data, [count, sizeOf(shape)])] as const;
      }),
    );
    const [samples] = x.shape;
    return { samples, outputs: sizeOf(this.trace.y.shape) / samples, rows };
  }

  dispose(): void {
    this.#program.dispose();
  }
}

/**
 * The whole Jacobian of a network for a batch.
 *
 * @example
 * const { samples, outputs, rows } = await wholeJacobian(network, images, 'eval');
 * console.log(samples, outputs, [...rows.keys()]); // 4 3 [ '0.weight', '0.bias', '2.weight', '2.bias' ]
 */
export async function wholeJacobian(network: Module, x: NDArray, mode: Mode): Promise<WholeJacobian> {
  const program = await JacobianByDefinition.compile(network, x.shape, mode);
  try {
    return await program.run(x);
  } finally {
    program.dispose();
  }
}

/**
 * Θ by the definition: sums of products of entries of two Jacobians.
 *
 * @example
 * const jacobian = await wholeJacobian(network, images, 'eval');
 * const byDefinition = kernelByDefinition(jacobian, jacobian, 'trace', 'all');
 * const { kernel } = await tangentKernel(network, images);
 * console.log(relativeError(kernel, byDefinition) < 1e-5); // true
 */
export function kernelByDefinition(
  a: WholeJacobian,
  b: WholeJacobian,
  outputs: KernelOutputs,
  choice: ParameterChoice,
): NDArray {
  const names = [...a.rows.keys()].filter((name) => isChosen(name, choice));
  const first = rowsFor(a, names, outputs);
  const second = a === b ? first : rowsFor(b, names, outputs);
  const product = (x: Float64Array, y: Float64Array) => {
    let sum = 0;
    for (let p = 0; p < x.length; p++) sum += x[p] * y[p];
    return sum;
  };
  const data = first.flatMap((x) => second.map((y) => product(x, y)));
  return ndarray(data, [first.length, second.length]);
}

/** Whether a kernel is of the parameter of this name. */
export function isChosen(name: string, choice: ParameterChoice): boolean {
  if (typeof choice === 'function') return choice(name);
  return choice === 'all' || (choice === 'weight' ? name.includes('weight') : choice.test(name));
}

/** The rows whose products are the kernel: for `trace` those of all outputs of a sample one after another. */
function rowsFor(
  { samples, outputs: count, rows }: WholeJacobian,
  names: readonly string[],
  outputs: KernelOutputs,
): Float64Array[] {
  const parts = names.map((name) => rows.get(name)!);
  const size = parts.reduce((sum, { shape }) => sum + shape[1], 0);
  /** The gradient of output k of sample i. */
  const row = (i: number, k: number): Float64Array => {
    const whole = new Float64Array(size);
    let at = 0;
    for (const { data, shape } of parts) {
      whole.set(data.subarray((i * count + k) * shape[1], (i * count + k + 1) * shape[1]), at);
      at += shape[1];
    }
    return whole;
  };
  const all = Array.from({ length: count }, (_, k) => k);
  return Array.from({ length: samples }, (_, i) => i).flatMap((i): Float64Array[] => {
    if (typeof outputs === 'number') return [row(i, outputs)];
    const each = all.map((k) => row(i, k));
    if (outputs === 'full') return each;
    if (outputs === 'sum') return [each[0].map((_, p) => each.reduce((sum, values) => sum + values[p], 0))];
    const whole = new Float64Array(size * count);
    each.forEach((values, k) => whole.set(values, k * size));
    return [whole];
  });
}
