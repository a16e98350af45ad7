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

function gatherPixels(lower: Lowering, _: unknown, output: Operand, [x, index]: readonly Operand[]): void {
  const leading = leadingOf(output);
  const windows = sizeOf(planeOf(output));
  const strides = [
    broadcastStrides(leadingOf(x), leading).map((s) => s * sizeOf(planeOf(x))),
    broadcastStrides(leadingOf(index), leading).map((s) => s * windows),
  ];
  lower.kernel(output, [x, index], (k) =>
    perLane(k, sizeOf(output.shape), (position) => {
      const [plane, window] = k.coordinates(position, [sizeOf(leading), windows]);
      const [image, at] = k.offsets(plane, leading, strides);
      const pixel = k.element(1, k.value(`${at} + ${window}`));
      return k.element(0, k.value(`${image} + ${pixel}`));
    }),
  );
}

/**
 * gx[i] = Σ of gy over the windows that name pixel i. Where the index is a maximum pool's, only the windows that hold the
 * pixel can name it; otherwise all of them are looked through.
 */
function scatterPixels(
  lower: Lowering,
  { inputSize }: PoolingPrimitives['scatterPixels'],
  output: Operand,
  [gradient, index]: readonly Operand[],
): void {
  const leading = leadingOf(output);
  const [h, w] = inputSize;
  const [p, q] = planeOf(index);
  const strides = [gradient, index].map((operand) =>
    broadcastStrides(leadingOf(operand), leading).map((s) => s * p * q),
  );
  const pool = index.origin?.primitive === 'maxPoolIndex' ? index.origin.attributes : undefined;
  lower.kernel(output, [gradient, index], (k) =>
    perLane(k, sizeOf(output.shape), (position) => {
      const [plane, row, column] = k.coordinates(position, [sizeOf(leading), h, w]);
      const [g, at] = k.offsets(plane, leading, strides);
      const pixel = k.value(`${row} * ${w} + ${column}`);
      const total = k.variable();
      const add = (window: string, condition: string) => {
        const named = k.element(1, k.value(`${at} + ${window}`));
        const value = k.element(0, k.value(`${g} + ${window}`));
        k.line(`if (${condition}Math.abs(${named} - ${pixel}) < 0.5) { ${total} = ${total} + ${value}; }`);
      };
      if (pool) {
        const { kernel, stride, padding } = pool;
        // The first window that can hold the pixel, ⌈(c + padding − kernel + 1)/stride⌉ or 0, and as many as can.
        const first = [row, column].map((c, i) => {
          const ahead = before(padding)[i] - kernel[i] + stride[i];
          return k.divide(k.value(`Math.max(${plus(c, ahead)}, 0)`), stride[i])[0];
        });
        const most = kernel.map((size, i) => Math.ceil(size / stride[i]));
        k.loop(most[0], (r) =>
          k.loop(most[1], (s) => {
            const [i, j] = [k.value(`${first[0]} + ${r}`), k.value(`${first[1]} + ${s}`)];
            const clamped = `Math.min(Math.max(${i}, 0), ${p - 1}) * ${q} + Math.min(Math.max(${j}, 0), ${q - 1})`;
            add(k.value(clamped), `${i} > -0.5 && ${i} < ${p - 0.5} && ${j} > -0.5 && ${j} < ${q - 0.5} && `);
          }),
        );
      } else {
        k.loop(p * q, (window) => add(window, ''));
      }
      return total;
    }),
  );
}

export const poolingGpu: { [P in keyof PoolingPrimitives]: GpuKernel<PoolingPrimitives[P]> } = {
  averagePool,
  averagePoolGradient,
  maxPoolIndex,
  gatherPixels,
  scatterPixels,
};
