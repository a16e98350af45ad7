import fc from 'fast-check';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { gpuBackend, type GpuBackend } from '../../src/tensor/index.ts';
import { extent, seeds } from '../support/arrays.ts';
import {
  checkConstantChannels,
  checkLargeConstantPlane,
  checkNearlyConstantChannels,
  checkOutlier,
} from '../support/channels.ts';
import { whyNot } from '../support/gpu.ts';
import { checkMaxPool } from '../support/maxPools.ts';

// Inputs that random numbers never are, as in test/tensor/degenerate.test.ts.

for (const mode of ['headlessgl', 'cpu'] as const) {
  const reason = await whyNot(mode);
  describe.skipIf(reason)(reason ? `${mode} (skipped: ${reason})` : mode, () => {
    let backend: GpuBackend;
    beforeAll(async () => {
      backend = await gpuBackend({ mode });
    });
    afterAll(() => backend.close());

    test('batch norm of a constant channel is β, and nothing of its gradient is noise', () =>
      checkConstantChannels(backend, 'float32'));

    test('batch norm of a large constant plane is 0', () => checkLargeConstantPlane(backend, 'float32'));

    test('batch norm of a channel that spreads over a few ulp is arithmetic', () =>
      fc.assert(
        fc.asyncProperty(seeds, (seed) => checkNearlyConstantChannels(backend, 'float32', seed)),
        { numRuns: 3 },
      ));

    test('batch norm of a channel whose first value lies far from the others', () => checkOutlier(backend, 'float32'));

    // Kernels that no stride divides, and the other way round: how many windows hold a pixel.
    test('max pools choose the first of equal elements, and their gradient goes there', () =>
      fc.assert(
        fc.asyncProperty(
          fc.record({
            kernel: fc.tuple(extent(3, 2), extent(3, 2)),
            stride: fc.tuple(extent(3), extent(3)),
            padding: extent(1, 0),
            size: fc.tuple(extent(9, 3), extent(9, 3)),
            seed: seeds,
          }),
          (drawn) => checkMaxPool(backend, drawn),
        ),
        { numRuns: 15 },
      ));
  });
}
