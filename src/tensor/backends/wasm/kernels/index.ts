import { convolutionWasm } from './convolution.ts';
import { castWasm } from './cast.ts';
import { eigenWasm } from './eigen.ts';
import { indexingWasm } from './indexing.ts';
import type { Attributes } from '../../../primitives/index.ts';
import { movementWasm } from './movement.ts';
import { normalizationWasm } from './normalization.ts';
import { poolingWasm } from './pooling.ts';
import { productWasm } from './product.ts';
import type { WholeStep } from '../../../chains.ts';
import { reductionWasm } from './reduction.ts';
import type { Lowering, Operand, WasmKernel } from '../lowering.ts';

/** How every primitive that is no element-wise expression is lowered. Leave one out and the build fails. */
const kernels: { readonly [P in WholeStep['primitive']]: WasmKernel<Attributes[P]> } = {
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

/** Lowers a step that is no element-wise expression. */
export function lowerPrimitive<P extends WholeStep['primitive']>(
  lower: Lowering,
  { primitive, attributes }: { readonly primitive: P; readonly attributes: Attributes[P] },
  output: Operand,
  operands: readonly Operand[],
): void {
  const kernel: WasmKernel<Attributes[P]> = kernels[primitive];
  kernel(lower, attributes, output, operands);
}
