import { bytesOf, ELEMENT_BYTES } from '../../../array.ts';
import { type Address, advance } from '../calls.ts';
import type { Lowering, Operand, WasmKernel } from '../lowering.ts';
import { COPY, walk } from '../walk.ts';
import { broadcastStrides, type Shape, stridesOf } from '../../../shape.ts';
import type { MovementPrimitives } from '../../../primitives/movement.ts';

/** An array as it is read or written, with strides in elements. */
interface Strided {
  readonly array: Operand;
  readonly offset: number;
  readonly strides: readonly number[];
}

// As in the reference: every primitive of this family is the copy of one strided view into another.
function copy(lower: Lowering, shape: Shape, to: Strided, from: Strided): void {
  const size = ELEMENT_BYTES[to.array.dtype];
  const view = ({ array, offset, strides }: Strided): { address: Address; steps: number[] } => ({
    address: advance(array.address, offset * size),
    steps: strides.map((stride) => stride * size),
  });
  walk(lower, COPY[to.array.dtype], shape, view(to), view(from));
}

function dense(array: Operand, shape: Shape = array.shape): Strided {
  return { array, offset: 0, strides: stridesOf(shape) };
}

/** An operand read under the output's leading dimensions, followed by its own core dimensions. */
function underLeading(array: Operand, leading: Shape, coreRank: number): Strided {
  const core = array.shape.slice(array.shape.length - coreRank);
  return { array, offset: 0, strides: broadcastStrides(array.shape, [...leading, ...core]) };
}

/** A view that starts at `start` and takes every `step`-th element along the innermost dimensions. */
function stepped({ array, offset, strides }: Strided, start: readonly number[], step: readonly number[]): Strided {
  const first = strides.length - start.length;
  return {
    array,
    offset: start.reduce((at, s, i) => at + s * strides[first + i], offset),
    strides: strides.map((stride, i) => (i < first ? stride : stride * step[i - first])),
  };
}

function leadingOf(output: Operand, coreRank: number): Shape {
  return output.shape.slice(0, output.shape.length - coreRank);
}

export const movementWasm: { [P in keyof MovementPrimitives]: WasmKernel<MovementPrimitives[P]> } = {
  reshape(lower, { from, to }, output, [x]) {
    const leading = leadingOf(output, to.length);
    const shape = [...leading, ...from];
    copy(lower, shape, dense(output, shape), underLeading(x, leading, from.length));
  },
  broadcastTo(lower, { from, to }, output, [x]) {
    const leading = leadingOf(output, to.length);
    const { strides } = underLeading(x, leading, from.length);
    const core = broadcastStrides(from, to);
    copy(lower, output.shape, dense(output), {
      ...{ array: x, offset: 0 },
      strides: [...strides.slice(0, leading.length), ...core],
    });
  },
  transpose(lower, { permutation }, output, [x]) {
    const leading = leadingOf(output, permutation.length);
    const { strides } = underLeading(x, leading, permutation.length);
    const core = permutation.map((axis) => strides[leading.length + axis]);
    copy(lower, output.shape, dense(output), {
      ...{ array: x, offset: 0 },
      strides: [...strides.slice(0, leading.length), ...core],
    });
  },
  slice(lower, { start, step }, output, [x]) {
    const from = underLeading(x, leadingOf(output, start.length), start.length);
    copy(lower, output.shape, dense(output), stepped(from, start, step));
  },
  pad(lower, { before, interior }, output, [x]) {
    lower.call('clear', output.address, bytesOf(output));
    const leading = leadingOf(output, before.length);
    const from = underLeading(x, leading, before.length);
    const shape = [...leading, ...x.shape.slice(x.shape.length - before.length)];
    const step = interior.map((zeros) => zeros + 1);
    copy(lower, shape, stepped(dense(output), before, step), from);
  },
  concatenate(lower, { axis }, output, operands) {
    let at = 0;
    for (const operand of operands) {
      const core = operand.shape.slice(axis);
      const leading = leadingOf(output, -axis);
      const start = core.map((_, i) => (i === 0 ? at : 0));
      const to = stepped(
        dense(output),
        start,
        core.map(() => 1),
      );
      copy(lower, [...leading, ...core], to, underLeading(operand, leading, -axis));
      at += core[0];
    }
  },
};
