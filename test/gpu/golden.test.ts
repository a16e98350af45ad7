import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { conditionNumber, JacobianProgram, kernelMatrix, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import { cast, gpuBackend, type GpuBackend } from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';
import { golden, goldenNames } from '../support/golden.ts';
import { whyNot } from '../support/gpu.ts';

// All reference networks on OpenGL without a screen, within the tolerances of the wasm backend.

const reason = await whyNot('headlessgl');

describe.skipIf(reason)(reason ? `headlessgl (skipped: ${reason})` : 'headlessgl', () => {
  let backend: GpuBackend;
  beforeAll(async () => {
    backend = await gpuBackend({ mode: 'headlessgl' });
  });
  afterAll(() => backend.close());

  test.each(goldenNames)('%s: logits to 1e-5, κ to 1e-3', async (name) => {
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
  });
});
