import type { NDArray } from '../../../array.ts';
import type { Kernel } from '../kernel.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../../shape.ts';
import { forEachRow } from '../../../strided.ts';
import type { ReductionAttributes, ReductionPrimitives } from '../../../primitives/reduction.ts';

/**
 * Visits the operand row by row, beside the output seen under the operand's dimensions: it stands still along those that
 * are reduced.
 */
function reduce(
  { axes }: ReductionAttributes,
  output: NDArray,
  x: NDArray,
  visit: Parameters<typeof forEachRow>[2],
): void {
  const coreRank = axes.length === 0 ? 0 : -Math.min(...axes);
  const core = x.shape.slice(x.shape.length - coreRank);
  const leading: Shape = output.shape.slice(0, output.shape.length - (coreRank - axes.length));
  const shape = [...leading, ...core];
  const kept = stridesOf(output.shape);
  let next = leading.length;
  const into = [...kept.slice(0, next), ...core.map((_, i) => (axes.includes(i - coreRank) ? 0 : kept[next++]))];
  forEachRow(shape, [into, broadcastStrides(x.shape, shape)], visit);
}

export const reductionKernels: { [P in keyof ReductionPrimitives]: Kernel<ReductionPrimitives[P]> } = {
  sum(attributes, output, [x]) {
    const total = new Float64Array(sizeOf(output.shape));
    reduce(attributes, output, x, ([to, from], [stepTo, stepFrom], length) => {
      for (let i = 0; i < length; i++) total[to + i * stepTo] += x.data[from + i * stepFrom];
    });
    output.data.set(total);
  },
  max(attributes, output, [x]) {
    const { data } = output;
    data.fill(-Infinity);
    reduce(attributes, output, x, ([to, from], [stepTo, stepFrom], length) => {
      // Math.max lets NaN win, and 0 over −0.
      for (let i = 0; i < length; i++)
        data[to + i * stepTo] = Math.max(data[to + i * stepTo], x.data[from + i * stepFrom]);
    });
  },
};
