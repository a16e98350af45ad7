import { type Kernel, overLeading } from '../kernel.ts';
import { sizeOf } from '../../../shape.ts';
import type { IndexingPrimitives } from '../../../primitives/indexing.ts';

/** The position that an index names: the nearest one, after cutting off its fraction; 0 for NaN. */
function positionOf(index: number, positions: number): number {
  return index > 0 ? Math.min(Math.trunc(index), positions - 1) : 0;
}

export const indexingKernels: { [P in keyof IndexingPrimitives]: Kernel<IndexingPrimitives[P]> } = {
  gather: overLeading(
    ({ indexedRank, innerRank, indexRank }) => [indexedRank + innerRank, indexRank, indexRank + innerRank],
    ({ indexedRank }, [source]) => {
      const positions = sizeOf(source.slice(0, indexedRank));
      const inner = sizeOf(source.slice(indexedRank));
      return (y, [x, index]) => {
        for (let i = 0; i < index.length; i++) {
          const from = positionOf(index[i], positions) * inner;
          for (let j = 0; j < inner; j++) y[i * inner + j] = x[from + j];
        }
      };
    },
  ),
  scatter: overLeading(
    ({ size, innerRank, indexRank }) => [indexRank + innerRank, indexRank, size.length + innerRank],
    ({ size, indexRank }, [values]) => {
      const positions = sizeOf(size);
      const inner = sizeOf(values.slice(indexRank));
      const sum = new Float64Array(positions * inner);
      return (gx, [gy, index]) => {
        sum.fill(0);
        for (let i = 0; i < index.length; i++) {
          const to = positionOf(index[i], positions) * inner;
          for (let j = 0; j < inner; j++) sum[to + j] += gy[i * inner + j];
        }
        gx.set(sum);
      };
    },
  ),
};
