import { behind } from '../calls.ts';
import { align, type WasmKernel } from '../lowering.ts';
import { walk } from '../walk.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../../shape.ts';
import type { ReductionPrimitives } from '../../../primitives/reduction.ts';

export const reductionWasm: { [P in keyof ReductionPrimitives]: WasmKernel<ReductionPrimitives[P]> } = {
  // Totals are float64, and rounded once at the end.
  sum(lower, { axes }, output, [x]) {
    const coreRank = -Math.min(...axes);
    const core = x.shape.slice(x.shape.length - coreRank);
    const leading: Shape = output.shape.slice(0, output.shape.length - (coreRank - axes.length));
    const shape = [...leading, ...core];
    const kept = stridesOf(output.shape);
    let next = leading.length;
    const into = [...kept.slice(0, next), ...core.map((_, i) => (axes.includes(i - coreRank) ? 0 : kept[next++]))];

    const size = sizeOf(output.shape);
    const counters = align(4 * shape.length); // `walk` counts its indices at the scratch's beginning
    const totals = behind(lower.scratch(counters + 8 * size), counters);
    lower.call('clear', totals, 8 * size);
    walk(
      lower,
      'sum',
      shape,
      { address: totals, steps: into.map((stride) => 8 * stride) },
      {
        address: x.address,
        steps: broadcastStrides(x.shape, shape).map((stride) => 4 * stride),
      },
    );
    walk(lower, 'narrow', [size], { address: output.address, steps: [4] }, { address: totals, steps: [8] });
  },
};
