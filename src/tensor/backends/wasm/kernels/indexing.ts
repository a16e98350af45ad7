import { coreBytes, forEachRun, type WasmKernel } from '../lowering.ts';
import { sizeOf } from '../../../shape.ts';
import type { IndexAttributes, IndexingPrimitives } from '../../../primitives/indexing.ts';

/** A kernel that moves elements to or from the positions that an index names. */
function indexed<A extends IndexAttributes>(
  kernel: 'gather' | 'scatter',
  ranksOf: (attributes: A) => { readonly operand: number; readonly output: number; readonly indexed: number },
): WasmKernel<A> {
  return (lower, attributes, output, [x, index]) => {
    const { indexRank, innerRank } = attributes;
    const ranks = ranksOf(attributes);
    const source = kernel === 'gather' ? x : output;
    const core = source.shape.slice(source.shape.length - ranks.indexed - innerRank);
    const positions = sizeOf(core.slice(0, ranks.indexed));
    const inner = sizeOf(core.slice(ranks.indexed));
    const count = sizeOf(index.shape.slice(index.shape.length - indexRank));
    const bytes = [coreBytes(x, ranks.operand), coreBytes(index, indexRank)];
    // An operand that is shared or lies otherwise is stepped over by itself.
    forEachRun(output, [x, index], [ranks.operand, indexRank], ranks.output, (run) => {
      const steps = run.steps.map((step, i) => step * bytes[i]);
      lower.callIn(output.dtype, kernel, run.output, ...run.operands, run.count, ...steps, count, positions, inner);
    });
  };
}

export const indexingWasm: { [P in keyof IndexingPrimitives]: WasmKernel<IndexingPrimitives[P]> } = {
  gather: indexed('gather', ({ indexedRank, indexRank, innerRank }) => ({
    operand: indexedRank + innerRank,
    output: indexRank + innerRank,
    indexed: indexedRank,
  })),
  scatter: indexed('scatter', ({ size, indexRank, innerRank }) => ({
    operand: indexRank + innerRank,
    output: size.length + innerRank,
    indexed: size.length,
  })),
};
