import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseCase } from '../../src/nn/index.ts';
import { certifiedNtk } from '../../src/ntk/index.ts';
import { gpuBackend } from '../../src/tensor/index.ts';
import { whyNot } from '../support/gpu.ts';

const reason = await whyNot('headlessgl');

test.skipIf(reason)(
  'OpenGL without a screen: the supernet whose κ depends on one ReLU has kinks, and an interval that contains κ',
  async () => {
    const bytes = readFileSync(new URL('../ntk/kinks/kink-supernet.safetensors', import.meta.url));
    const { network, input, mode } = parseCase(bytes, 'kink-supernet');
    const backend = await gpuBackend({ mode: 'headlessgl' });
    try {
      const { kinks, kappaInterval } = await certifiedNtk(network, input, { mode, backend });
      expect(kinks).toBeGreaterThan(0);
      expect(kappaInterval[0]).toBeLessThan(6.15904982);
      expect(kappaInterval[1]).toBeGreaterThan(6.15904983);
      expect(kappaInterval[1] / kappaInterval[0]).toBeLessThan(1.2);
      expect(backend.arrays).toBe(0);
    } finally {
      await backend.close();
    }
  },
);
