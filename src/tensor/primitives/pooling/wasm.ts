import { coreBytes, forEachRun, type Operand, singly, type WasmKernel } from '../../backends/wasm/lowering.ts';
import { sizeOf } from '../../shape.ts';
import { type AveragePoolAttributes, type PoolAttributes, type PoolingPrimitives } from './definition.ts';

/** What the kernels are told of the windows. */
function windows(
  attributes: PoolAttributes & Partial<AveragePoolAttributes>,
  input: readonly number[],
  outputs: readonly number[],
): number[] {
  const { kernel, stride, padding, countIncludePad = false } = attributes;
  return [...input, ...outputs, ...kernel, ...stride, ...padding, Number(countIncludePad)];
}

const plane = ({ shape }: Operand) => shape.slice(-2);

/** A kernel of one operand that works on planes one behind the other. */
function overPlanes<A>(kernel: string, table: (attributes: A, x: Operand, output: Operand) => number[]): WasmKernel<A> {
  return (lower, attributes, output, [x]) => {
    const windowTable = lower.table(table(attributes, x, output));
    forEachRun(output, [x], [2], 2, (run) => {
      if (run.steps[0] === 1 || run.count === 1) {
        lower.call(kernel, run.output, run.operands[0], run.count, windowTable);
      } else {
        singly(run, coreBytes(output, 2), [coreBytes(x, 2)], (out, [at]) =>
          lower.call(kernel, out, at, 1, windowTable),
        );
      }
    });
  };
}

/** A kernel that moves pixels to or from the positions that an index names. */
function indexed<A>(kernel: string, pixelsOf: (x: Operand, output: Operand) => number): WasmKernel<A> {
  return (lower, _, output, [x, index]) => {
    const sizes = [sizeOf(plane(index)), pixelsOf(x, output)];
    forEachRun(output, [x, index], [2, 2], 2, (run) => {
      if (run.steps.every((step) => step === 1) || run.count === 1) {
        lower.call(kernel, run.output, ...run.operands, run.count, ...sizes);
      } else {
        const bytes = [coreBytes(x, 2), coreBytes(index, 2)];
        singly(run, coreBytes(output, 2), bytes, (out, at) => lower.call(kernel, out, ...at, 1, ...sizes));
      }
    });
  };
}

export const poolingWasm: { [P in keyof PoolingPrimitives]: WasmKernel<PoolingPrimitives[P]> } = {
  averagePool: overPlanes('averagePool', (attributes, x, output) => windows(attributes, plane(x), plane(output))),
  averagePoolGradient: overPlanes('averagePoolGradient', (attributes, g, output) =>
    windows(attributes, plane(output), plane(g)),
  ),
  maxPoolIndex: overPlanes('maxPoolIndex', (attributes, x, output) => windows(attributes, plane(x), plane(output))),
  gatherPixels: indexed('gatherPixels', (x) => sizeOf(plane(x))),
  scatterPixels: indexed('scatterPixels', (_, output) => sizeOf(plane(output))),
};
