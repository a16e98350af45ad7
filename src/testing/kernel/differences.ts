import type { Mode, Module } from '../../nn/index.ts';
import { Trace } from '../../nn/index.ts';
import { type Backend, cast, type NDArray, ndarray, Program, referenceBackend, sizeOf } from '../../tensor/index.ts';
import { largest, largestDifference } from '../arrays.ts';
import { isChosen, kernelByDefinition, type WholeJacobian } from './definition.ts';
import type { CompleteImplementation } from './implementation.ts';

/** Two steps: the error of the smaller, of second order, is a third of what the two differ by. */
const STEPS = [2 ** -15, 2 ** -16] as const;

/** Along a gradient, of the parameter that moves most: so small that units rarely cross their kinks. */
const SMALL_STEPS = [2 ** -20, 2 ** -21] as const;

/**
 * Θ by central differences of the outputs in float64: no derivative rule takes part.
 *
 * @returns the kernel by the smaller of two steps, and how far it may be off: what the steps differ by, and rounding of
 * the outputs, u·|f|/h in each entry of J.
 */
export async function differenceKernel(
  network: Module,
  x: NDArray,
  mode: Mode,
  { outputs, parameters }: CompleteImplementation,
): Promise<{ readonly theta: NDArray; readonly error: number }> {
  const trace = new Trace(network, x.shape, { mode });
  const variables = new Map(
    [...trace.variables()].map(([tensor, value]) => [tensor, { ...value, data: value.data.slice() }] as const),
  );
  const program = await Program.compile([trace.y], { varying: [...variables.keys()], backend: referenceBackend });
  try {
    await program.bind(new Map([[trace.x, cast(x, 'float64')]]));
    const evaluated = async () => (await program.run(variables))[0];
    const size = largest(await evaluated());
    const [samples] = x.shape;
    const count = sizeOf(trace.y.shape);
    const jacobians = STEPS.map(() => new Map<string, NDArray>());
    for (const [name, tensor] of trace.parameters(network)) {
      const { data } = variables.get(tensor)!;
      const rows = STEPS.map(() => new Float64Array(count * data.length));
      for (let e = 0; e < data.length; e++) {
        const old = data[e];
        for (const [s, step] of STEPS.entries()) {
          data[e] = old + step;
          const above = await evaluated();
          data[e] = old - step;
          const below = await evaluated();
          data[e] = old;
          for (let i = 0; i < count; i++) rows[s][i * data.length + e] = (above.data[i] - below.data[i]) / (2 * step);
        }
      }
      rows.forEach((each, s) => jacobians[s].set(name, ndarray(each, [count, data.length])));
    }
    const kernels = jacobians.map((rows) => {
      const whole: WholeJacobian = { samples, outputs: count / samples, rows };
      return kernelByDefinition(whole, whole, outputs, parameters);
    });
    const entries = [...jacobians[1].values()]
      .flatMap(({ data }) => [...data])
      .reduce((sum, entry) => sum + Math.abs(entry), 0);
    const rounding = 8 * 2 ** -53 * size * (entries / STEPS[1]);
    return { theta: kernels[1], error: largestDifference(kernels[0], kernels[1]) + rounding };
  } finally {
    program.dispose();
  }
}

/**
 * A column of Θ by what the kernel means: parameters move along the gradient of one sample, and central differences of the
 * outputs in float64 tell how fast those of every sample follow.
 *
 * @param jacobian of the network on x, whose rows say where the gradients point.
 * @param sample whose column it is.
 * @param backend whose float64 the outputs are computed in.
 * @returns the column, [N], by the smaller of two steps, and how far it may be off.
 */
export async function differenceColumn(
  network: Module,
  x: NDArray,
  mode: Mode,
  { outputs, parameters }: CompleteImplementation,
  jacobian: WholeJacobian,
  sample: number,
  backend: Backend,
): Promise<{ readonly column: Float64Array; readonly error: number }> {
  const trace = new Trace(network, x.shape, { mode });
  const values = new Map(trace.variables());
  const program = await Program.compile([trace.y], { varying: [...values.keys()], backend });
  try {
    await program.bind(new Map([[trace.x, cast(x, 'float64')]]));
    const moving = [...trace.parameters(network)].filter(([name]) => isChosen(name, parameters));
    const { samples, outputs: count } = jacobian;
    // Of the sum of the outputs there is one gradient; each output of `trace` has its own.
    const all = Array.from({ length: count }, (_, k) => k);
    const summed = outputs === 'sum' ? [all] : outputs === 'trace' ? all.map((k) => [k]) : [[outputs]];
    const columns = SMALL_STEPS.map(() => new Float64Array(samples));
    let rounding = 0;
    for (const together of summed) {
      const direction = new Map(
        moving.map(([name, tensor]) => {
          const { data, shape } = jacobian.rows.get(name)!;
          const rows = together.map((k) =>
            data.subarray((sample * count + k) * shape[1], (sample * count + k + 1) * shape[1]),
          );
          return [tensor, Float64Array.from(rows[0], (_, p) => rows.reduce((sum, row) => sum + row[p], 0))] as const;
        }),
      );
      const longest = Math.max(
        0,
        ...[...direction.values()].map((each) => largest({ data: each, dtype: 'float64', shape: [] })),
      );
      if (longest === 0) continue;
      const moved = async (by: number) => {
        const changed = [...values].map(([tensor, value]) => {
          const along = direction.get(tensor);
          return [
            tensor,
            along ? { ...value, data: Float64Array.from(along, (d, p) => value.data[p] + by * d) } : value,
          ] as const;
        });
        return (await program.run(new Map(changed)))[0].data;
      };
      for (const [s, step] of SMALL_STEPS.entries()) {
        const by = step / longest;
        const [above, below] = [await moved(by), await moved(-by)];
        for (let j = 0; j < samples; j++) {
          for (const k of together) {
            const [a, b] = [above[j * count + k], below[j * count + k]];
            columns[s][j] += (a - b) / (2 * by);
            if (s === SMALL_STEPS.length - 1) rounding += (64 * 2 ** -53 * (Math.abs(a) + Math.abs(b))) / by;
          }
        }
      }
    }
    const [coarse, fine] = columns;
    return { column: fine, error: Math.max(...fine.map((value, j) => Math.abs(value - coarse[j]))) + rounding };
  } finally {
    program.dispose();
  }
}
