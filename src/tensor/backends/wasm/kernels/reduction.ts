import { type DType, ELEMENT_BYTES } from '../../../array.ts';
import { advance } from '../calls.ts';
import { align, LINE, type Operand, type WasmKernel } from '../lowering.ts';
import { COPY, type View, walk } from '../walk.ts';
import { broadcastStrides, type Shape, sizeOf, stridesOf } from '../../../shape.ts';
import type { ReductionAttributes, ReductionPrimitives } from '../../../primitives/reduction.ts';

/** A maximum along one dimension at a time, neighbouring ones as one: [rows, count, inner] to [rows, inner]. */
const max: WasmKernel<ReductionAttributes> = (lower, { axes }, output, [x]) => {
  const rank = x.shape.length;
  const bytes = ELEMENT_BYTES[x.dtype];
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
  if (runs.length === 0) return walk(lower, COPY[x.dtype], x.shape, dense(output), dense(x));
  // Intermediate results lie in the scratch memory by turns.
  const size = align(bytes * sizeOf(x.shape));
  const scratch = runs.length > 1 ? lower.scratch(2 * size) : output.address;
  let from = x.address;
  let shape: Shape = x.shape;
  runs.forEach(({ first, end }, i) => {
    const to = i === runs.length - 1 ? output.address : advance(scratch, (i % 2) * size);
    const source = from;
    const [rows, count, inner] = [shape.slice(0, first), shape.slice(first, end), shape.slice(end)].map(sizeOf);
    const part = (start: number, many: number) => {
      const [into, at] = [advance(to, bytes * start * inner), advance(source, bytes * start * count * inner)];
      lower.callIn(x.dtype, 'maximum', into, at, many, count, inner);
    };
    // A thread's scratch memory is its own.
    if (runs.length > 1) part(0, rows);
    else lower.divide(rows, rows * count * inner, part, inner % LINE === 0 ? 1 : LINE);
    from = to;
    shape = [...shape.slice(0, first), ...shape.slice(end)];
  });
};

function dense({ address, shape, dtype }: Operand): View {
  return { address, steps: stepsOf(stridesOf(shape), dtype) };
}

/** Strides in bytes. */
function stepsOf(strides: readonly number[], dtype: DType): number[] {
  return strides.map((stride) => ELEMENT_BYTES[dtype] * stride);
}

export const reductionWasm: { [P in keyof ReductionPrimitives]: WasmKernel<ReductionPrimitives[P]> } = {
  max,
  // Totals are float64; those of float32 are rounded once at the end.
  sum(lower, { axes }, output, [x]) {
    const coreRank = -Math.min(...axes);
    const core = x.shape.slice(x.shape.length - coreRank);
    const leading: Shape = output.shape.slice(0, output.shape.length - (coreRank - axes.length));
    const shape = [...leading, ...core];
    const kept = stridesOf(output.shape);
    let next = leading.length;
    const into = [...kept.slice(0, next), ...core.map((_, i) => (axes.includes(i - coreRank) ? 0 : kept[next++]))];

    const wide = x.dtype === 'float64';
    const size = sizeOf(output.shape);
    const counters = align(4 * shape.length); // `walk` counts its indices at the scratch's beginning
    const totals = wide ? output.address : advance(lower.scratch(counters + 8 * size), counters);
    const from = { address: x.address, steps: stepsOf(broadcastStrides(x.shape, shape), x.dtype) };
    lower.call('clear', totals, 8 * size);
    walk(lower, wide ? 'sum64' : 'sum', shape, { address: totals, steps: stepsOf(into, 'float64') }, from);
    if (wide) return;
    walk(lower, 'narrow', [size], { address: output.address, steps: [4] }, { address: totals, steps: [8] });
  },
};
