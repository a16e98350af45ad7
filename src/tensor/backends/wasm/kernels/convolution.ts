import { type Address, behind } from '../calls.ts';
import { coreBytes, forEachRun, type Lowering, type Operand, singly, type WasmKernel } from '../lowering.ts';
import { sizeOf } from '../../../shape.ts';
import type { ConvolutionAttributes, ConvolutionPrimitives, Pair } from '../../../primitives/convolution.ts';
import { backwardWindow, describe, type Epilogue, forwardWindow, type Window } from './packing.ts';
import { lowerStrided } from './phases.ts';
import { dotTile, scaleTile } from './tiles.ts';
import { filteringPays, lowerWinograd, lowerWinogradGradient } from './winograd.ts';

// Convolution and input gradient are the same kernel, `convolve`: results are sums of pixels scaled by weights. The
// weight gradient is another, `correlate`: inner products over pixels. Both read images packed so that a tap is a
// distance, the same at every pixel (assembly/pack.ts), and are told those distances in tables made here.

const PACK_SLACK = 64; // whole vectors are read at a row's end

/** The vectors of four that cover a plane of windows: where each reads and writes (bytes) and how many lanes count. */
function vectorsOf(window: Window, [p, q]: Pair): { from: number; to: number; count: number }[] {
  const flat = window.direct; // then rows join into one
  const [rows, width] = flat ? [1, p * q] : [p, q];
  const vectors = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < width; j += 4) {
      vectors.push({
        from: 4 * (i * window.packing.columns + j),
        to: 4 * (i * width + j),
        count: Math.min(4, width - j),
      });
    }
  }
  return vectors;
}

/** What `convolve` is told. */
interface Convolve {
  /** Samples of a run, and how many of them have a mask of their own. */
  readonly samples: number;
  readonly groups: number;
  /** Kernels and channels a group, taps a channel. */
  readonly kernels: number;
  readonly inputs: number;
  readonly kernel: Pair;
  /** Steps of the weights from group to group, kernel to kernel, channel to channel, in elements. */
  readonly steps: readonly [group: number, kernel: number, channel: number];
  readonly window: Window;
  readonly outputs: Pair;
  /** Whether the taps are read from the last to the first. */
  readonly turned: boolean;
  /** The geometry, where this is the input gradient of a convolution with a stride. */
  readonly strided?: ConvolutionAttributes;
}

/** Whether windows are 3×3 of neighbouring pixels, one at every place. */
function isFiltering(kernel: Pair, groups: number, { packing: { stride }, dilation }: Window): boolean {
  return groups === 1 && kernel.every((extent) => extent === 3) && [...stride, ...dilation].every((d) => d === 1);
}

function lowerConvolve(
  lower: Lowering,
  out: Address,
  [x, w]: readonly Address[],
  what: Convolve,
  epilogue: Epilogue,
): void {
  const { samples, groups, kernels, inputs, kernel, steps, window, outputs, turned } = what;
  const { mask, add } = epilogue;
  const { size, offset } = window.packing;
  if (what.strided) return lowerStrided(lower, out, [x, w], what.strided, { ...what, size }, epilogue);
  // Not the forward pass: see winograd.ts.
  if (turned && isFiltering(kernel, groups, window) && filteringPays(kernels, inputs, outputs)) {
    const filtering = { samples, kernels, channels: inputs, size, padding: offset, outputs };
    lowerWinograd(lower, out, [x, w], { ...filtering, steps: [steps[1], steps[2]] }, epilogue);
    return;
  }
  const vectors = vectorsOf(window, outputs);
  const [rows, columns] = scaleTile(kernels, vectors.length);
  while (vectors.length % columns > 0) vectors.push({ from: 0, to: 0, count: 0 });
  const taps: number[] = [];
  for (let c = 0; c < inputs; c++) {
    for (let r = 0; r < kernel[0]; r++) {
      for (let s = 0; s < kernel[1]; s++) taps.push(c * window.channelBytes + window.tap(r, s));
    }
  }
  const [h, width] = window.packing.size;
  const packedBytes = groups * inputs * window.channelBytes + PACK_SLACK;
  const header = 19 + 8;
  const table = lower.table([
    ...[samples, mask?.samples ?? 0, groups, kernels, inputs, kernel[0] * kernel[1], ...steps],
    ...[4 * groups * inputs * h * width, inputs * window.channelBytes, 4 * outputs[0] * outputs[1]],
    ...[vectors.length, rows, columns, Number(!window.direct), packedBytes, 4 * header, 4 * (header + taps.length)],
    ...describe(window.packing),
    ...taps,
    ...vectors.flatMap(({ from, to, count }) => [from, to, count]),
  ]);
  const weightBytes = 4 * groups * (kernels + rows) * taps.length + 16;
  const scratch = lower.scratch(weightBytes + (window.direct ? 0 : packedBytes));
  lower.call('convolve', out, x, w, mask?.address ?? 0, Number(add), table, scratch);
}

/** About so many products are computed in the time in which a number is written. */
const PRODUCTS_A_WRITE = 8;

type ConvolveOf<A> = (attributes: A, output: Operand, x: Operand, w: Operand) => Convolve;

const convolutionOf: ConvolveOf<ConvolutionAttributes> = (attributes, output, input, weight) => {
  const [n, , h, w] = input.shape.slice(-4);
  const [k, d, r, s] = weight.shape.slice(-4);
  const outputs = output.shape.slice(-2) as unknown as Pair;
  const kernels = k / attributes.groups;
  return {
    ...{ samples: n, groups: attributes.groups, kernels, inputs: d, kernel: [r, s], outputs },
    steps: [kernels * d * r * s, d * r * s, r * s],
    window: forwardWindow(attributes, [h, w], [r, s], outputs),
    turned: false,
  };
};

const inputGradientOf: ConvolveOf<ConvolutionAttributes> = (attributes, output, gradient, weight) => {
  const [n, , p, q] = gradient.shape.slice(-4);
  const [k, d, r, s] = weight.shape.slice(-4);
  const outputs = output.shape.slice(-2) as unknown as Pair;
  const inputs = k / attributes.groups;
  return {
    ...{ samples: n, groups: attributes.groups, kernels: d, inputs, kernel: [r, s], outputs },
    steps: [inputs * d * r * s, r * s, d * r * s],
    window: backwardWindow(attributes, [p, q], [r, s], outputs),
    turned: true,
    ...(attributes.stride.some((step) => step > 1) && { strided: attributes }),
  };
};

function convolve<A>(of: ConvolveOf<A>): WasmKernel<A> {
  return (lower, attributes, output, operands) => {
    const what = of(attributes, output, operands[0], operands[1]);
    const bytes = operands.map((operand) => coreBytes(operand, 4));
    forEachRun(output, operands, [4, 4], 4, (run) => {
      if (run.count === 1 || (run.steps[0] === 1 && run.steps[1] === 0)) {
        const [x, w] = run.operands;
        const { groups, kernels, inputs, kernel, outputs } = what;
        const samples = what.samples * run.count;
        const work = (samples * groups * kernels * sizeOf(outputs) * inputs * sizeOf(kernel)) / PRODUCTS_A_WRITE;
        lower.divide(samples, work, (first, count) => {
          const out = behind(run.output, first * coreBytes(output, 3));
          const from = behind(x, first * coreBytes(operands[0], 3));
          lowerConvolve(lower, out, [from, w], { ...what, samples: count }, { add: false });
        });
      } else {
        singly(run, coreBytes(output, 4), bytes, (out, at) => lowerConvolve(lower, out, at, what, { add: false }));
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
  const what = inputGradientOf(attributes, output, gradient, weight);
  const count = (operand: Operand) => operand.shape.slice(0, -3).reduce((a, b) => a * b, 1);
  const epilogue = mask ? { mask: { address: mask.address, samples: count(mask) }, add } : { add };
  const all = { ...what, samples: count(output) };
  lowerConvolve(lower, output.address, [gradient.address, weight.address], all, epilogue);
}

/** About so many pixels are added up in registers before they go to memory: four lanes of a quarter each. */
const PIXELS_A_SUM = 1024;

const convolutionWeightGradient: WasmKernel<ConvolutionPrimitives['convolutionWeightGradient']> = (
  lower,
  attributes,
  output,
  [input, gradient],
) => {
  const { groups, kernelSize } = attributes;
  const [n, c, h, w] = input.shape.slice(-4);
  const [, k, p, q] = gradient.shape.slice(-4);
  const window = forwardWindow(attributes, [h, w], kernelSize, [p, q]);
  const kernels = k / groups;
  const inputs = c / groups;
  const vectors = vectorsOf(window, [p, q]);
  const taps: number[] = [];
  for (let d = 0; d < inputs; d++) {
    for (let r = 0; r < kernelSize[0]; r++) {
      for (let s = 0; s < kernelSize[1]; s++) taps.push(d * window.channelBytes + window.tap(r, s));
    }
  }
  const [height, width] = window.direct ? [1, p * q] : [p, q];
  const chunk = Math.max(1, Math.min(n, Math.round(PIXELS_A_SUM / (p * q))));
  const packedBytes = c * window.channelBytes + PACK_SLACK;

  const filtering = isFiltering(kernelSize, groups, window) && filteringPays(k, c, [p, q]);
  const correlate = (out: Address, x: Address, g: Address, gradients: number) => {
    if (filtering) {
      const what = {
        samples: n,
        kernels: k,
        channels: c,
        size: [h, w],
        padding: attributes.padding,
        outputs: [p, q],
      } as const;
      lowerWinogradGradient(lower, out, [x, g], gradients, what);
      return;
    }
    const [rows, columns] = dotTile(gradients * kernels, taps.length);
    const whole = Math.ceil(taps.length / columns) * columns;
    const header = 18 + 8;
    const table = lower.table([
      ...[gradients, n, groups, kernels, taps.length, 4 * c * h * w, inputs * window.channelBytes],
      ...[height, width, vectors.length, rows, columns, Number(!window.direct), packedBytes, chunk, c],
      ...[4 * header, 4 * (header + whole)],
      ...describe(window.packing),
      ...Array.from({ length: whole }, (_, t) => taps[Math.min(t, taps.length - 1)]),
      ...vectors.map(({ from }) => from),
    ]);
    const padded = Math.ceil((gradients * kernels) / rows) * rows;
    const sums = 4 * groups * padded * whole;
    const images = window.direct ? 0 : packedBytes * chunk;
    const spread = width % 4 === 0 ? 0 : 4 * height * (width + 3) * chunk * padded;
    const scratch = lower.scratch(sums + 4 * padded + 64 + images + spread);
    lower.call('correlate', out, x, g, table, scratch);
  };

  forEachRun(output, [input, gradient], [4, 4], 4, (run) => {
    if (run.steps[0] === 0 && run.steps[1] === 1) {
      correlate(run.output, run.operands[0], run.operands[1], run.count);
    } else {
      const bytes = [coreBytes(input, 4), coreBytes(gradient, 4)];
      singly(run, coreBytes(output, 4), bytes, (out, [x, g]) => correlate(out, x, g, 1));
    }
  });
};

export const convolutionWasm: { [P in keyof ConvolutionPrimitives]: WasmKernel<ConvolutionPrimitives[P]> } = {
  convolution: convolve(convolutionOf),
  convolutionInputGradient: convolve(inputGradientOf),
  convolutionWeightGradient,
};
