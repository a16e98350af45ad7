import { ShapeError } from '../../errors.ts';
import { formatShape, type Shape } from '../shape.ts';
import type { Signature } from '../signature.ts';

/** Axes to reduce over, counted from the last dimension: −1 is the innermost. In increasing order. */
export interface ReductionAttributes {
  readonly axes: readonly number[];
}

/** Attributes of the reductions. */
export interface ReductionPrimitives {
  sum: ReductionAttributes;
  /** The largest value; NaN where there is one among them. */
  max: ReductionAttributes;
}

function reduction(
  name: string,
  check: (core: Shape, axes: readonly number[]) => void,
): Signature<ReductionAttributes> {
  return {
    text: '(…)->(…)',
    coreRanks({ axes }, operandCount) {
      if (operandCount !== 1) throw new ShapeError(`${name}: expected 1 operand, got ${operandCount}`);
      return [axes.length === 0 ? 0 : -Math.min(...axes)];
    },
    inferCore({ axes }, [core]): Shape {
      check(core, axes);
      return core.filter((_, i) => !axes.includes(i - core.length));
    },
  };
}

export const reductionDefinitions = {
  sum: { signature: reduction('sum', () => undefined) },
  max: {
    signature: reduction('max', (core, axes) => {
      if (axes.some((axis) => core[core.length + axis] === 0)) {
        throw new ShapeError(
          `max: the maximum of nothing is undefined, expected extents ≥ 1 along axes ${axes.join(', ')}, got ${formatShape(core)}`,
        );
      }
    }),
  },
};
