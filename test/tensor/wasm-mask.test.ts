import { afterAll, test } from 'vitest';
import { DTYPES, wasmBackend } from '../../src/tensor/index.ts';
import { masks } from '../../src/testing/backend/masks.ts';
import { assertLaw } from '../../src/testing/index.ts';

// Masks that the kernels of input gradients take as they store: by whole vectors and by single lanes, in each of the
// kernels. More cases than the law has elsewhere.

const backends = DTYPES.map((dtype) => wasmBackend({ dtype, threads: 1 }));
afterAll(() => Promise.all(backends.map((backend) => backend.close())));

test.each(backends)('a masked input gradient is 0 where the mask is not positive, in $dtypes.0', (backend) =>
  assertLaw(masks, backend, { runs: 100 }),
);
