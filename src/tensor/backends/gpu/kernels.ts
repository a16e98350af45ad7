import { convolutionGpu } from '../../primitives/convolution/gpu.ts';
import { elementwiseGpu } from '../../primitives/elementwise/gpu.ts';
import { type Attributes, type PrimitiveName } from '../../primitives/index.ts';
import { movementGpu } from '../../primitives/movement/gpu.ts';
import { normalizationGpu } from '../../primitives/normalization/gpu.ts';
import { poolingGpu } from '../../primitives/pooling/gpu.ts';
import { productGpu } from '../../primitives/product/gpu.ts';
import { reductionGpu } from '../../primitives/reduction/gpu.ts';
import { type GpuKernel, type Lowering, type Operand } from './lowering.ts';

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
