import { BackendError } from '../../../../errors.ts';
import { type KernelText, lanes } from '../kernelText.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';
import { cutLoops, joinPieces, pieceOf, SUM } from '../pieces.ts';
import { mapViews, perLane } from '../strided.ts';
import { mergeTiles, tilesFor } from '../tiles.ts';
import { broadcastStrides, sizeOf } from '../../../shape.ts';
import type { ProductPrimitives } from '../../../primitives/product.ts';

const toFour = (n: number) => Math.ceil(n / 4) * 4;

/** A matrix with both extents rounded up to multiples of 4, dense and filled up with zeros; itself if it is that. */
function packed(lower: Lowering, x: Operand, transpose: boolean): Operand {
  const leading = x.shape.slice(0, -2);
  const [outer, inner] = x.shape.slice(-2);
  const [rows, columns] = transpose ? [inner, outer] : [outer, inner];
  if (!transpose && rows % 4 === 0 && columns % 4 === 0) return x;
  const shape = [...leading, toFour(rows), toFour(columns)];
  const [rowStep, columnStep] = transpose ? [1, inner] : [inner, 1];
  return lower.scratchKernel(shape, [x], (k) =>
    perLane(k, sizeOf(shape), (position) => {
      const [matrix, row, column] = k.coordinates(position, [sizeOf(leading), toFour(rows), toFour(columns)]);
      const r = `Math.min(${row}, ${rows - 1})`;
      const c = `Math.min(${column}, ${columns - 1})`;
      const at = k.value(`${matrix} * ${rows * columns} + ${r} * ${rowStep} + ${c} * ${columnStep}`);
      const value = k.element(0, at);
      return k.value(`((${row} < ${rows} && ${column} < ${columns}) ? ${value} : 0.0)`);
    }),
  );
}

export const productGpu: { [P in keyof ProductPrimitives]: GpuKernel<ProductPrimitives[P]> } = {
  /** A thread computes a tile of up to 8 rows and 4 columns, over a piece of the depth. */
  matmul(lower, { transposeA, transposeB }, output, [x, y]) {
    const [m, n] = output.shape.slice(-2);
    const leading = output.shape.slice(0, -2);
    const a = packed(lower, x, transposeA);
    const b = packed(lower, y, transposeB);
    const depth = a.shape[a.shape.length - 1] / 4;
    const rows = a.shape[a.shape.length - 2];
    const columns = b.shape[b.shape.length - 1] / 4;
    const { height, count } = tilesFor(m, lower.dialect);
    const strides = [
      broadcastStrides(x.shape.slice(0, -2), leading).map((s) => s * rows * depth),
      broadcastStrides(y.shape.slice(0, -2), leading).map((s) => s * 4 * depth * columns),
    ];
    const outer = sizeOf(leading);
    const cut = cutLoops([depth]);
    const write = (k: KernelText, first: number, end: number) => {
      const [number, matrix, tile, column] = k.coordinates(k.t, [cut.count, outer, count, columns]);
      const [startA, startB] = k.offsets(matrix, leading, strides);
      const own = Array.from({ length: end - first }, (_, i) => i + first);
      const rowStarts = own.map((row) =>
        k.value(`${startA} + Math.min(${tile} * ${height} + ${row}, ${m - 1}) * ${depth}`),
      );
      const sums = own.map(() => lanes(() => k.variable()));
      pieceOf(k, cut, number).loop(0, (i) => {
        const from = k.value(`${startB} + ${i} * ${4 * columns} + ${column}`);
        const right = [0, 1, 2, 3].map((l) => k.texel(1, k.value(`${from} + ${l * columns}`)));
        own.forEach((_, r) => {
          const left = k.texel(0, k.value(`${rowStarts[r]} + ${i}`));
          sums[r].forEach((sum, lane) => {
            const terms = left.map((value, l) => `${value} * ${right[l][lane]}`);
            k.line(`${sum} = ${sum} + ${terms.join(' + ')};`);
          });
        });
      });
      return sums;
    };
    const merge = (into: Operand) => {
      const shape = [cut.count, ...leading, count, 4 * columns];
      const planes = lower.planes(height, shape, [a, b], write, cut.count === 1 ? into : undefined);
      const sizes = { outer: cut.count * outer, rows: m, inner: 4 * columns };
      if (cut.count === 1) mergeTiles(lower, planes, sizes, into);
      else joinPieces(lower, into, mergeTiles(lower, planes, sizes, [cut.count, ...into.shape]), cut.count, SUM);
    };
    if (4 * columns === n) {
      merge(output);
    } else {
      const whole = lower.scratch([...leading, m, 4 * columns]);
      merge(whole);
      mapViews(
        lower,
        output,
        output.shape,
        [{ operand: whole, strides: stridesOfRows(leading, m, 4 * columns) }],
        (v) => v,
      );
    }
  },

  /**
   * Kernel matrices are float64, and no device of GPU.js computes in it: such steps of a plan are done on the host, so
   * that this is never called.
   */
  gram() {
    throw new BackendError('backend gpu: gram: expected to be computed on the host, in float64');
  },
};

/** Strides of the first columns of wider matrices. */
function stridesOfRows(leading: readonly number[], rows: number, width: number): number[] {
  const own = [...leading, rows, width];
  return own.map((_, d) => sizeOf(own.slice(d + 1)));
}
