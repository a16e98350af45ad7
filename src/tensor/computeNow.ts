import { allocate, type NDArray } from './array.ts';
import { compute } from './backends/reference/index.ts';
import { fuseChains, keptValues } from './chains.ts';
import { planEvaluation } from './plan.ts';
import { sizeOf } from './shape.ts';
import type { Tensor } from './tensor.ts';

/**
 * The values of expressions of constants, at once and on the calling thread: for shapes, indices and small tables, which
 * further expressions are built from. What takes time belongs to `evaluate`.
 *
 * @throws InputError when an expression depends on an input.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3], [3]));
 * const [total] = computeNow([sum(multiply(x, x))]); // no await
 * console.log(total.data[0]); // 14
 */
export function computeNow(outputs: readonly Tensor[]): NDArray[] {
  const { plan } = planEvaluation(outputs, []);
  const values = plan.values.map(({ constant }) => constant);
  for (const item of fuseChains<never>(plan.fixedSteps, plan.values, keptValues(plan))) {
    const { shape, dtype } = plan.values[item.output];
    const output: NDArray = { shape, dtype, data: allocate(dtype, sizeOf(shape)) };
    compute(
      item,
      output,
      item.operands.map((value) => values[value]!),
    );
    values[item.output] = output;
  }
  return plan.outputs.map((value) => values[value]!);
}
