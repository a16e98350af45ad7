import type { FloatArray, NDArray } from '../../array.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../shape.ts';
import { forEachIndex } from '../../strided.ts';

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
