import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gpuBackend, type GpuBackend } from '../../src/tensor/index.ts';
import { checkPrimitive, primitiveNames } from '../support/float32.ts';
import { whyNot } from '../support/gpu.ts';
import { specialValues } from '../support/specialValues.ts';
import { runs } from '../support/runs.ts';

// Every primitive in every mode of GPU.js that runs in Node; browser.test.ts does the same in a page.

for (const mode of ['headlessgl', 'cpu', 'webasm'] as const) {
  const reason = await whyNot(mode);
  describe.skipIf(reason)(reason ? `${mode} (skipped: ${reason})` : mode, () => {
    let backend: GpuBackend;
    beforeAll(async () => {
      backend = await gpuBackend({ mode });
    });
    afterAll(() => backend.close());

    test('NaN, infinities and what is no position', async () => {
      for (const { name, got, expected } of await specialValues(backend)) expect(got, name).toEqual(expected);
    });

    test.each(primitiveNames)('%s is the reference to float32', async (name) => {
      await checkPrimitive(name, backend, runs(50));
      expect(backend.arrays).toBe(0);
    });
  });
}
