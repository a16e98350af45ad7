import { type KernelText, lanes, literal } from '../kernelText.ts';
import { type GpuKernel, type Lowering, type Operand, texelsOf } from '../lowering.ts';
import { cutLoops, foldLoops, joinPieces, pieceOf, SUM } from '../pieces.ts';
import { eachLane, perLane } from '../strided.ts';
import { mergeTiles, tilesFor } from '../tiles.ts';
import { alignRows, forWindowRows, intoRows, spread, type WindowGeometry, windowRow } from '../windows.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../../shape.ts';
import { before, type ConvolutionPrimitives } from '../../../primitives/convolution.ts';

/** How weights are read: the sizes of one group, and where the weight of an output and an input channel and a tap is. */
interface WeightView {
  readonly weight: Operand;
  readonly groups: number;
  readonly outputs: number;
  readonly inputs: number;
  readonly kernel: readonly [number, number];
  /** Elements from one group, output, input, row and column of taps to the next, and to the first. */
  readonly strides: readonly [group: number, output: number, input: number, r: number, s: number];
  readonly offset: number;
}

/** Strides of the leading dimensions of an operand with a core of `coreSize`. */
function leadingStrides(operand: Operand, coreRank: number, leading: Shape, coreSize: number): number[] {
  return broadcastStrides(operand.shape.slice(0, operand.shape.length - coreRank), leading).map((s) => s * coreSize);
}

/**
 * Weights in the order in which the tile kernel reads them: [leading, group, tile, input, r, s, output of the tile], the
 * outputs of a tile filled up with zeros to whole texels.
 */
function packWeights(lower: Lowering, view: WeightView): Operand {
  const { weight, groups, outputs, inputs, kernel, strides, offset } = view;
  const { height, count } = tilesFor(outputs, lower.dialect);
  const leading = weight.shape.slice(0, -4);
  const size = sizeOf(weight.shape.slice(-4));
  const extents = [sizeOf(leading), groups, count, inputs, ...kernel, 4 * texelsOf(height)];
  return lower.scratchKernel(extents, [weight], (k) =>
    perLane(k, sizeOf(extents), (position) => {
      const [l, g, tile, input, r, s, row] = k.coordinates(position, extents);
      const output = k.value(`${tile} * ${height} + ${row}`);
      const inside = `(${row} < ${height - 0.5} && ${output} < ${outputs - 0.5})`;
      const index = [l, g, `Math.min(${output}, ${outputs - 1})`, input, r, s];
      const terms = index.map((i, d) => `${i} * ${literal([size, ...strides][d])}`);
      const value = k.element(0, k.value([...terms, String(offset)].join(' + ')));
      return k.value(`(${inside} ? ${value} : 0.0)`);
    }),
  );
}

/**
 * y[n, g·K + k, p, q] = Σ_{d,r,s} w[g,k,d,r,s] · x[n, g·D + d, p·stride + r·dilation − before, …]: a thread computes four
 * neighbouring outputs of up to 8 channels.
 */
function correlate(lower: Lowering, output: Operand, x: Operand, view: WeightView, geometry: WindowGeometry): void {
  const { groups, outputs, inputs, kernel } = view;
  const leading = output.shape.slice(0, -4);
  const [n, , p, q] = output.shape.slice(-4);
  const [, , h, w] = x.shape.slice(-4);
  const weights = packWeights(lower, view);
  const { height, count } = tilesFor(outputs, lower.dialect);
  const tileTexels = texelsOf(height);
  const imageTexels = (h * w) / 4;
  const tapTexels = kernel[0] * kernel[1] * tileTexels;
  const strides = [
    leadingStrides(x, 4, leading, n * groups * inputs * imageTexels),
    leadingStrides(view.weight, 4, leading, groups * count * inputs * tapTexels),
  ];
  const outer = sizeOf(leading);
  const cut = cutLoops([inputs, kernel[0]]);
  const planeShape = [cut.count, outer, n, groups, count, p, q];
  const write = (k: KernelText, first: number, end: number) => {
    const extents = [...planeShape.slice(0, -1), q / 4];
    const [number, l, sample, g, tile, row, texel] = k.coordinates(k.t, extents);
    const piece = pieceOf(k, cut, number);
    const [xAt, wAt] = k.offsets(l, leading, strides);
    const image = k.value(`${xAt} + (${sample} * ${groups} + ${g}) * ${inputs * imageTexels}`);
    const tileAt = k.value(`${wAt} + (${g} * ${count} + ${tile}) * ${inputs * tapTexels}`);
    const sums = Array.from({ length: end - first }, () => lanes(() => k.variable()));
    piece.loop(0, (d) => {
      const start = k.value(`${image} + ${d} * ${imageTexels}`);
      const taps = k.value(`${tileAt} + ${d} * ${tapTexels}`);
      const rows = (body: (r: string) => void) => piece.loop(1, body);
      forWindowRows(k, 0, start, [h, w], geometry, { row, texel }, rows, (r, pixels) => {
        const rowTaps = k.value(`${taps} + ${r} * ${kernel[1] * tileTexels}`);
        for (let s = 0; s < kernel[1]; s++) {
          const values = pixels(s);
          const read = readRun(k, 1, rowTaps, s * tileTexels, first, end);
          sums.forEach((sum, i) => {
            sum.forEach((name, lane) => k.line(`${name} = ${name} + ${read[i]} * ${values[lane]};`));
          });
        }
      });
    });
    return sums;
  };
  const planes = lower.planes(height, planeShape, [x, weights], write, cut.count === 1 ? output : undefined);
  const sizes = { outer: cut.count * outer * n * groups, rows: outputs, inner: p * q };
  if (cut.count === 1) mergeTiles(lower, planes, sizes, output);
  else joinPieces(lower, output, mergeTiles(lower, planes, sizes, [cut.count, ...output.shape]), cut.count, SUM);
}

/** Lanes `first` to before `end` of consecutive texels from `start + offset`. */
function readRun(k: KernelText, operand: number, start: string, offset: number, first: number, end: number): string[] {
  const texels = new Map<number, readonly string[]>();
  return Array.from({ length: end - first }, (_, i) => {
    const [texel, lane] = [Math.floor((first + i) / 4), (first + i) % 4];
    let values = texels.get(texel);
    if (values === undefined) {
      texels.set(texel, (values = k.texel(operand, k.value(`${start} + ${offset + texel}`))));
    }
    return values[lane];
  });
}

export const convolutionGpu: { [P in keyof ConvolutionPrimitives]: GpuKernel<ConvolutionPrimitives[P]> } = {
  convolution(lower, { stride, padding, dilation, groups }, output, [x, weight]) {
    const [k, d, r, s] = weight.shape.slice(-4);
    const outputs = k / groups;
    const view: WeightView = {
      ...{ weight, groups, outputs, inputs: d, kernel: [r, s], offset: 0 },
      strides: [outputs * d * r * s, d * r * s, r * s, s, 1],
    };
    const geometry = { stride, before: before(padding), dilation, kernel: [r, s] as const };
    intoRows(lower, output, (rows) => correlate(lower, rows, alignRows(lower, x), view, geometry));
  },

  /**
   * The adjoint of the convolution is a convolution of stride 1: of the gradient with zeros between its pixels, by the
   * weights turned round, with outputs and inputs exchanged.
   */
  convolutionInputGradient(lower, { stride, padding, dilation, groups }, output, [gradient, weight]) {
    const [k, d, r, s] = weight.shape.slice(-4);
    const [top, left] = before(padding);
    const inputs = k / groups;
    const view: WeightView = {
      ...{ weight, groups, outputs: d, inputs, kernel: [r, s], offset: r * s - 1 },
      strides: [inputs * d * r * s, r * s, d * r * s, -s, -1],
    };
    const geometry: WindowGeometry = {
      stride: [1, 1],
      before: [dilation[0] * (r - 1) - top, dilation[1] * (s - 1) - left],
      dilation,
      kernel: [r, s],
    };
    intoRows(lower, output, (rows) => correlate(lower, rows, spread(lower, gradient, stride), view, geometry));
  },

  /**
   * gw[k,d,r,s] = Σ_{n,p,q} gy[n,k,p,q] · x[n, c, p·stride + r·dilation − padding, …]: a thread sums over the pixels of
   * one sample, or a piece of them, for a row of up to four taps of up to 8 kernels; a second kernel sums over samples
   * and pieces.
   */
  convolutionWeightGradient(lower, { stride, padding, dilation, groups, kernelSize }, output, operands) {
    const [x, gradient] = operands.map((operand) => alignRows(lower, operand));
    const leading = output.shape.slice(0, -4);
    const [kernels, depth, tapRows, tapColumns] = output.shape.slice(-4);
    const [n, c, h, w] = x.shape.slice(-4);
    const [, , p, q] = gradient.shape.slice(-4);
    const perGroup = kernels / groups;
    const { height, count } = tilesFor(perGroup, lower.dialect);
    const chunks = texelsOf(tapColumns);
    const xTexels = (h * w) / 4;
    const gTexels = (p * q) / 4;
    const outer = sizeOf(leading);
    const strides = [
      leadingStrides(x, 4, leading, n * c * xTexels),
      leadingStrides(gradient, 4, leading, n * kernels * gTexels),
    ];
    const inner = [depth, tapRows, chunks];
    const cut = cutLoops([p, q / 4]);
    const parts = n * cut.count;
    const planeShape = [outer, n, cut.count, groups, count, ...inner, 4];
    const planes = lower.planes(height, planeShape, [x, gradient], (k, first, end) => {
      const [l, sample, number, g, tile, d, r, chunk] = k.coordinates(k.t, planeShape.slice(0, -1));
      const piece = pieceOf(k, cut, number);
      const [xAt, gAt] = k.offsets(l, leading, strides);
      const image = k.value(`${xAt} + (${sample} * ${c} + ${g} * ${depth} + ${d}) * ${xTexels}`);
      const own = Array.from({ length: end - first }, (_, i) => first + i);
      const rows = own.map((j) => {
        const kernel = `Math.min(${tile} * ${height} + ${j}, ${perGroup - 1})`;
        return k.value(`${gAt} + (${sample} * ${kernels} + ${g} * ${perGroup} + ${kernel}) * ${gTexels}`);
      });
      const sums = own.map(() => lanes(() => k.variable()));
      const taps = Math.min(4, tapColumns);
      piece.loop(0, (row) => {
        piece.loop(1, (texel) => {
          const geometry = { stride, before: before(padding), dilation, kernel: kernelSize };
          const at = k.value(`${row} * ${stride[0]} + ${r} * ${dilation[0]} - ${before(padding)[0]}`);
          const from = k.value(`${texel} * ${stride[1]} + ${chunk} * ${dilation[1]}`);
          const pixels = windowRow(k, 0, image, [h, w], geometry, at, from);
          const right = Array.from({ length: taps }, (_, s) => pixels(s));
          own.forEach((_, j) => {
            const left = k.texel(1, k.value(`${rows[j]} + ${row} * ${q / 4} + ${texel}`));
            right.forEach((values, s) => {
              const terms = values.map((value, lane) => `${left[lane]} * ${value}`);
              k.line(`${sums[j][s]} = ${sums[j][s]} + ${terms.join(' + ')};`);
            });
          });
        });
      });
      return sums;
    });
    const innerSize = 4 * sizeOf(inner);
    const how = { fold: SUM, repeats: 4 * height };
    foldLoops(lower, output, planes, [parts], how, (k, texel, piece) =>
      eachLane(
        k,
        sizeOf(output.shape),
        (position) => {
          const [l, kernel, tapRow, s] = k.coordinates(position, [outer, kernels, depth * tapRows, tapColumns]);
          const [chunk, lane] = k.divide(s, 4);
          const [g, row] = k.divide(kernel, perGroup);
          const [tile, plane] = k.divide(row, height);
          const at = k.value(`${l} * ${parts * groups * count} + ${g} * ${count} + ${tile}`);
          const total = k.variable();
          k.choose(plane, height, (j) =>
            piece.loop(0, (i) => {
              const from = `(${at} + ${i} * ${groups * count}) * ${innerSize / 4} + ${tapRow} * ${chunks} + ${chunk}`;
              const value = k.element(j, k.value(`(${from}) * 4 + ${lane}`));
              k.line(`${total} = ${total} + ${value};`);
            }),
          );
          return total;
        },
        texel,
      ),
    );
  },
};
