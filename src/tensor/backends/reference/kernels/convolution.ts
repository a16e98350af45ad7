import type { FloatArray } from '../../../array.ts';
import { type Kernel, overLeading } from '../kernel.ts';
import { addScaled, innerProduct } from '../rows.ts';
import type { Shape } from '../../../shape.ts';
import { before, type ConvolutionAttributes, type ConvolutionPrimitives } from '../../../primitives/convolution.ts';

// All three primitives are one sum over the same triples (input pixel, tap, output pixel):
//
//     y[n,k,p,q] = Σ_{d,r,s} w[k,d,r,s] · x[n,c,i,j],   i = p·stride + r·dilation − top,  j likewise from q, s and left,
//
// with c = (k's group)·(channels a group) + d. The convolution adds w·x into y; since y is linear in x and in w, the
// adjoints add over the same triples: g·w into x's gradient, and g·x into w's.

/** The sizes of a convolution, by the letters of its signature. */
interface Geometry {
  readonly n: number;
  readonly c: number;
  readonly h: number;
  readonly w: number;
  readonly k: number;
  readonly d: number;
  readonly r: number;
  readonly s: number;
  readonly p: number;
  readonly q: number;
  readonly attributes: ConvolutionAttributes;
}

function geometry(attributes: ConvolutionAttributes, input: Shape, weight: Shape, output: Shape): Geometry {
  const [n, c, h, w] = input;
  const [k, d, r, s] = weight;
  const [, , p, q] = output;
  return { n, c, h, w, k, d, r, s, p, q, attributes };
}

/** The outputs, from `low` to before `high`, whose window has the tap inside the input; `shift` is where output 0 looks. */
interface TapRange {
  readonly low: number;
  readonly high: number;
  readonly shift: number;
}

function tapRanges(taps: number, size: number, outputs: number, along: 0 | 1, a: ConvolutionAttributes): TapRange[] {
  const stride = a.stride[along];
  return Array.from({ length: taps }, (_, tap) => {
    const shift = tap * a.dilation[along] - before(a.padding)[along];
    const low = Math.max(0, Math.ceil(-shift / stride));
    const high = Math.min(outputs, Math.floor((size - 1 - shift) / stride) + 1);
    return { low, high: Math.max(low, high), shift };
  });
}

/** One tap of one channel pair: the offset of its weight, its channels, and the outputs it reaches. */
interface Tap {
  readonly weight: number;
  readonly k: number;
  readonly c: number;
  readonly rows: TapRange;
  readonly columns: TapRange;
}

function tapsOf(g: Geometry): Tap[] {
  const rows = tapRanges(g.r, g.h, g.p, 0, g.attributes);
  const columns = tapRanges(g.s, g.w, g.q, 1, g.attributes);
  const kernelsPerGroup = g.k / g.attributes.groups;
  const taps: Tap[] = [];
  for (let k = 0; k < g.k; k++) {
    const firstChannel = Math.floor(k / kernelsPerGroup) * g.d;
    for (let d = 0; d < g.d; d++) {
      for (let r = 0; r < g.r; r++) {
        for (let s = 0; s < g.s; s++) {
          const weight = ((k * g.d + d) * g.r + r) * g.s + s;
          taps.push({ weight, k, c: firstChannel + d, rows: rows[r], columns: columns[s] });
        }
      }
    }
  }
  return taps;
}

// The three kernels differ in which of the triple they write. Their innermost loops are functions of their own, over
// numbers and arrays alone: that is what engines compile well.

function forward(g: Geometry, taps: readonly Tap[], output: FloatArray, input: FloatArray, weight: FloatArray): void {
  const [strideH, strideW] = g.attributes.stride;
  const sum = new Float64Array(g.k * g.p * g.q);
  for (let n = 0; n < g.n; n++) {
    sum.fill(0);
    for (const { weight: tap, k, c, rows, columns } of taps) {
      const count = columns.high - columns.low;
      for (let p = rows.low; p < rows.high; p++) {
        const y = (k * g.p + p) * g.q + columns.low;
        const x = ((n * g.c + c) * g.h + p * strideH + rows.shift) * g.w + columns.low * strideW + columns.shift;
        addScaled(sum, y, 1, weight[tap], input, x, strideW, count);
      }
    }
    output.set(sum, n * sum.length);
  }
}

function inputGradient(
  g: Geometry,
  taps: readonly Tap[],
  output: FloatArray,
  gradient: FloatArray,
  weight: FloatArray,
): void {
  const [strideH, strideW] = g.attributes.stride;
  const sum = new Float64Array(g.c * g.h * g.w);
  for (let n = 0; n < g.n; n++) {
    sum.fill(0);
    for (const { weight: tap, k, c, rows, columns } of taps) {
      const count = columns.high - columns.low;
      for (let p = rows.low; p < rows.high; p++) {
        const y = ((n * g.k + k) * g.p + p) * g.q + columns.low;
        const x = (c * g.h + p * strideH + rows.shift) * g.w + columns.low * strideW + columns.shift;
        addScaled(sum, x, strideW, weight[tap], gradient, y, 1, count);
      }
    }
    output.set(sum, n * sum.length);
  }
}

function weightGradient(
  g: Geometry,
  taps: readonly Tap[],
  output: FloatArray,
  input: FloatArray,
  gradient: FloatArray,
): void {
  const [strideH, strideW] = g.attributes.stride;
  for (const { weight: tap, k, c, rows, columns } of taps) {
    const count = columns.high - columns.low;
    let sum = 0;
    for (let n = 0; n < g.n; n++) {
      for (let p = rows.low; p < rows.high; p++) {
        const y = ((n * g.k + k) * g.p + p) * g.q + columns.low;
        const x = ((n * g.c + c) * g.h + p * strideH + rows.shift) * g.w + columns.low * strideW + columns.shift;
        sum += innerProduct(gradient, y, 1, input, x, strideW, count);
      }
    }
    output[tap] = sum;
  }
}

const RANKS = () => [4, 4, 4];

export const convolutionKernels: { [P in keyof ConvolutionPrimitives]: Kernel<ConvolutionPrimitives[P]> } = {
  convolution: overLeading(RANKS, (attributes, [input, weight], output) => {
    const g = geometry(attributes, input, weight, output);
    const taps = tapsOf(g);
    return (y, [x, w]) => forward(g, taps, y, x, w);
  }),
  convolutionInputGradient: overLeading(RANKS, (attributes, [gradient, weight], input) => {
    const g = geometry(attributes, input, weight, gradient);
    const taps = tapsOf(g);
    return (gx, [gy, w]) => inputGradient(g, taps, gx, gy, w);
  }),
  convolutionWeightGradient: overLeading(RANKS, (attributes, [input, gradient], weight) => {
    const g = geometry(attributes, input, weight, gradient);
    const taps = tapsOf(g);
    return (gw, [x, gy]) => weightGradient(g, taps, gw, x, gy);
  }),
};
