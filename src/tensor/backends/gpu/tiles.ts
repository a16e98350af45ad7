import type { Shape } from '../../shape.ts';
import type { Dialect } from './dialect.ts';
import { type KernelText, lanes } from './kernelText.ts';
import type { Lowering, Operand } from './lowering.ts';

/** How many rows a thread computes together at most: what it reads is then used that often. */
const MOST_ROWS = 8;

/** Rows in tiles of equal height, few enough for one kernel. */
export interface Tiling {
  readonly height: number;
  readonly count: number;
}

/** Tiles for a given number of rows: a kernel writes an array a row, and the kernel that merges them reads as many. */
export function tilesFor(rows: number, { mostPlanes, mostOperands }: Dialect): Tiling {
  const count = Math.ceil(rows / Math.min(MOST_ROWS, mostPlanes, mostOperands));
  return { height: Math.ceil(rows / count), count };
}

/**
 * Rows that were computed as planes, plane j holding row j of every tile, as one array.
 *
 * @param planes [outer, tiles, inner] each
 * @param output [outer, rows, inner], with `inner` a multiple of 4
 */
export function mergeTiles(
  lower: Lowering,
  planes: readonly Operand[],
  sizes: { readonly outer: number; readonly rows: number; readonly inner: number },
  output: Operand | Shape,
): Operand {
  const { rows, inner } = sizes;
  // Tiles of one row are rows.
  if (planes.length === 1) return 'id' in output ? planes[0] : { id: planes[0].id, shape: output };
  const tiles = Math.ceil(rows / planes.length);
  const write = (k: KernelText) => {
    const [outer, row, at] = k.coordinates(k.t, [sizes.outer, rows, inner / 4]);
    const [tile, plane] = k.divide(row, planes.length);
    const index = k.value(`(${outer} * ${tiles} + ${tile}) * ${inner / 4} + ${at}`);
    const read = planes.map((_, i) => k.texel(i, index));
    return lanes((lane) =>
      read.reduceRight(
        (rest, values, i) =>
          rest === '' ? values[lane] : k.value(`(${plane} < ${i + 0.5} ? ${values[lane]} : ${rest})`),
        '',
      ),
    );
  };
  if ('id' in output) {
    lower.kernel(output, planes, write);
    return output;
  }
  return lower.scratchKernel(output, planes, write);
}
