import { ELEMENT_BYTES } from '../../../array.ts';
import { coreBytes, forEachRun, LANES, singly, type WasmKernel } from '../lowering.ts';
import { byteSize } from '../struct.ts';
import { CONSTANTS, Vector } from '../tables.ts';
import type { ProductPrimitives } from '../../../primitives/product.ts';

export const productWasm: { [P in keyof ProductPrimitives]: WasmKernel<ProductPrimitives[P]> } = {
  matmul(lower, { transposeA, transposeB }, output, operands) {
    const [a, b] = operands;
    const [m, n] = output.shape.slice(-2);
    const [rowsA, columnsA] = a.shape.slice(-2);
    const columnsB = b.shape[b.shape.length - 1];
    const k = transposeA ? rowsA : columnsA;
    const steps = [
      ...(transposeA ? [1, columnsA] : [columnsA, 1]), // rows, columns of a
      ...(transposeB ? [1, columnsB] : [columnsB, 1]), // rows, columns of b
    ];
    const { dtype } = output;
    const [size, lanes] = [ELEMENT_BYTES[dtype], LANES[dtype]];
    const width = Math.ceil(n / (2 * lanes)) * 2 * lanes;
    // b in rows of whole tiles, taps, vectors, and a block of four rows of a.
    const tables = 4 * k + byteSize(Vector) * (width / lanes);
    const scratch = lower.scratch(size * k * width + tables + 4 * size * k + 64);
    const bytes = operands.map((operand) => coreBytes(operand, 2));
    forEachRun(output, operands, [2, 2], 2, (run) => {
      // Rows of several products with the same b are rows of one.
      if (!transposeA && run.steps[0] === 1 && run.steps[1] === 0) {
        lower.callIn(dtype, 'matmul', run.output, ...run.operands, m * run.count, k, n, ...steps, scratch);
      } else {
        singly(run, coreBytes(output, 2), bytes, (out, at) =>
          lower.callIn(dtype, 'matmul', out, ...at, m, k, n, ...steps, scratch),
        );
      }
    });
  },
  gram(lower, _, output, operands) {
    const [a, b] = operands;
    const [n, p] = a.shape.slice(-2);
    const m = b.shape[b.shape.length - 2];
    const scratch = lower.scratch(8 * CONSTANTS.GRAM_PANEL * (n + m + 6));
    const wide = Number(a.dtype === 'float64');
    const bytes = operands.map((operand) => coreBytes(operand, 2));
    forEachRun(output, operands, [2, 2], 2, (run) =>
      singly(run, coreBytes(output, 2), bytes, (out, [x, y]) => {
        const symmetric = Number(n === m && x.region === y.region && x.offset === y.offset);
        lower.call('gram', out, x, y, n, m, p, wide, symmetric, scratch);
      }),
    );
  },
};
