import { type KernelText, type Lanes, lanes, literal, plus } from '../kernelText.ts';
import { type GpuKernel, type Lowering, type Operand, texelsOf } from '../lowering.ts';
import { cutLoops, joinPieces, type Piece, pieceOf, SUM } from '../pieces.ts';
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
    // After the last output, in the filling of a row, there may be no pixel: the value is dropped, but must be one.
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
  const cut = cutLoops([geometry.kernel[0]]);
  const extents = [sizeOf(leading), p, q / 4];
  const sumsOf = (k: KernelText, number: string, [plane, row, texel]: readonly string[]): Lanes => {
    const [start] = k.offsets(plane, leading, [strides]);
    const piece = pieceOf(k, cut, number);
    const sums = lanes(() => k.variable());
    const rows = (body: (r: string) => void) => piece.loop(0, body);
    forWindowRows(k, 0, start, [h, w], geometry, { row, texel }, rows, (_, pixels) => {
      for (let s = 0; s < geometry.kernel[1]; s++) {
        pixels(s).forEach((value, lane) => k.line(`${sums[lane]} = ${sums[lane]} + ${value};`));
      }
    });
    return sums;
  };
  if (cut.count === 1) {
    lower.kernel(output, [x], (k) => {
      const [plane, row, texel] = k.coordinates(k.t, extents);
      return finish(k, row, texel, sumsOf(k, '0', [plane, row, texel]));
    });
    return;
  }
  const parts = lower.scratchKernel([cut.count, ...output.shape], [x], (k) => {
    const [number, ...at] = k.coordinates(k.t, [cut.count, ...extents]);
    return sumsOf(k, number, at);
  });
  const whole = lower.scratch(output.shape);
  joinPieces(lower, whole, parts, cut.count, SUM);
  lower.kernel(output, [whole], (k) => {
    const [, row, texel] = k.coordinates(k.t, extents);
    return finish(k, row, texel, k.texel(0, k.t));
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

/** Positions of pixels of windows, or −1 for none: text from that of the indices of a nest of loops. */
interface Candidates {
  readonly operands: readonly Operand[];
  readonly extents: readonly number[];
  /** Writes a loop over a piece for the window at a position. */
  readonly visit: (
    k: KernelText,
    position: string,
    piece: Piece,
    found: (pixel: string, isThere: string) => void,
  ) => void;
}

/** The pixels of a window one by one, in row-major order. */
function pixelsOf({ kernel, stride, padding }: PoolAttributes, [h, w]: Pair, output: Operand): Candidates {
  const [p, q] = planeOf(output);
  return {
    operands: [],
    extents: kernel,
    visit(k, position, piece, found) {
      const [, i, j] = k.coordinates(position, [sizeOf(leadingOf(output)), p, q]);
      const top = k.value(plus(`${i} * ${stride[0]}`, -before(padding)[0]));
      const left = k.value(plus(`${j} * ${stride[1]}`, -before(padding)[1]));
      piece.loop(0, (r) =>
        piece.loop(1, (s) => {
          const row = k.value(`${top} + ${r}`);
          const column = k.value(`${left} + ${s}`);
          const clamped = `Math.min(Math.max(${row}, 0), ${h - 1}) * ${w} + Math.min(Math.max(${column}, 0), ${w - 1})`;
          const isInside = `${row} > -0.5 && ${row} < ${h - 0.5} && ${column} > -0.5 && ${column} < ${w - 0.5}`;
          found(k.value(clamped), isInside);
        }),
      );
    },
  };
}

/** Of the candidates for every window the first with the largest value; NaN is larger than all numbers. */
function firstLargest(lower: Lowering, output: Operand, x: Operand, candidates: Candidates): void {
  const leading = leadingOf(output);
  const strides = broadcastStrides(leadingOf(x), leading).map((s) => s * sizeOf(planeOf(x)));
  const cut = cutLoops(candidates.extents, 4);
  const operands = [x, ...candidates.operands];
  const write = (k: KernelText, texel: string, number: string) =>
    perLane(
      k,
      sizeOf(output.shape),
      (position) => {
        const [plane] = k.divide(position, sizeOf(planeOf(output)));
        const [start] = k.offsets(plane, leading, [strides]);
        const best = k.variable('-1.0');
        const most = k.variable();
        candidates.visit(k, position, pieceOf(k, cut, number), (pixel, isThere) => {
          const value = k.element(0, k.value(`${start} + ${pixel}`));
          // Of equal values the first stays, and so does the first NaN.
          // (WebGPU's `!=` is false of NaN, too.)
          const wins = `${best} < -0.5 || ${value} > ${most} || (!(${value} == ${value}) && ${most} == ${most})`;
          k.line(`if (${isThere} && (${wins})) { ${most} = ${value}; ${best} = ${pixel}; }`);
        });
        return best;
      },
      texel,
    );
  if (cut.count === 1) return lower.kernel(output, operands, (k) => write(k, k.t, '0'));
  const texels = texelsOf(sizeOf(output.shape));
  const parts = lower.scratchKernel([cut.count, 4 * texels], operands, (k) => {
    const [number, texel] = k.coordinates(k.t, [cut.count, texels]);
    return write(k, texel, number);
  });
  firstLargest(lower, output, x, {
    operands: [parts],
    extents: [cut.count],
    visit: (k, position, piece, found) =>
      piece.loop(0, (i) => {
        const pixel = k.element(1, k.value(`${i} * ${4 * texels} + ${position}`));
        found(k.value(`Math.max(${pixel}, 0.0)`), `${pixel} > -0.5`);
      }),
  });
}

function maxPoolIndex(lower: Lowering, attributes: PoolAttributes, output: Operand, [x]: readonly Operand[]): void {
  firstLargest(lower, output, x, pixelsOf(attributes, planeOf(x), output));
}

export const poolingGpu: { [P in keyof PoolingPrimitives]: GpuKernel<PoolingPrimitives[P]> } = {
  averagePool,
  averagePoolGradient,
  maxPoolIndex,
};
