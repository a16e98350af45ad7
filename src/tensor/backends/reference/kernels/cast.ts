import { operand } from '../../../scalar/index.ts';
import type { CastPrimitives } from '../../../primitives/elementwise/index.ts';
import { computeElementwise } from '../elementwise.ts';
import type { Kernel } from '../kernel.ts';

export const castKernels: { [P in keyof CastPrimitives]: Kernel<CastPrimitives[P]> } = {
  // The identity in float64; storing rounds.
  cast: (_attributes, output, operands) => computeElementwise(operand(0), output, operands),
};
