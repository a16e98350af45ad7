import { advance } from '../calls.ts';
import { coreBytes, forEachRun, type Lowering, type Operand, singly, type WasmKernel } from '../lowering.ts';
import { sizeOf } from '../../../shape.ts';
import type { ConvolutionAttributes, ConvolutionPrimitives, Pair } from '../../../primitives/convolution.ts';
import { type Correlation, lowerConvolve, lowerCorrelate } from './direct.ts';
import type { Convolution, ConvolutionLowering } from './packing.ts';
import { lowerStrided } from './phases.ts';
import { filteringPays, lowerFiltering, lowerFilteringGradient } from './winograd.ts';

// Convolution and input gradient are the same work: results are sums of pixels scaled by weights. The weight gradient is
// another: inner products over pixels. For each there are several kernels.

/** Whether windows are 3×3 of neighbouring pixels, one at every place. */
function isFiltering(kernel: Pair, { groups, stride, dilation }: ConvolutionAttributes): boolean {
  return groups === 1 && kernel.every((extent) => extent === 3) && [...stride, ...dilation].every((d) => d === 1);
}

/** The kernel that computes a convolution or an input gradient. */
function choose({ attributes, gradient, kernels, channels, kernel, outputs }: Convolution): ConvolutionLowering {
  if (gradient && attributes.stride.some((step) => step > 1)) return lowerStrided;
  // Not the forward pass: see winograd.ts.
  const filtering = gradient && isFiltering(kernel, attributes) && filteringPays(kernels, channels, outputs);
  return filtering ? lowerFiltering : lowerConvolve;
}

/** About this many products are computed in the time that writing a number takes. */
const PRODUCTS_A_WRITE = 8;

type ConvolutionOf<A> = (attributes: A, output: Operand, x: Operand, w: Operand) => Convolution;

const forward: ConvolutionOf<ConvolutionAttributes> = (attributes, output, input, weight) => {
  const [n, , h, w] = input.shape.slice(-4);
  const [k, d, r, s] = weight.shape.slice(-4);
  const [p, q] = output.shape.slice(-2);
  const { groups } = attributes;
  const kernels = k / groups;
  return {
    ...{ attributes, gradient: false, dtype: output.dtype, samples: n, groups, kernels, channels: d },
    ...{ kernel: [r, s], size: [h, w], outputs: [p, q] },
    strides: { groupStride: kernels * d * r * s, kernelStride: d * r * s, channelStride: r * s },
  };
};

const inputGradient: ConvolutionOf<ConvolutionAttributes> = (attributes, output, gradient, weight) => {
  const [n, , p, q] = gradient.shape.slice(-4);
  const [k, d, r, s] = weight.shape.slice(-4);
  const [h, w] = output.shape.slice(-2);
  const { groups } = attributes;
  const channels = k / groups;
  return {
    ...{ attributes, gradient: true, dtype: output.dtype, samples: n, groups, kernels: d, channels },
    ...{ kernel: [r, s], size: [p, q], outputs: [h, w] },
    strides: { groupStride: channels * d * r * s, kernelStride: r * s, channelStride: d * r * s },
  };
};

function convolve<A>(of: ConvolutionOf<A>): WasmKernel<A> {
  return (lower, attributes, output, operands) => {
    const what = of(attributes, output, operands[0], operands[1]);
    const emit = choose(what);
    const bytes = operands.map((operand) => coreBytes(operand, 4));
    forEachRun(output, operands, [4, 4], 4, (run) => {
      if (run.count === 1 || (run.steps[0] === 1 && run.steps[1] === 0)) {
        const [x, w] = run.operands;
        const { groups, kernels, channels, kernel, outputs } = what;
        const samples = what.samples * run.count;
        const work = (samples * groups * kernels * sizeOf(outputs) * channels * sizeOf(kernel)) / PRODUCTS_A_WRITE;
        lower.divide(samples, work, (first, count) => {
          const out = advance(run.output, first * coreBytes(output, 3));
          const from = advance(x, first * coreBytes(operands[0], 3));
          emit(lower, out, [from, w], { ...what, samples: count }, { add: false });
        });
      } else {
        singly(run, coreBytes(output, 4), bytes, (out, at) => emit(lower, out, at, what, { add: false }));
      }
    });
  };
}

/**
 * The input gradient masked by the ReLU in front of the convolution, on its own or added to what the output holds.
 * Gradient and output must have the same leading dimensions, the weight none; `mask` may have fewer than they.
 */
export function inputGradientThrough(
  lower: Lowering,
  attributes: ConvolutionPrimitives['convolutionInputGradient'],
  output: Operand,
  [gradient, weight]: readonly Operand[],
  mask: Operand | undefined,
  add: boolean,
): void {
  const count = (operand: Operand) => operand.shape.slice(0, -3).reduce((a, b) => a * b, 1);
  const epilogue = mask ? { mask: { address: mask.address, samples: count(mask) }, add } : { add };
  const what = { ...inputGradient(attributes, output, gradient, weight), samples: count(output) };
  choose(what)(lower, output.address, [gradient.address, weight.address], what, epilogue);
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
    ...{ kernel: kernelSize, size: [h, w], outputs: [p, q] },
  };
  const filtering = isFiltering(kernelSize, attributes) && filteringPays(k, c, [p, q]);
  const emit = filtering ? lowerFilteringGradient : lowerCorrelate;
  forEachRun(output, [input, gradient], [4, 4], 4, (run) => {
    if (run.steps[0] === 0 && run.steps[1] === 1) {
      emit(lower, run.output, run.operands, run.count, what);
    } else {
      const bytes = [coreBytes(input, 4), coreBytes(gradient, 4)];
      singly(run, coreBytes(output, 4), bytes, (out, at) => emit(lower, out, at, 1, what));
    }
  });
};

export const convolutionWasm: { [P in keyof ConvolutionPrimitives]: WasmKernel<ConvolutionPrimitives[P]> } = {
  convolution: convolve(forward),
  convolutionInputGradient: convolve(inputGradient),
  convolutionWeightGradient,
};
