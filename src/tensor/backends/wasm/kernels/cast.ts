import { ELEMENT_BYTES } from '../../../array.ts';
import type { Operand, WasmKernel } from '../lowering.ts';
import { COPY, type RowOperation, type View, walk } from '../walk.ts';
import { broadcastStrides, type Shape } from '../../../shape.ts';
import type { CastPrimitives } from '../../../primitives/elementwise/index.ts';

/** An operand read under the output's shape. */
function under({ shape, dtype, address }: Operand, output: Shape): View {
  return { address, steps: broadcastStrides(shape, output).map((stride) => stride * ELEMENT_BYTES[dtype]) };
}

export const castWasm: { [P in keyof CastPrimitives]: WasmKernel<CastPrimitives[P]> } = {
  cast(lower, { dtype }, output, [x]) {
    const operation: RowOperation = x.dtype === dtype ? COPY[dtype] : dtype === 'float64' ? 'widen' : 'narrow';
    walk(lower, operation, output.shape, under(output, output.shape), under(x, output.shape));
  },
};
