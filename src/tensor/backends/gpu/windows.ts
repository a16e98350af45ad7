import type { Pair } from '../../primitives/convolution.ts';
import { padKernel } from './kernels/movement.ts';
import { stridesOf } from '../../shape.ts';
import { type KernelText, type Lanes, lanes, plus, times } from './kernelText.ts';
import type { Lowering, Operand } from './lowering.ts';
import { mapViews } from './strided.ts';

// Windows that move over the rows of images: what convolutions and pools share. Rows are whole texels, filled up with
// zeros where they are not, so that four neighbouring outputs read a few texels of each row and no more.

/** Where the windows of an image are. */
export interface WindowGeometry {
  readonly stride: Pair;
  /** How far the first window begins before the image; negative if after its first pixel. */
  readonly before: Pair;
  readonly dilation: Pair;
  readonly kernel: Pair;
}

/** The next multiple of 4. */
export const toFour = (n: number): number => Math.ceil(n / 4) * 4;

/** An image with rows of whole texels, zeros at their ends; itself if it has them. */
export function alignRows(lower: Lowering, x: Operand): Operand {
  return spread(lower, x, [1, 1]);
}

/** Rows of whole texels, after zeros were put between the pixels: each pixel is `step` from the next. */
export function spread(lower: Lowering, x: Operand, step: Pair): Operand {
  const [h, w] = x.shape.slice(-2);
  const width = (w - 1) * step[1] + 1;
  if (step[0] === 1 && step[1] === 1 && w % 4 === 0) return x;
  const shape = [...x.shape.slice(0, -2), (h - 1) * step[0] + 1, toFour(width)];
  const output = lower.scratch(shape);
  const interior = [step[0] - 1, step[1] - 1];
  padKernel(lower, { before: [0, 0], after: [0, toFour(width) - width], interior }, output, x);
  return output;
}

/** Computes an output with rows of whole texels, and cuts what they are longer than the output's. */
export function intoRows(lower: Lowering, output: Operand, compute: (rows: Operand) => void): void {
  const w = output.shape[output.shape.length - 1];
  if (w % 4 === 0) return compute(output);
  const rows = lower.scratch([...output.shape.slice(0, -1), toFour(w)]);
  compute(rows);
  mapViews(lower, output, output.shape, [{ operand: rows, strides: stridesOf(rows.shape) }], (value) => value);
}

/** The pixels of one row of a window, for four outputs beside each other. */
export type WindowRow = (column: number) => Lanes;

/** Four outputs beside each other: their row, and their texel in it. */
export interface OutputTexel {
  readonly row: string;
  readonly texel: string;
}

/**
 * Visits the rows of the windows of four outputs.
 *
 * @param operand number of an operand that is an image of [h, w], w a multiple of 4.
 * @param start where the image begins, in texels.
 * @param loop over the rows of a window.
 */
export function forWindowRows(
  k: KernelText,
  operand: number,
  start: string,
  size: Pair,
  geometry: WindowGeometry,
  { row, texel }: OutputTexel,
  loop: (body: (r: string) => void) => void,
  visit: (r: string, pixels: WindowRow) => void,
): void {
  const { stride, before, dilation } = geometry;
  const first = k.value(times(texel, stride[1]));
  const top = k.value(plus(times(row, stride[0]), -before[0]));
  loop((r) => {
    const at = k.value(`${top} + ${r} * ${dilation[0]}`);
    visit(r, windowRow(k, operand, start, size, geometry, at, first));
  });
}

/**
 * One row of the windows of four outputs: zeros outside the image.
 *
 * @param row of the image.
 * @param first the texel of the row that the first output's window would begin in if nothing lay before the image.
 */
export function windowRow(
  k: KernelText,
  operand: number,
  start: string,
  [h, w]: Pair,
  { stride, before, dilation }: WindowGeometry,
  row: string,
  first: string,
): WindowRow {
  const width = w / 4;
  const base = k.value(`${start} + Math.min(Math.max(${row}, 0), ${h - 1}) * ${width}`);
  const rowInside = k.value(`((${row} > -0.5 && ${row} < ${h - 0.5}) ? 1.0 : 0.0)`);
  const known = new Map<number, Lanes>();
  const read = (offset: number): Lanes => {
    let values = known.get(offset);
    if (values === undefined) {
      const column = k.value(plus(first, offset));
      const inside = k.value(`((${column} > -0.5 && ${column} < ${width - 0.5}) ? ${rowInside} : 0.0)`);
      const raw = k.texel(operand, k.value(`${base} + Math.min(Math.max(${column}, 0), ${width - 1})`));
      values = lanes((lane) => k.value(`(${inside} > 0.5 ? ${raw[lane]} : 0.0)`));
      known.set(offset, values);
    }
    return values;
  };
  return (column) =>
    lanes((lane) => {
      const pixel = lane * stride[1] + column * dilation[1] - before[1];
      return read(Math.floor(pixel / 4))[((pixel % 4) + 4) % 4];
    });
}
