import { describe, expect, test } from 'vitest';
import { dialects } from '../../src/tensor/backends/gpu/dialect.ts';
import { KernelText, MOST_TURNS } from '../../src/tensor/backends/gpu/kernelText.ts';
import { Lowering } from '../../src/tensor/backends/gpu/lowering.ts';
import { cutLoops, LONGEST } from '../../src/tensor/backends/gpu/pieces.ts';
import { sizeOf } from '../../src/tensor/index.ts';

// Mesa ends the loops of a shader invocation after 65,535 turns, and four values are computed by one. The law of long sums
// has every kernel with a loop over more terms than that.

describe('loops', () => {
  test('have their turns counted', () => {
    const k = new KernelText(dialects.headlessgl);
    k.loop(3, () => {
      k.loop(5, () => undefined);
      k.loop(1, () => undefined);
      k.loop(2, () => undefined);
    });
    expect(k.turns).toBe(3 + 3 * 5 + 3 * 2);
  });

  test('of more turns than Mesa makes are refused', () => {
    const write = (turns: number) => {
      const lower = new Lowering(dialects.headlessgl, []);
      lower.scratchKernel([4], [], (k) => {
        k.loop(turns, () => undefined);
        return ['0.0', '0.0', '0.0', '0.0'];
      });
    };
    expect(() => write(MOST_TURNS)).not.toThrow();
    expect(() => write(MOST_TURNS + 1)).toThrow('kernel text: loops of 65536 turns, expected at most 65535');
  });

  test.each([[[5]], [[8192]], [[8193]], [[1_000_003]], [[7, 4000]], [[20_000, 3]], [[3, 50_000]], [[1, 9000]]])(
    'over %j are cut into pieces that cover every turn once',
    (extents) => {
      for (const repeats of [1, 4]) {
        const { turns, grid, count } = cutLoops(extents, repeats);
        const inner = turns.reduceRight((sum, extent) => extent * (1 + sum), 0);
        expect(inner * repeats).toBeLessThanOrEqual(LONGEST);
        expect(count).toBe(sizeOf(grid));
        extents.forEach((extent, d) => {
          expect(grid[d] * turns[d]).toBeGreaterThanOrEqual(extent);
          // Every piece has a first index.
          expect((grid[d] - 1) * turns[d]).toBeLessThan(extent);
        });
        // Row-major: the loops around one that is cut make one turn.
        const cut = grid.findLastIndex((pieces) => pieces > 1);
        turns.forEach((each, d) => d < cut && expect(each).toBe(1));
      }
    },
  );
});
