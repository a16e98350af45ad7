import { allocate, type DType, ELEMENT_BYTES, type FloatArray } from '../../../array.ts';
import { type Address, advance } from '../calls.ts';
import { coreBytes, forEachRun, type Lowering, type Operand, singly, type WasmKernel } from '../lowering.ts';
import type { Values } from '../struct.ts';
import { BoxSumTable, PoolTable } from '../tables.ts';
import { type Shape, sizeOf } from '../../../shape.ts';
import { before } from '../../../primitives/convolution.ts';
import type { AveragePoolAttributes, PoolAttributes, PoolingPrimitives } from '../../../primitives/pooling.ts';

/** Windows of `input` planes, one for each pixel of `output` planes. */
function windows(attributes: PoolAttributes, input: Operand, output: Operand): Values<typeof PoolTable.fields> {
  const [inputH, inputW] = plane(input);
  const [outputH, outputW] = plane(output);
  const [kernelH, kernelW] = attributes.kernel;
  const [strideH, strideW] = attributes.stride;
  const [paddingTop, paddingLeft] = before(attributes.padding);
  const sizes = { inputH, inputW, outputH, outputW, kernelH, kernelW, strideH, strideW };
  return { ...sizes, paddingTop, paddingLeft };
}

const plane = ({ shape }: Operand) => shape.slice(-2);

/** Visits planes one after another, as many at a time as are contiguous, divided among the threads of the stage. */
function forEachPlanes(
  lower: Lowering,
  output: Operand,
  x: Operand,
  visit: (out: Address, from: Address, count: number) => void,
): void {
  const [outBytes, bytes] = [output, x].map((operand) => coreBytes(operand, 2));
  forEachRun(output, [x], [2], 2, (run) => {
    if (run.steps[0] === 1 || run.count === 1) {
      lower.divide(run.count, sizeOf(output.shape), (first, count) =>
        visit(advance(run.output, first * outBytes), advance(run.operands[0], first * bytes), count),
      );
    } else {
      singly(run, outBytes, [bytes], (out, [from]) => visit(out, from, 1));
    }
  });
}

const maxPoolIndex: WasmKernel<PoolAttributes> = (lower, attributes, output, [x]) => {
  const table = lower.struct(PoolTable, windows(attributes, x, output));
  forEachPlanes(lower, output, x, (out, from, count) => lower.callIn(x.dtype, 'maxPoolIndex', out, from, count, table));
};

/** The number of places that each window averages. */
function divisors(
  { kernel, stride, padding, counted }: AveragePoolAttributes,
  input: Shape,
  [p, q]: Shape,
  dtype: DType,
): FloatArray {
  const inside = (i: number, at: 0 | 1) => {
    const first = i * stride[at] - before(padding)[at];
    const [low, high] = counted[at];
    return Math.min(input[at] + high, first + kernel[at]) - Math.max(-low, first);
  };
  return allocate(dtype, p * q).map((_, i) => inside(Math.floor(i / q), 0) * inside(i % q, 1));
}

/** An average pool or its adjoint, window by window. */
function average(kernel: 'averagePool' | 'averagePoolGradient'): WasmKernel<AveragePoolAttributes> {
  return (lower, attributes, output, [x]) => {
    const [input, windowed] = kernel === 'averagePool' ? [x, output] : [output, x];
    const counts = lower.constant(divisors(attributes, plane(input), plane(windowed), x.dtype));
    const table = lower.struct(PoolTable, windows(attributes, input, windowed));
    forEachPlanes(lower, output, x, (out, from, count) =>
      lower.callIn(x.dtype, kernel, out, from, counts, count, table),
    );
  };
}

/** An average pool of stride 1, or its adjoint: sums over boxes. */
function boxes(
  lower: Lowering,
  attributes: AveragePoolAttributes,
  output: Operand,
  x: Operand,
  { adjoint }: { readonly adjoint: boolean },
): void {
  const { kernel, padding } = attributes;
  const [input, windowed] = adjoint ? [plane(output), plane(x)] : [plane(x), plane(output)];
  const weights = lower.constant(divisors(attributes, input, windowed, x.dtype).map((count) => 1 / count));
  // A window's pixels begin `padding` before it; the windows that hold a pixel begin kernel − 1 − padding before it.
  const [top, left] = adjoint ? kernel.map((k, i) => k - 1 - before(padding)[i]) : before(padding);
  const [inputH, inputW] = plane(x);
  const [outputH, outputW] = plane(output);
  const [kernelH, kernelW] = kernel;
  const sizes = { inputH, inputW, outputH, outputW, kernelH, kernelW };
  const table = lower.struct(BoxSumTable, { ...sizes, top, left, weighsInput: adjoint });
  const scratch = lower.scratch(
    ELEMENT_BYTES[x.dtype] * ((outputH + 1) * (outputW + kernelW + 7) + inputH * inputW) + 64,
  );
  forEachPlanes(lower, output, x, (out, from, count) =>
    lower.callIn(x.dtype, 'boxSum', out, from, weights, count, table, scratch),
  );
}

const averagePool = average('averagePool');
const averagePoolGradient = average('averagePoolGradient');

export const poolingWasm: { [P in keyof PoolingPrimitives]: WasmKernel<PoolingPrimitives[P]> } = {
  averagePool(lower, attributes, output, operands) {
    if (attributes.stride.every((step) => step === 1))
      boxes(lower, attributes, output, operands[0], { adjoint: false });
    else averagePool(lower, attributes, output, operands);
  },
  averagePoolGradient(lower, attributes, output, operands) {
    if (attributes.stride.every((step) => step === 1)) boxes(lower, attributes, output, operands[0], { adjoint: true });
    else averagePoolGradient(lower, attributes, output, operands);
  },
  maxPoolIndex,
};
