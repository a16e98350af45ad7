import { jacobian } from '../../autodiff/index.ts';
import { type Mode, type Module, Trace } from '../../nn/index.ts';
import type { KernelOutputs, ParameterChoice } from '../../ntk/index.ts';
import { cast, ndarray, type NDArray, Program, referenceBackend, sizeOf } from '../../tensor/index.ts';

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

  static async compile(network: Module, shape: readonly number[], mode: Mode): Promise<JacobianByDefinition> {
    const trace = new Trace(network, shape, { mode });
    const parameters = trace.parameters(network);
    const rows = jacobian(trace.y, [...parameters.values()]);
    const varying = [trace.x, ...trace.variables().keys()];
    const program = await Program.compile(rows, { varying, backend: referenceBackend });
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

/** The whole Jacobian of a network for a batch. */
export async function wholeJacobian(network: Module, x: NDArray, mode: Mode): Promise<WholeJacobian> {
  const program = await JacobianByDefinition.compile(network, x.shape, mode);
  try {
    return await program.run(x);
  } finally {
    program.dispose();
  }
}

/** Θ by the definition: sums of products of entries of two Jacobians. */
export function kernelByDefinition(
  a: WholeJacobian,
  b: WholeJacobian,
  outputs: KernelOutputs,
  choice: ParameterChoice,
): NDArray {
  const accepts = (name: string) => {
    if (typeof choice === 'function') return choice(name);
    return choice === 'all' || (choice === 'weight' ? name.includes('weight') : choice.test(name));
  };
  const names = [...a.rows.keys()].filter(accepts);
  const first = rowsFor(a, names, outputs);
  const second = rowsFor(b, names, outputs);
  const data = first.flatMap((x) => second.map((y) => x.reduce((sum, value, p) => sum + value * y[p], 0)));
  return ndarray(data, [first.length, second.length]);
}

/** The rows whose products are the kernel: for `trace` those of all outputs of a sample one after another. */
function rowsFor(
  { samples, outputs: count, rows }: WholeJacobian,
  names: readonly string[],
  outputs: KernelOutputs,
): number[][] {
  const row = (i: number, k: number): number[] =>
    names.flatMap((name) => {
      const { data, shape } = rows.get(name)!;
      return [...data.subarray((i * count + k) * shape[1], (i * count + k + 1) * shape[1])];
    });
  const all = Array.from({ length: count }, (_, k) => k);
  return Array.from({ length: samples }, (_, i) => i).flatMap((i): number[][] => {
    const each = all.map((k) => row(i, k));
    if (outputs === 'full') return each;
    if (outputs === 'trace') return [each.flat()];
    if (outputs === 'sum') return [each[0].map((_, p) => each.reduce((sum, values) => sum + values[p], 0))];
    return [each[outputs]];
  });
}
