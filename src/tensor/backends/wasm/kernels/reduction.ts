import { type Address, advance } from '../calls.ts';
import { align, LINE, type Operand, type WasmKernel } from '../lowering.ts';
import { walk } from '../walk.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../../shape.ts';
import type { ReductionAttributes, ReductionPrimitives } from '../../../primitives/reduction.ts';

/** A maximum along one dimension at a time, neighbouring ones as one: [rows, count, inner] to [rows, inner]. */
const max: WasmKernel<ReductionAttributes> = (lower, { axes }, output, [x]) => {
  const rank = x.shape.length;
  const kept = x.shape.map((_, i) => !axes.includes(i - rank));
  // Runs of neighbouring dimensions that are reduced, the innermost first, so that the others stay where they are.
  const runs: { first: number; end: number }[] = [];
  for (let end = rank; end > 0; end--) {
    if (kept[end - 1]) continue;
    let first = end - 1;
    while (first > 0 && !kept[first - 1]) first--;
    runs.push({ first, end });
    end = first + 1;
  }
  if (runs.length === 0) return walk(lower, 'copy', x.shape, dense(output), dense(x));
  // Intermediate results lie in the scratch memory by turns.
  const size = align(4 * sizeOf(x.shape));
  const scratch = runs.length > 1 ? lower.scratch(2 * size) : output.address;
  let from = x.address;
  let shape: Shape = x.shape;
  runs.forEach(({ first, end }, i) => {
    const to = i === runs.length - 1 ? output.address : advance(scratch, (i % 2) * size);
    const source = from;
    const [rows, count, inner] = [shape.slice(0, first), shape.slice(first, end), shape.slice(end)].map(sizeOf);
    const part = (start: number, many: number) => {
      const [into, at] = [advance(to, 4 * start * inner), advance(source, 4 * start * count * inner)];
      lower.call('maximum', into, at, many, count, inner);
    };
    // A thread's scratch memory is its own.
    if (runs.length > 1) part(0, rows);
    else lower.divide(rows, rows * count * inner, part, inner % LINE === 0 ? 1 : LINE);
    from = to;
    shape = [...shape.slice(0, first), ...shape.slice(end)];
  });
};

function dense({ address, shape }: Operand): { address: Address; steps: number[] } {
  return { address, steps: stridesOf(shape).map((stride) => 4 * stride) };
}

export const reductionWasm: { [P in keyof ReductionPrimitives]: WasmKernel<ReductionPrimitives[P]> } = {
  max,
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
    const totals = advance(lower.scratch(counters + 8 * size), counters);
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
