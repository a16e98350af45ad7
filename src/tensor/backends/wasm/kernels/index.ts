import { convolutionWasm } from './convolution.ts';
import { castWasm } from './cast.ts';
import { eigenWasm } from './eigen.ts';
import { combine, elementwise } from './elementwise.ts';
import { type ElementwiseName, isElementwise, scalarExpression } from '../../../primitives/elementwise/index.ts';
import { indexingWasm } from './indexing.ts';
import type { Attributes, PrimitiveName } from '../../../primitives/index.ts';
import { movementWasm } from './movement.ts';
import { normalizationWasm } from './normalization.ts';
import { poolingWasm } from './pooling.ts';
import { productWasm } from './product.ts';
import type { Step } from '../../../plan.ts';
import { reductionWasm } from './reduction.ts';
import { type Lowering, needFloat32, type Operand, type WasmKernel } from '../lowering.ts';

/** How every primitive that is no element-wise expression is lowered. Leave one out and the build fails. */
const kernels: { readonly [P in Exclude<PrimitiveName, ElementwiseName>]: WasmKernel<Attributes[P]> } = {
  ...convolutionWasm,
  ...normalizationWasm,
  ...poolingWasm,
  ...castWasm,
  ...indexingWasm,
  ...movementWasm,
  ...reductionWasm,
  ...productWasm,
  ...eigenWasm,
};

/** Copies and casts of whole arrays work in float64, too, and so do kernel matrices and their eigenvalues. */
const WIDE: ReadonlySet<PrimitiveName> = new Set([
  ...(['cast', 'reshape', 'broadcastTo', 'transpose', 'slice', 'pad', 'concatenate'] as const),
  ...(['gram', 'eigenvalues', 'eigenvectors'] as const),
]);

/**
 * Lowers one step.
 *
 * @throws BackendError when there is no kernel for the operands' precision.
 */
export function lowerPrimitive(lower: Lowering, step: Step, output: Operand, operands: readonly Operand[]): void {
  // A sum of more terms than a function has parameters for is several passes.
  if (step.primitive === 'linearCombination') combine(lower, step.attributes.coefficients, output, operands);
  else if (isElementwise(step)) elementwise(lower, scalarExpression(step), output, operands);
  else lowerWhole(lower, step, output, operands);
}

function lowerWhole<P extends Exclude<PrimitiveName, ElementwiseName>>(
  lower: Lowering,
  { primitive, attributes }: { readonly primitive: P; readonly attributes: Attributes[P] },
  output: Operand,
  operands: readonly Operand[],
): void {
  if (!WIDE.has(primitive)) needFloat32(primitive, operands);
  const kernel: WasmKernel<Attributes[P]> = kernels[primitive];
  kernel(lower, attributes, output, operands);
}
