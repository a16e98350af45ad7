import { ShapeError } from '../../errors.ts';
import type { Shape } from '../shape.ts';
import type { Signature } from '../signature.ts';

/** Axes to sum over, counted from the last dimension: −1 is the innermost. In increasing order. */
export interface SumAttributes {
  readonly axes: readonly number[];
}

/** Attributes of the reductions. */
export interface ReductionPrimitives {
  sum: SumAttributes;
}

const sumSignature: Signature<SumAttributes> = {
  text: '(…)->(…)',
  coreRanks({ axes }, operandCount) {
    if (operandCount !== 1) throw new ShapeError(`sum: expected 1 operand, got ${operandCount}`);
    return [axes.length === 0 ? 0 : -Math.min(...axes)];
  },
  inferCore: ({ axes }, [core]): Shape => core.filter((_, i) => !axes.includes(i - core.length)),
};

export const reductionDefinitions = { sum: { signature: sumSignature } };
