import { afterAll, test } from 'vitest';
import { wasmBackend } from '../../src/tensor/index.ts';
import { masks } from '../../src/testing/backend/masks.ts';
import { assertLaw } from '../../src/testing/index.ts';

// Masks that the kernels of input gradients take as they store: by whole vectors and by single lanes, in each of the
// kernels. More cases than the law has elsewhere.

const backend = wasmBackend({ threads: 1 });
afterAll(() => backend.close());

test('a masked input gradient is 0 where the mask is not positive, and the plain one elsewhere', () =>
  assertLaw(masks, backend, { runs: 100 }));
