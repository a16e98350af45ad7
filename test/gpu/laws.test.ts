import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gpuBackend, type GpuBackend } from '../../src/tensor/index.ts';
import { assertLaw, backendLaws } from '../../src/testing/index.ts';
import { whyNot } from '../support/gpu.ts';
import { runs } from '../support/runs.ts';

// The laws of test/testing/laws.test.ts in every mode of GPU.js that runs in Node; browser.test.ts tries them in a page.

for (const mode of ['headlessgl', 'webgpu', 'cpu', 'webasm'] as const) {
  const reason = await whyNot(mode);
  describe.skipIf(reason)(reason ? `${mode} (skipped: ${reason})` : mode, () => {
    let backend: GpuBackend;
    beforeAll(async () => {
      backend = await gpuBackend({ mode });
    });
    afterAll(() => backend.close());

    test.each(backendLaws)('$name', async (law) => {
      // In software WebGPU takes longest to compile.
      await assertLaw(law, backend, { runs: runs(mode === 'webgpu' ? 4 : 12) });
      expect(backend.arrays).toBe(0);
    });
  });
}
