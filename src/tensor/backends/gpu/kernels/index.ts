import { convolutionGpu } from './convolution.ts';
import { castGpu } from './cast.ts';
import { eigenGpu } from './eigen.ts';
import { elementwise } from './elementwise.ts';
import { type ElementwiseName, isElementwise, scalarExpression } from '../../../primitives/elementwise/index.ts';
import { indexingGpu } from './indexing.ts';
import type { Attributes, PrimitiveName } from '../../../primitives/index.ts';
import type { Step } from '../../../plan.ts';
import { movementGpu } from './movement.ts';
import { normalizationGpu } from './normalization.ts';
import { poolingGpu } from './pooling.ts';
import { productGpu } from './product.ts';
import { reductionGpu } from './reduction.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';

/** How every primitive that is no element-wise expression is lowered. Leave one out and the build fails. */
const kernels: { readonly [P in Exclude<PrimitiveName, ElementwiseName>]: GpuKernel<Attributes[P]> } = {
  ...convolutionGpu,
  ...normalizationGpu,
  ...poolingGpu,
  ...castGpu,
  ...indexingGpu,
  ...movementGpu,
  ...reductionGpu,
  ...productGpu,
  ...eigenGpu,
};

/** Lowers one step in float32. */
export function lowerPrimitive(lower: Lowering, step: Step, output: Operand, operands: readonly Operand[]): void {
  if (isElementwise(step)) elementwise(lower, scalarExpression(step), output, operands);
  else lowerWhole(lower, step, output, operands);
}

function lowerWhole<P extends Exclude<PrimitiveName, ElementwiseName>>(
  lower: Lowering,
  { primitive, attributes }: { readonly primitive: P; readonly attributes: Attributes[P] },
  output: Operand,
  operands: readonly Operand[],
): void {
  const kernel: GpuKernel<Attributes[P]> = kernels[primitive];
  kernel(lower, attributes, output, operands);
}
