import { afterAll, describe, expect, test } from 'vitest';
import { type Backend, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { assertLaw, backendLaws, ntkitLaws, ruleLaws, verificationLaws } from '../../src/testing/index.ts';
import { runs } from '../support/runs.ts';

// The laws that `ntkit verify` checks, on all backends that run everywhere. test/gpu/laws.test.ts does the same on
// devices.

const wasm = wasmBackend({ threads: 2 });
const backends: [string, Backend][] = [
  ['the reference backend', referenceBackend],
  ['wasm with shared memory, 2 threads', wasm],
  ['wasm in float64, 2 threads', wasmBackend({ dtype: 'float64', threads: 2 })],
  ['wasm with separate memories, 1 thread', wasmBackend({ threads: 1, sharedMemory: false })],
];

afterAll(() => Promise.all(backends.map(([, backend]) => backend.close())));

describe.each(backends)('%s', (_, backend) => {
  test.each(backendLaws)('$name', (law) => assertLaw(law, backend, { runs: runs(24) }));
});

test.each(ruleLaws)('$name', (law) => assertLaw(law, referenceBackend, { runs: runs(100) }));

describe('ntkit itself', () => {
  test.each(ntkitLaws)('$name', (law) => assertLaw(law, wasm, { runs: runs(24) }));
});

test('names of laws are unique', () => {
  const names = verificationLaws.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
