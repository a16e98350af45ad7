import { type DType, ELEMENT_BYTES } from '../../../array.ts';
import { type Address, advance } from '../calls.ts';
import { coreBytes, forEachRun, type Lowering, type Operand, singly, type WasmKernel } from '../lowering.ts';
import { type Shape, sizeOf } from '../../../shape.ts';
import type { ConvolutionAttributes, ConvolutionPrimitives, Pair } from '../../../primitives/convolution.ts';
import { type Correlation, type CorrelationLowering, lowerConvolve, lowerCorrelate } from './direct.ts';
import type { Convolution, ConvolutionLowering } from './packing.ts';
import { lowerStrided } from './phases.ts';
import { filteringPays, lowerFiltering, lowerFilteringGradient } from './winograd.ts';

// Convolution and input gradient are the same work: results are sums of pixels scaled by weights. The weight gradient is
// another: inner products over pixels. For each there are several kernels.

/** Whether windows are 3×3 of neighbouring pixels, one at every place. */
function isFiltering(kernel: Pair, { groups, stride, dilation }: ConvolutionAttributes): boolean {
  return groups === 1 && kernel.every((extent) => extent === 3) && [...stride, ...dilation].every((d) => d === 1);
}

/** The kernel that computes a convolution or an input gradient, of one source. */
function choose({
  gradient,
  kernels,
  outputs,
  sources: [{ attributes, channels, kernel }],
}: Convolution): ConvolutionLowering {
  if (gradient && attributes.stride.some((step) => step > 1)) return lowerStrided;
  // Not the forward pass: see winograd.ts.
  const filtering = gradient && isFiltering(kernel, attributes) && filteringPays(kernels, channels, outputs);
  return filtering ? lowerFiltering : lowerConvolve;
}

/** About this many products are computed in the time that writing a number takes. */
const PRODUCTS_A_WRITE = 8;

/** What arrays of these shapes are to become. */
type ConvolutionOf<A> = (attributes: A, dtype: DType, output: Shape, x: Shape, w: Shape) => Convolution;

const forward: ConvolutionOf<ConvolutionAttributes> = (attributes, dtype, output, input, weight) => {
  const [n, , h, w] = input.slice(-4);
  const [k, d, r, s] = weight.slice(-4);
  const [p, q] = output.slice(-2);
  const { groups } = attributes;
  const kernels = k / groups;
  const strides = { groupStride: kernels * d * r * s, kernelStride: d * r * s, channelStride: r * s };
  const source = { attributes, channels: d, size: [h, w], kernel: [r, s], strides } as const;
  return { gradient: false, dtype, samples: n, groups, kernels, outputs: [p, q], sources: [source] };
};

const inputGradient: ConvolutionOf<ConvolutionAttributes> = (attributes, dtype, output, gradient, weight) => {
  const [n, , p, q] = gradient.slice(-4);
  const [k, d, r, s] = weight.slice(-4);
  const [h, w] = output.slice(-2);
  const { groups } = attributes;
  const channels = k / groups;
  const strides = { groupStride: channels * d * r * s, kernelStride: r * s, channelStride: d * r * s };
  const source = { attributes, channels, size: [p, q], kernel: [r, s], strides } as const;
  return { gradient: true, dtype, samples: n, groups, kernels: d, outputs: [h, w], sources: [source] };
};

function convolve<A>(of: ConvolutionOf<A>): WasmKernel<A> {
  return (lower, attributes, output, operands) => {
    const what = of(attributes, output.dtype, output.shape, operands[0].shape, operands[1].shape);
    const emit = choose(what);
    const bytes = operands.map((operand) => coreBytes(operand, 4));
    const { groups, kernels, outputs } = what;
    const { channels, kernel } = what.sources[0];
    forEachRun(output, operands, [4, 4], 4, (run) => {
      if (run.count === 1 || (run.steps[0] === 1 && run.steps[1] === 0)) {
        const [x, w] = run.operands;
        const samples = what.samples * run.count;
        const work = (samples * groups * kernels * sizeOf(outputs) * channels * sizeOf(kernel)) / PRODUCTS_A_WRITE;
        lower.divide(samples, work, (first, count) => {
          const out = advance(run.output, first * coreBytes(output, 3));
          const from = advance(x, first * coreBytes(operands[0], 3));
          emit(lower, out, [{ x: from, w }], { ...what, samples: count }, { add: false });
        });
      } else {
        singly(run, coreBytes(output, 4), bytes, (out, [x, w]) => emit(lower, out, [{ x, w }], what, { add: false }));
      }
    });
  };
}

type InputGradientAttributes = ConvolutionPrimitives['convolutionInputGradient'];

/**
 * A text that those input gradients of a tensor have in common which are computed as one, of all their channels: sums
 * stay in registers for longer, and are stored once. Undefined where each is computed on its own.
 */
export function kinship(
  attributes: InputGradientAttributes,
  output: Shape,
  gradient: Shape,
  weight: Shape,
): string | undefined {
  // Whatever the precision, the kernels are the same.
  const what = inputGradient(attributes, 'float32', output, gradient, weight);
  const emit = choose(what);
  if (emit === lowerStrided || attributes.groups > 1) return undefined;
  return emit === lowerConvolve ? 'direct' : `filtering ${JSON.stringify([what.sources[0].size, attributes.padding])}`;
}

/** An input gradient, by the array that it writes or adds to. */
export interface InputGradient {
  readonly attributes: InputGradientAttributes;
  readonly gradient: Operand;
  readonly weight: Operand;
}

/**
 * One input gradient or the sum of several of one {@link kinship}, masked by the ReLU in front of the convolutions, on
 * its own or added to what the output holds. Gradients and output must have the same leading dimensions, weights none;
 * `mask` may have fewer than they.
 */
export function inputGradientThrough(
  lower: Lowering,
  output: Operand,
  gradients: readonly InputGradient[],
  mask: Operand | undefined,
  add: boolean,
): void {
  const count = (operand: Operand) => operand.shape.slice(0, -3).reduce((a, b) => a * b, 1);
  const epilogue = mask ? { mask: { address: mask.address, samples: count(mask) }, add } : { add };
  const each = gradients.map(({ attributes, gradient, weight }) =>
    inputGradient(attributes, output.dtype, output.shape, gradient.shape, weight.shape),
  );
  const what = { ...each[0], samples: count(output), sources: each.flatMap(({ sources }) => sources) };
  const operands = gradients.map(({ gradient, weight }) => ({ x: gradient.address, w: weight.address }));
  const emit = choose(each[0]);
  const bytes = { output: coreBytes(output, 3), gradients: gradients.map(({ gradient }) => coreBytes(gradient, 3)) };
  const { samples, groups, kernels, outputs, sources } = what;
  const taps = sources.reduce((sum, { channels, kernel }) => sum + channels * sizeOf(kernel), 0);
  const work = (samples * groups * kernels * sizeOf(outputs) * taps) / PRODUCTS_A_WRITE;
  const part = (first: number, count: number) =>
    emit(
      lower,
      advance(output.address, first * bytes.output),
      operands.map(({ x, w }, i) => ({ x: advance(x, first * bytes.gradients[i]), w })),
      { ...what, samples: count },
      epilogue.mask
        ? { ...epilogue, mask: { ...epilogue.mask, address: advance(epilogue.mask.address, first * bytes.output) } }
        : epilogue,
    );
  // Samples that share a mask stay together.
  if (mask && count(mask) < samples) part(0, samples);
  else lower.divide(samples, work, part);
}

/** One weight gradient, kernel by kernel where several threads compute: no sum is cut in two. */
function dividedByKernels(
  lower: Lowering,
  emit: CorrelationLowering,
  out: Address,
  [x, g]: readonly Address[],
  what: Correlation,
): void {
  const { dtype, samples, groups, kernels, channels, kernel, outputs } = what;
  if (groups > 1) return emit(lower, out, [x, g], 1, what);
  const bytes = ELEMENT_BYTES[dtype];
  const work = (samples * kernels * sizeOf(outputs) * channels * sizeOf(kernel)) / PRODUCTS_A_WRITE;
  lower.divide(
    kernels,
    work,
    (first, count) =>
      emit(
        lower,
        advance(out, bytes * first * channels * sizeOf(kernel)),
        [x, advance(g, bytes * first * sizeOf(outputs))],
        1,
        { ...what, kernels: count },
      ),
    4,
  );
}

const convolutionWeightGradient: WasmKernel<ConvolutionPrimitives['convolutionWeightGradient']> = (
  lower,
  attributes,
  output,
  [input, gradient],
) => {
  const { groups, kernelSize } = attributes;
  const [n, c, h, w] = input.shape.slice(-4);
  const [, k, p, q] = gradient.shape.slice(-4);
  const what: Correlation = {
    ...{ attributes, dtype: output.dtype, samples: n, groups, kernels: k / groups, channels: c / groups },
    ...{ kernel: kernelSize, size: [h, w], outputs: [p, q], gradientPlanes: k },
  };
  const filtering = isFiltering(kernelSize, attributes) && filteringPays(k, c, [p, q]);
  const emit = filtering ? lowerFilteringGradient : lowerCorrelate;
  forEachRun(output, [input, gradient], [4, 4], 4, (run) => {
    if (run.count > 1 && run.steps[0] === 0 && run.steps[1] === 1) {
      emit(lower, run.output, run.operands, run.count, what);
    } else {
      const bytes = [coreBytes(input, 4), coreBytes(gradient, 4)];
      singly(run, coreBytes(output, 4), bytes, (out, at) => dividedByKernels(lower, emit, out, at, what));
    }
  });
};

export const convolutionWasm: { [P in keyof ConvolutionPrimitives]: WasmKernel<ConvolutionPrimitives[P]> } = {
  convolution: convolve(forward),
  convolutionInputGradient: convolve(inputGradient),
  convolutionWeightGradient,
};
