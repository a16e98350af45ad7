import { operand } from '../../../scalar/index.ts';
import type { CastPrimitives } from '../../../primitives/elementwise/index.ts';
import type { GpuKernel } from '../lowering.ts';
import { elementwise } from './elementwise.ts';

export const castGpu: { [P in keyof CastPrimitives]: GpuKernel<CastPrimitives[P]> } = {
  // Of float32 to itself; whatever is float64 stays on the host.
  cast: (lower, _attributes, output, operands) => elementwise(lower, operand(0), output, operands),
};
