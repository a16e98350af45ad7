import { convolutionWasm } from './convolution.ts';
import { elementwiseWasm } from './elementwise.ts';
import type { Attributes, PrimitiveName } from '../../../primitives/index.ts';
import { movementWasm } from './movement.ts';
import { normalizationWasm } from './normalization.ts';
import { poolingWasm } from './pooling.ts';
import { productWasm } from './product.ts';
import { reductionWasm } from './reduction.ts';
import { type Lowering, needFloat32, type Operand, type WasmKernel } from '../lowering.ts';

/** How every primitive is lowered. Leave one out and the build fails. */
const kernels: { readonly [P in PrimitiveName]: WasmKernel<Attributes[P]> } = {
  ...convolutionWasm,
  ...normalizationWasm,
  ...poolingWasm,
  ...elementwiseWasm,
  ...movementWasm,
  ...reductionWasm,
  ...productWasm,
};

/** Copies, casts and sums of whole arrays work in float64, too, and so do kernel matrices. */
const WIDE: ReadonlySet<PrimitiveName> = new Set([
  ...(['cast', 'linearCombination', 'reshape', 'broadcastTo', 'transpose', 'slice', 'pad', 'concatenate'] as const),
  ...(['gram'] as const),
]);

/**
 * Lowers one primitive.
 *
 * @throws BackendError when there is no kernel for the operands' precision.
 */
export function lowerPrimitive<P extends PrimitiveName>(
  lower: Lowering,
  { primitive, attributes }: { readonly primitive: P; readonly attributes: Attributes[P] },
  output: Operand,
  operands: readonly Operand[],
): void {
  if (!WIDE.has(primitive)) needFloat32(primitive, operands);
  const kernel: WasmKernel<Attributes[P]> = kernels[primitive];
  kernel(lower, attributes, output, operands);
}
