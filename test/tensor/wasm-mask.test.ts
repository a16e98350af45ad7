import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { add, apply, constant, evaluate, type Shape, wasmBackend } from '../../src/tensor/index.ts';
import { anywhere, draw } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';

// An input gradient goes through the mask of a ReLU as it is stored, by whole vectors and by single lanes, in each of the
// kernels: direct, with a stride, and by minimal filtering. relu'(0) = 0, and relu'(−0) too.

const backend = wasmBackend({ threads: 1 });
afterAll(() => backend.close());

/** Whole numbers from −1 to 1, a third of them 0, and as many of those −0 as 0. */
const withZeros = (seed: number, shape: Shape) =>
  draw(seed, shape, (generator, size) => anywhere(generator, size).map((x) => Math.round(x * 0.74)), 'float32');

const kinds = fc.constantFrom(
  { kernel: 1, stride: 1, channels: [3, 5] },
  { kernel: 3, stride: 1, channels: [2, 3] },
  { kernel: 3, stride: 1, channels: [16, 16] }, // minimal filtering
  { kernel: 3, stride: 2, channels: [3, 5] },
  { kernel: 3, stride: 3, channels: [3, 5] },
);

test('a masked input gradient is 0 where the mask is not positive, and the plain one elsewhere', async () => {
  await fc.assert(
    fc.asyncProperty(kinds, extent(19, 4), extent(19, 4), fc.boolean(), seeds, async (kind, h, w, adds, seed) => {
      const { kernel, stride, channels } = kind;
      const [c, k] = channels;
      const padding = (kernel - 1) / 2;
      const [p, q] = [h, w].map((size) => Math.floor((size - 1) / stride) + 1);
      const gradient = constant(draw(seed, [2, k, p, q], undefined, 'float32'));
      const weight = constant(draw(seed + 1, [k, c, kernel, kernel], undefined, 'float32'));
      const mask = withZeros(seed + 2, [2, c, h, w]);
      const other = draw(seed + 3, mask.shape, undefined, 'float32');
      const plain = apply('convolutionInputGradient', [gradient, weight], {
        ...{ stride: [stride, stride], dilation: [1, 1], groups: 1, inputSize: [h, w] },
        padding: [
          [padding, padding],
          [padding, padding],
        ],
      });
      const masked = apply('reluGradient', [plain, constant(mask)], {});
      // A sum has the other term added by a pass after the mask.
      const [got] = await evaluate([adds ? add(masked, constant(other)) : masked], new Map(), backend);
      const [expected] = await evaluate([plain], new Map(), backend);
      const through = expected.data.map((value, i) => (mask.data[i] > 0 ? value : 0));
      got.data.forEach((value, i) => expect(value).toBe(adds ? Math.fround(through[i] + other.data[i]) : through[i]));
    }),
    { numRuns: 120 },
  );
});
