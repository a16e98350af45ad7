import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conditionNumber, JacobianProgram, kernelMatrix, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import { cast, gpuBackend, type GpuBackend } from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';
import { golden, goldenNames, someGoldenNames } from '../support/golden.ts';
import { whyNot } from '../support/gpu.ts';
import { devicesRequired } from '../support/required.ts';

// The reference networks on the graphics that Node has, within the tolerances of the wasm backend. In software WebGPU
// takes longest to compile: where it is not required, it gets those that differ most.

for (const gpuMode of ['headlessgl', 'webgpu'] as const) {
  const reason = await whyNot(gpuMode);
  describe.skipIf(reason)(reason ? `${gpuMode} (skipped: ${reason})` : gpuMode, () => {
    let backend: GpuBackend;
    beforeAll(async () => {
      backend = await gpuBackend({ mode: gpuMode });
    });
    afterAll(() => backend.close());

    test.each(gpuMode === 'headlessgl' || devicesRequired ? goldenNames : someGoldenNames)(
      '%s: logits to 1e-5, κ to 1e-3',
      async (name) => {
        const { network, input, mode, expected, metadata } = golden(name);
        const program = await JacobianProgram.compile(network, input.shape, { ...TE_NAS_KERNEL, mode, backend });
        const rows = await program.run(input);
        const theta = await kernelMatrix(rows, { backend });
        program.dispose();
        expect(theta.dtype).toBe('float64');
        expect(relativeError(cast(rows.logits, 'float64'), expected.get('logits')!)).toBeLessThan(1e-5);
        const { kappa, verdict } = conditionNumber(theta, { dtype: 'float32' });
        expect(Math.abs(kappa / Number(metadata.kappa_float64) - 1)).toBeLessThan(1e-3);
        expect(verdict).toBe('resolved');
        expect(backend.arrays).toBe(0);
      },
    );
  });
}
