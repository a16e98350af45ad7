import { type FloatArray, type NDArray } from '../../array.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../shape.ts';

/**
 * One primitive on whole arrays. The operands' leading dimensions broadcast to those of the output, whose old content
 * is undefined: a kernel writes every element.
 *
 * All kernels compute in float64 and round once, when they store. In float32 the reference is so the correctly computed
 * result of rounded inputs, to half a unit in the last place, as long as the float64 sums hold.
 */
export type Kernel<A> = (attributes: A, output: NDArray, operands: readonly NDArray[]) => void;

/** A primitive on its core dimensions alone. */
export type CoreFunction = (output: FloatArray, operands: readonly FloatArray[]) => void;

/**
 * Makes a kernel of a function on core dimensions, applied at every position of the leading ones.
 *
 * @param ranks the number of core dimensions of each operand, then of the output.
 * @param prepare the function for given attributes and core shapes.
 */
export function overLeading<A>(
  ranks: (attributes: A) => readonly number[],
  prepare: (attributes: A, cores: readonly Shape[], outputCore: Shape) => CoreFunction,
): Kernel<A> {
  return (attributes, output, operands) => {
    const coreRanks = ranks(attributes);
    const split = ({ shape }: NDArray, coreRank: number) => ({
      leading: shape.slice(0, shape.length - coreRank),
      core: shape.slice(shape.length - coreRank),
    });
    const out = split(output, coreRanks[operands.length]);
    const parts = operands.map((operand, i) => split(operand, coreRanks[i]));
    const apply = prepare(
      attributes,
      parts.map(({ core }) => core),
      out.core,
    );

    const outputSize = sizeOf(out.core);
    const sizes = parts.map(({ core }) => sizeOf(core));
    const strides = parts.map(({ leading }) => broadcastStrides(leading, out.leading));
    forEachIndex(out.leading, strides, (position, at) => {
      apply(
        output.data.subarray(position * outputSize, (position + 1) * outputSize),
        operands.map(({ data }, i) => data.subarray(at[i] * sizes[i], (at[i] + 1) * sizes[i])),
      );
    });
  };
}

/**
 * Visits every index of a shape in row-major order, with the offset that each set of strides gives it. The array of
 * offsets is reused between visits.
 */
export function forEachIndex(
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (position: number, offsets: readonly number[]) => void,
): void {
  const count = sizeOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  const offsets = new Array<number>(strides.length).fill(0);
  for (let position = 0; position < count; position++) {
    visit(position, offsets);
    for (let dimension = shape.length - 1; dimension >= 0; dimension--) {
      index[dimension] += 1;
      for (let i = 0; i < strides.length; i++) offsets[i] += strides[i][dimension];
      if (index[dimension] < shape[dimension]) break;
      for (let i = 0; i < strides.length; i++) offsets[i] -= strides[i][dimension] * shape[dimension];
      index[dimension] = 0;
    }
  }
}

/**
 * Visits a shape row by row: `visit(offsets, strides, length)` gets the offset of each strided array at the row's start,
 * its stride along the row, and the row's length. Dimensions that every array walks through evenly are joined first, so
 * that equal dense shapes are one long row.
 */
export function forEachRow(
  shape: Shape,
  strides: readonly (readonly number[])[],
  visit: (offsets: readonly number[], strides: readonly number[], length: number) => void,
): void {
  if (sizeOf(shape) === 0) return;
  const extents: number[] = [];
  const steps: number[][] = strides.map(() => []);
  shape.forEach((extent, dimension) => {
    if (extent === 1) return;
    const last = extents.length - 1;
    const joins = last >= 0 && strides.every((stride, i) => steps[i][last] === stride[dimension] * extent);
    if (joins) extents[last] *= extent;
    else extents.push(extent);
    strides.forEach((stride, i) => (steps[i][joins ? last : last + 1] = stride[dimension]));
  });
  const length = extents.pop() ?? 1;
  const along = steps.map((step) => step[extents.length] ?? 0);
  forEachIndex(extents, steps, (_position, offsets) => visit(offsets, along, length));
}
