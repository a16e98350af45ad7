import type { Mode, Module } from '../../nn/index.ts';
import { Trace } from '../../nn/index.ts';
import { cast, type NDArray, ndarray, Program, referenceBackend, sizeOf } from '../../tensor/index.ts';
import { largest, largestDifference } from '../arrays.ts';
import { kernelByDefinition, type WholeJacobian } from './definition.ts';
import type { CompleteImplementation } from './implementation.ts';

/** Two steps: the error of the smaller, of second order, is a third of what the two differ by. */
const STEPS = [2 ** -15, 2 ** -16] as const;

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
