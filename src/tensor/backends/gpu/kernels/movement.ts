import { type KernelText, type Lanes, lanes, plus } from '../kernelText.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';
import { mapViews, perLane } from '../strided.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../../shape.ts';
import type { MovementPrimitives, PadAttributes } from '../../../primitives/movement.ts';

/** Strides of an operand under the output's leading dimensions, followed by its own core dimensions. */
function stridesUnder(operand: Operand, leading: Shape, coreRank: number): readonly number[] {
  const core = operand.shape.slice(operand.shape.length - coreRank);
  return broadcastStrides(operand.shape, [...leading, ...core]);
}

function leadingOf(output: Operand, coreRank: number): Shape {
  return output.shape.slice(0, output.shape.length - coreRank);
}

/** Copies a strided view of the operand. */
function copy(
  lower: Lowering,
  output: Operand,
  shape: Shape,
  operand: Operand,
  strides: readonly number[],
  offset = 0,
): void {
  mapViews(lower, output, shape, [{ operand, strides, offset }], (x) => x);
}

/** Zeros around and between the elements of an operand. */
export function padKernel(lower: Lowering, { before, interior }: PadAttributes, output: Operand, x: Operand): void {
  const rank = before.length;
  const leading = leadingOf(output, rank);
  const core = x.shape.slice(x.shape.length - rank);
  const strides = stridesUnder(x, leading, rank);
  lower.kernel(output, [x], (k) =>
    perLane(k, sizeOf(output.shape), (position) => {
      const at = k.coordinates(position, output.shape);
      const outside: string[] = [];
      const terms: string[] = [];
      at.forEach((coordinate, d) => {
        const i = d - leading.length;
        let from = coordinate;
        if (i >= 0) {
          const extent = output.shape[d];
          const last = before[i] + (core[i] - 1) * (interior[i] + 1);
          // Where the coordinate lies before the first or after the last element, another one is read and dropped.
          if (before[i] > 0) outside.push(`${coordinate} < ${before[i]}`);
          if (last < extent - 1) outside.push(`${coordinate} > ${last}`);
          const shifted = k.value(`Math.min(Math.max(${plus(coordinate, -before[i])}, 0), ${last - before[i]})`);
          const [quotient, remainder] = k.divide(shifted, interior[i] + 1);
          if (interior[i] > 0) outside.push(`${remainder} > 0.5`);
          from = quotient;
        }
        if (strides[d] !== 0) terms.push(strides[d] === 1 ? from : `${from} * ${strides[d]}`);
      });
      const value = k.element(0, k.value(terms.length === 0 ? '0' : terms.join(' + ')));
      return outside.length === 0 ? value : k.value(`((${outside.join(' || ')}) ? 0.0 : ${value})`);
    }),
  );
}

/** A part of a concatenation: an operand and where it begins along the axis. */
interface Part {
  readonly operand: Operand;
  readonly start: number;
}

/** Writes parts into what an earlier pass has written, if one has. */
function concatenatePass(
  lower: Lowering,
  axis: number,
  output: Operand,
  before: Operand | undefined,
  parts: readonly Part[],
): void {
  const shape = output.shape;
  const d = shape.length + axis;
  const inner = sizeOf(shape.slice(d + 1));
  const leading = shape.slice(0, d);
  // A texel belongs to one part if every boundary between parts lies between texels.
  const whole = [...parts.map(({ start }) => start), shape[d]].every((start) => (start * inner) % 4 === 0);
  const unit = whole ? 4 : 1;
  const operands = [...parts.map(({ operand }) => operand), ...(before ? [before] : [])];
  const under = parts.map(({ operand }) => stridesUnder(operand, leading, -axis).slice(0, d));
  const read = (k: KernelText, position: string, fetch: (operand: number, at: string) => Lanes): Lanes => {
    const [outer, along] = k.divide(position, (shape[d] * inner) / unit);
    const base = k.offsets(
      outer,
      leading,
      under.map((strides) => strides.map((s) => s / unit)),
    );
    const values = parts.map(({ operand, start }, i) => {
      const size = (operand.shape[operand.shape.length + axis] * inner) / unit;
      const own = k.value(`Math.min(Math.max(${plus(along, -(start * inner) / unit)}, 0), ${size - 1})`);
      return fetch(i, k.value(base[i] === '0' ? own : `${base[i]} + ${own}`));
    });
    const rest = before ? fetch(parts.length, position) : values[0];
    return lanes((lane) =>
      parts.reduce((otherwise, { operand, start }, i) => {
        const end = start + operand.shape[operand.shape.length + axis];
        const inside = `${along} > ${(start * inner) / unit - 0.5} && ${along} < ${(end * inner) / unit - 0.5}`;
        return k.value(`(${inside} ? ${values[i][lane]} : ${otherwise})`);
      }, rest[lane]),
    );
  };
  lower.kernel(output, operands, (k) => {
    if (whole) return read(k, k.t, (operand, at) => k.texel(operand, at));
    return perLane(k, sizeOf(shape), (position) => {
      return read(k, position, (operand, at) => {
        const value = k.element(operand, at);
        return [value, value, value, value];
      })[0];
    });
  });
}

export const movementGpu: { [P in keyof MovementPrimitives]: GpuKernel<MovementPrimitives[P]> } = {
  reshape(lower, { from, to }, output, [x]) {
    const leading = leadingOf(output, to.length);
    copy(lower, output, [...leading, ...from], x, stridesUnder(x, leading, from.length));
  },
  broadcastTo(lower, { from, to }, output, [x]) {
    const leading = leadingOf(output, to.length);
    const strides = stridesUnder(x, leading, from.length);
    copy(lower, output, output.shape, x, [...strides.slice(0, leading.length), ...broadcastStrides(from, to)]);
  },
  transpose(lower, { permutation }, output, [x]) {
    const leading = leadingOf(output, permutation.length);
    const strides = stridesUnder(x, leading, permutation.length);
    const core = permutation.map((axis) => strides[leading.length + axis]);
    copy(lower, output, output.shape, x, [...strides.slice(0, leading.length), ...core]);
  },
  slice(lower, { start, step }, output, [x]) {
    const leading = leadingOf(output, start.length);
    const strides = stridesUnder(x, leading, start.length);
    const offset = start.reduce((at, s, i) => at + s * strides[leading.length + i], 0);
    const stepped = strides.map((stride, d) => (d < leading.length ? stride : stride * step[d - leading.length]));
    copy(lower, output, output.shape, x, stepped, offset);
  },
  pad: (lower, attributes, output, [x]) => padKernel(lower, attributes, output, x),
  concatenate(lower, { axis }, output, operands) {
    let start = 0;
    let parts = operands.map((operand): Part => {
      const part = { operand, start };
      start += operand.shape[operand.shape.length + axis];
      return part;
    });
    // Besides what was put together before.
    const most = lower.dialect.mostOperands - 1;
    let before: Operand | undefined;
    while (parts.length > 0) {
      const now = parts.slice(0, most);
      parts = parts.slice(most);
      const target = parts.length === 0 ? output : lower.scratch(output.shape);
      concatenatePass(lower, axis, target, before, now);
      before = target;
    }
  },
};
