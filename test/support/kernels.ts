import { jacobian } from '../../src/autodiff/index.ts';
import { type Mode, type Module, Trace } from '../../src/nn/index.ts';
import type { KernelOutputs, ParameterChoice } from '../../src/ntk/index.ts';
import { cast, evaluate, ndarray, type NDArray, sizeOf } from '../../src/tensor/index.ts';

/** The whole Jacobian of a batch by one block of N·K rows in float64: no blocks, no vmap, no recycled memory. */
export interface WholeJacobian {
  readonly samples: number;
  /** K */
  readonly outputs: number;
  /** By parameter name: [N·K, size]. */
  readonly rows: ReadonlyMap<string, NDArray>;
}

export async function wholeJacobian(network: Module, x: NDArray, mode: Mode): Promise<WholeJacobian> {
  const trace = new Trace(network, x.shape, { mode });
  const parameters = trace.parameters(network);
  const feeds = new Map([...trace.variables(), [trace.x, cast(x, 'float64')] as const]);
  const blocks = await evaluate(jacobian(trace.y, [...parameters.values()]), feeds);
  const names = [...parameters.keys()];
  const rows = new Map(
    blocks.map(({ shape: [count, ...shape], data }, k) => [names[k], ndarray(data, [count, sizeOf(shape)])] as const),
  );
  const [samples] = x.shape;
  return { samples, outputs: sizeOf(trace.y.shape) / samples, rows };
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
