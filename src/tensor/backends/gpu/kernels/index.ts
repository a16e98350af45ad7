import { convolutionGpu } from './convolution.ts';
import { elementwiseGpu } from './elementwise.ts';
import type { Attributes, PrimitiveName } from '../../../primitives/index.ts';
import { movementGpu } from './movement.ts';
import { normalizationGpu } from './normalization.ts';
import { poolingGpu } from './pooling.ts';
import { productGpu } from './product.ts';
import { reductionGpu } from './reduction.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';

/** How every primitive is lowered. Leave one out and the build fails. */
const kernels: { readonly [P in PrimitiveName]: GpuKernel<Attributes[P]> } = {
  ...convolutionGpu,
  ...normalizationGpu,
  ...poolingGpu,
  ...elementwiseGpu,
  ...movementGpu,
  ...reductionGpu,
  ...productGpu,
};

/** Lowers one primitive in float32. */
export function lowerPrimitive<P extends PrimitiveName>(
  lower: Lowering,
  { primitive, attributes }: { readonly primitive: P; readonly attributes: Attributes[P] },
  output: Operand,
  operands: readonly Operand[],
): void {
  const kernel: GpuKernel<Attributes[P]> = kernels[primitive];
  kernel(lower, attributes, output, operands);
}
