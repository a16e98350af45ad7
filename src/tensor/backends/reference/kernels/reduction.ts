import type { Kernel } from '../kernel.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../../shape.ts';
import { forEachRow } from '../../../strided.ts';
import type { ReductionPrimitives } from '../../../primitives/reduction.ts';

export const reductionKernels: { [P in keyof ReductionPrimitives]: Kernel<ReductionPrimitives[P]> } = {
  sum({ axes }, output, [x]) {
    const coreRank = -Math.min(...axes);
    const core = x.shape.slice(x.shape.length - coreRank);
    const leading: Shape = output.shape.slice(0, output.shape.length - (coreRank - axes.length));
    const shape = [...leading, ...core];
    // The output seen under the operand's dimensions: standing still along those that are summed.
    const kept = stridesOf(output.shape);
    let next = leading.length;
    const into = [...kept.slice(0, next), ...core.map((_, i) => (axes.includes(i - coreRank) ? 0 : kept[next++]))];

    const total = new Float64Array(sizeOf(output.shape));
    forEachRow(shape, [into, broadcastStrides(x.shape, shape)], ([to, from], [stepTo, stepFrom], length) => {
      for (let i = 0; i < length; i++) total[to + i * stepTo] += x.data[from + i * stepFrom];
    });
    output.data.set(total);
  },
};
