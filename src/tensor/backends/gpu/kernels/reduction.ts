import type { GpuKernel } from '../lowering.ts';
import { perLane } from '../strided.ts';
import { broadcastStrides, sizeOf } from '../../../shape.ts';
import { joinDimensions } from '../../../strided.ts';
import type { ReductionPrimitives } from '../../../primitives/reduction.ts';

export const reductionGpu: { [P in keyof ReductionPrimitives]: GpuKernel<ReductionPrimitives[P]> } = {
  sum(lower, { axes }, output, [x]) {
    const coreRank = axes.length === 0 ? 0 : -Math.min(...axes);
    const core = x.shape.slice(x.shape.length - coreRank);
    const leading = output.shape.slice(0, output.shape.length - (coreRank - axes.length));
    const strides = broadcastStrides(x.shape, [...leading, ...core]);
    const summed = core.map((_, i) => axes.includes(i - coreRank));
    const along = strides.slice(leading.length);
    const over = joinDimensions(
      core.filter((_, i) => summed[i]),
      [along.filter((_, i) => summed[i])],
    );
    const kept = [...strides.slice(0, leading.length), ...along.filter((_, i) => !summed[i])];
    lower.kernel(output, [x], (k) =>
      perLane(k, sizeOf(output.shape), (position) => {
        const [at] = k.offsets(position, output.shape, [kept]);
        const total = k.variable();
        const nest = (d: number, from: string): void => {
          if (d === over.extents.length) k.line(`${total} = ${total} + ${k.element(0, from)};`);
          else k.loop(over.extents[d], (i) => nest(d + 1, k.value(`${from} + ${i} * ${over.strides[0][d]}`)));
        };
        nest(0, at);
        return total;
      }),
    );
  },
};
