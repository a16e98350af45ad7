import { convolutionGpu } from './convolution.ts';
import { castGpu } from './cast.ts';
import { eigenGpu } from './eigen.ts';
import { indexingGpu } from './indexing.ts';
import type { Attributes } from '../../../primitives/index.ts';
import type { WholeStep } from '../../../chains.ts';
import { movementGpu } from './movement.ts';
import { normalizationGpu } from './normalization.ts';
import { poolingGpu } from './pooling.ts';
import { productGpu } from './product.ts';
import { reductionGpu } from './reduction.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';

/** How every primitive that is no element-wise expression is lowered. Leave one out and the build fails. */
const kernels: { readonly [P in WholeStep['primitive']]: GpuKernel<Attributes[P]> } = {
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

/** Lowers a step that is no element-wise expression, in float32. */
export function lowerPrimitive<P extends WholeStep['primitive']>(
  lower: Lowering,
  { primitive, attributes }: { readonly primitive: P; readonly attributes: Attributes[P] },
  output: Operand,
  operands: readonly Operand[],
): void {
  const kernel: GpuKernel<Attributes[P]> = kernels[primitive];
  kernel(lower, attributes, output, operands);
}
