import type { NDArray } from '../../../array.ts';
import type { Kernel } from '../kernel.ts';
import { broadcastStrides, type Shape, stridesOf } from '../../../shape.ts';
import { forEachRow } from '../../../strided.ts';
import type { MovementPrimitives } from '../../../primitives/movement.ts';

/** Where an array is read or written: an offset and a stride for each dimension. */
interface View {
  readonly array: NDArray;
  readonly offset: number;
  readonly strides: readonly number[];
}

// Every primitive of this family is the same copy: elements of one strided view into another.
function copy(shape: Shape, to: View, from: View): void {
  forEachRow(shape, [to.strides, from.strides], ([t, f], [stepTo, stepFrom], length) => {
    for (let i = 0; i < length; i++) {
      to.array.data[to.offset + t + i * stepTo] = from.array.data[from.offset + f + i * stepFrom];
    }
  });
}

function dense(array: NDArray): View {
  return { array, offset: 0, strides: stridesOf(array.shape) };
}

/** An operand read under the output's leading dimensions, followed by its own core dimensions. */
function underLeading(array: NDArray, leading: Shape, coreRank: number): View {
  const core = array.shape.slice(array.shape.length - coreRank);
  return { array, offset: 0, strides: broadcastStrides(array.shape, [...leading, ...core]) };
}

/** A view that starts at `start` and takes every `step`-th element along the innermost dimensions. */
function stepped({ array, offset, strides }: View, start: readonly number[], step: readonly number[]): View {
  const first = strides.length - start.length;
  return {
    array,
    offset: start.reduce((at, s, i) => at + s * strides[first + i], offset),
    strides: strides.map((stride, i) => (i < first ? stride : stride * step[i - first])),
  };
}

function leadingOf(output: NDArray, coreRank: number): Shape {
  return output.shape.slice(0, output.shape.length - coreRank);
}

export const movementKernels: { [P in keyof MovementPrimitives]: Kernel<MovementPrimitives[P]> } = {
  reshape({ from, to }, output, [x]) {
    const leading = leadingOf(output, to.length);
    const shape = [...leading, ...from];
    copy(shape, { array: output, offset: 0, strides: stridesOf(shape) }, underLeading(x, leading, from.length));
  },
  broadcastTo({ from, to }, output, [x]) {
    const leading = leadingOf(output, to.length);
    const { strides } = underLeading(x, leading, from.length);
    const core = broadcastStrides(from, to);
    copy(output.shape, dense(output), { array: x, offset: 0, strides: [...strides.slice(0, leading.length), ...core] });
  },
  transpose({ permutation }, output, [x]) {
    const leading = leadingOf(output, permutation.length);
    const { strides } = underLeading(x, leading, permutation.length);
    const core = permutation.map((axis) => strides[leading.length + axis]);
    copy(output.shape, dense(output), { array: x, offset: 0, strides: [...strides.slice(0, leading.length), ...core] });
  },
  slice({ start, step }, output, [x]) {
    const from = underLeading(x, leadingOf(output, start.length), start.length);
    copy(output.shape, dense(output), stepped(from, start, step));
  },
  pad({ before, interior }, output, [x]) {
    output.data.fill(0);
    const from = underLeading(x, leadingOf(output, before.length), before.length);
    const shape = [...leadingOf(output, before.length), ...x.shape.slice(x.shape.length - before.length)];
    copy(
      shape,
      stepped(
        dense(output),
        before,
        interior.map((zeros) => zeros + 1),
      ),
      from,
    );
  },
  concatenate({ axis }, output, operands) {
    let at = 0;
    for (const operand of operands) {
      const core = operand.shape.slice(axis);
      const shape = [...leadingOf(output, -axis), ...core];
      const start = core.map((_, i) => (i === 0 ? at : 0));
      copy(
        shape,
        stepped(
          dense(output),
          start,
          core.map(() => 1),
        ),
        underLeading(operand, leadingOf(output, -axis), -axis),
      );
      at += core[0];
    }
  },
};
