import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { cast, constant, evaluate, gpuBackend, type GpuBackend, type PrimitiveName } from '../../src/tensor/index.ts';
import { whyNot } from '../support/gpu.ts';
import { primitiveCases } from '../support/primitiveCases.ts';
import { expectFloat32 } from '../support/float32.ts';

// Every primitive in every mode of GPU.js that runs in Node, against the reference in float64 on the same (rounded)
// operands; see ../support/float32.ts for the error bound.

const names = Object.keys(primitiveCases) as PrimitiveName[];
const RUNS = { headlessgl: 50, cpu: 50, webasm: 50 } as const;

for (const [mode, numRuns] of Object.entries(RUNS) as [keyof typeof RUNS, number][]) {
  const reason = await whyNot(mode);
  describe.skipIf(reason)(reason ? `${mode} (skipped: ${reason})` : mode, () => {
    let backend: GpuBackend;
    beforeAll(async () => {
      backend = await gpuBackend({ mode });
    });
    afterAll(() => backend.close());

    test.each(names)('%s is the reference to float32', async (name) => {
      await fc.assert(
        fc.asyncProperty(primitiveCases[name], async ({ operands, build }) => {
          const single = operands.map((operand) => cast(operand, 'float32'));
          const [got] = await evaluate([build(...single.map(constant))], new Map(), backend);
          await expectFloat32(name, got, single, build);
        }),
        { numRuns },
      );
      expect(backend.arrays).toBe(0);
    });
  });
}
