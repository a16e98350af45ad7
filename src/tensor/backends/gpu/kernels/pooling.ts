import { type KernelText, type Lanes, lanes, literal, plus } from '../kernelText.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';
import { perLane } from '../strided.ts';
import { alignRows, forWindowRows, intoRows, spread, type WindowGeometry } from '../windows.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../../shape.ts';
import { before, type Pair } from '../../../primitives/convolution.ts';
import type { AveragePoolAttributes, PoolAttributes, PoolingPrimitives } from '../../../primitives/pooling.ts';

const planeOf = ({ shape }: Operand): Pair => [shape[shape.length - 2], shape[shape.length - 1]];
const leadingOf = ({ shape }: Operand): Shape => shape.slice(0, -2);

/** How many places that count the windows of a row or of a column of outputs hold, as text. */
function inside(k: KernelText, output: string, along: 0 | 1, size: number, attributes: AveragePoolAttributes): string {
  const { kernel, stride, padding, counted } = attributes;
  const [low, high] = counted[along];
  const first = k.value(plus(`${output} * ${stride[along]}`, -before(padding)[along]));
  return k.value(`Math.min(${first} + ${kernel[along]}, ${size + high}) - Math.max(${first}, ${literal(-low)})`);
}

/** The number of places that each of four outputs beside each other averages. */
function counts(k: KernelText, row: string, texel: string, input: Pair, attributes: AveragePoolAttributes): Lanes {
  const rows = inside(k, row, 0, input[0], attributes);
  return lanes((lane) => {
    const column = k.value(plus(`${texel} * 4`, lane));
    // Behind the last output, in the filling of a row, there may be no pixel: the value is dropped, but must be one.
    return k.value(`Math.max(${rows} * (${inside(k, column, 1, input[1], attributes)}), 1)`);
  });
}

/** Sums over windows, with a last step: text of the result from that of the sum. */
function windowSums(
  lower: Lowering,
  output: Operand,
  x: Operand,
  geometry: WindowGeometry,
  finish: (k: KernelText, row: string, texel: string, sums: Lanes) => Lanes,
): void {
  const leading = leadingOf(output);
  const [p, q] = planeOf(output);
  const [h, w] = planeOf(x);
  const strides = broadcastStrides(leadingOf(x), leading).map((s) => (s * h * w) / 4);
  lower.kernel(output, [x], (k) => {
    const [plane, row, texel] = k.coordinates(k.t, [sizeOf(leading), p, q / 4]);
    const [start] = k.offsets(plane, leading, [strides]);
    const sums = lanes(() => k.variable());
    forWindowRows(k, 0, start, [h, w], geometry, { row, texel }, (_, pixels) => {
      for (let s = 0; s < geometry.kernel[1]; s++) {
        pixels(s).forEach((value, lane) => k.line(`${sums[lane]} = ${sums[lane]} + ${value};`));
      }
    });
    return finish(k, row, texel, sums);
  });
}

function averagePool(
  lower: Lowering,
  attributes: AveragePoolAttributes,
  output: Operand,
  [x]: readonly Operand[],
): void {
  const { kernel, stride, padding } = attributes;
  const geometry: WindowGeometry = { kernel, stride, before: before(padding), dilation: [1, 1] };
  intoRows(lower, output, (rows) =>
    windowSums(lower, rows, alignRows(lower, x), geometry, (k, row, texel, sums) => {
      const count = counts(k, row, texel, planeOf(x), attributes);
      return lanes((lane) => k.value(`${sums[lane]} / ${count[lane]}`));
    }),
  );
}

/** Shares gy/count, and then the sum over the windows that hold a pixel: windows of stride 1 over the shares, spread. */
function averagePoolGradient(
  lower: Lowering,
  attributes: PoolingPrimitives['averagePoolGradient'],
  output: Operand,
  [gradient]: readonly Operand[],
): void {
  const { kernel, stride, padding } = attributes;
  const [top, left] = before(padding);
  const g = alignRows(lower, gradient);
  const [p, q] = planeOf(g);
  const shares = lower.scratchKernel(g.shape, [g], (k) => {
    const [, row, texel] = k.coordinates(k.t, [sizeOf(leadingOf(g)), p, q / 4]);
    const count = counts(k, row, texel, attributes.inputSize, attributes);
    const values = k.texel(0, k.t);
    return lanes((lane) => k.value(`${values[lane]} / ${count[lane]}`));
  });
  // The filling of rows holds zeros, and their shares are zeros: windows may reach into it.
  const geometry: WindowGeometry = {
    kernel,
    stride: [1, 1],
    before: [kernel[0] - 1 - top, kernel[1] - 1 - left],
    dilation: [1, 1],
  };
  intoRows(lower, output, (rows) =>
    windowSums(lower, rows, spread(lower, shares, stride), geometry, (_k, _row, _texel, sums) => sums),
  );
}

/** Visits the pixels of a window one by one, in row-major order: their position in the plane, and whether they are there. */
function forPixels(
  k: KernelText,
  { kernel, stride, padding }: PoolAttributes,
  [h, w]: Pair,
  [p, q]: readonly [string, string],
  visit: (pixel: string, isInside: string) => void,
): void {
  const top = k.value(plus(`${p} * ${stride[0]}`, -before(padding)[0]));
  const left = k.value(plus(`${q} * ${stride[1]}`, -before(padding)[1]));
  k.loop(kernel[0], (r) =>
    k.loop(kernel[1], (s) => {
      const row = k.value(`${top} + ${r}`);
      const column = k.value(`${left} + ${s}`);
      const clamped = `Math.min(Math.max(${row}, 0), ${h - 1}) * ${w} + Math.min(Math.max(${column}, 0), ${w - 1})`;
      const isInside = `${row} > -0.5 && ${row} < ${h - 0.5} && ${column} > -0.5 && ${column} < ${w - 0.5}`;
      visit(k.value(clamped), isInside);
    }),
  );
}

function maxPoolIndex(lower: Lowering, attributes: PoolAttributes, output: Operand, [x]: readonly Operand[]): void {
  const leading = leadingOf(output);
  const [h, w] = planeOf(x);
  const strides = broadcastStrides(leadingOf(x), leading).map((s) => s * h * w);
  lower.kernel(output, [x], (k) =>
    perLane(k, sizeOf(output.shape), (position) => {
      const [plane, p, q] = k.coordinates(position, [sizeOf(leading), ...planeOf(output)]);
      const [start] = k.offsets(plane, leading, [strides]);
      const best = k.variable('-1.0');
      const most = k.variable();
      forPixels(k, attributes, [h, w], [p, q], (pixel, isInside) => {
        const value = k.element(0, k.value(`${start} + ${pixel}`));
        // Of equal values the first stays.
        k.line(
          `if (${isInside} && (${best} < -0.5 || ${value} > ${most})) { ${most} = ${value}; ${best} = ${pixel}; }`,
        );
      });
      return best;
    }),
  );
}

export const poolingGpu: { [P in keyof PoolingPrimitives]: GpuKernel<PoolingPrimitives[P]> } = {
  averagePool,
  averagePoolGradient,
  maxPoolIndex,
};
