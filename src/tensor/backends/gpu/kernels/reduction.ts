import { MAX, SUM, type Fold, foldLoops } from '../pieces.ts';
import type { GpuKernel } from '../lowering.ts';
import { perLane } from '../strided.ts';
import { broadcastStrides, sizeOf } from '../../../shape.ts';
import { joinDimensions } from '../../../strided.ts';
import type { ReductionAttributes, ReductionPrimitives } from '../../../primitives/reduction.ts';

function reduction(fold: Fold): GpuKernel<ReductionAttributes> {
  return (lower, { axes }, output, [x]) => {
    const coreRank = axes.length === 0 ? 0 : -Math.min(...axes);
    const core = x.shape.slice(x.shape.length - coreRank);
    const leading = output.shape.slice(0, output.shape.length - (coreRank - axes.length));
    const strides = broadcastStrides(x.shape, [...leading, ...core]);
    const reduced = core.map((_, i) => axes.includes(i - coreRank));
    const along = strides.slice(leading.length);
    const over = joinDimensions(
      core.filter((_, i) => reduced[i]),
      [along.filter((_, i) => reduced[i])],
    );
    const kept = [...strides.slice(0, leading.length), ...along.filter((_, i) => !reduced[i])];
    const how = { fold, repeats: 4 };
    foldLoops(lower, output, [x], over.extents, how, (k, texel, piece) =>
      perLane(
        k,
        sizeOf(output.shape),
        (position) => {
          const [at] = k.offsets(position, output.shape, [kept]);
          const step = (from: string, d: number, i: string) => k.value(`${from} + ${i} * ${over.strides[0][d]}`);
          const first = () =>
            k.element(
              0,
              piece.first.reduce((from, i, d) => step(from, d, i), at),
            );
          const total = k.variable(fold.initial(first));
          const nest = (d: number, from: string): void => {
            if (d === over.extents.length) k.line(`${total} = ${fold.fold(total, k.element(0, from))};`);
            else piece.loop(d, (i) => nest(d + 1, step(from, d, i)));
          };
          nest(0, at);
          return total;
        },
        texel,
      ),
    );
  };
}

export const reductionGpu: { [P in keyof ReductionPrimitives]: GpuKernel<ReductionPrimitives[P]> } = {
  sum: reduction(SUM),
  max: reduction(MAX),
};
