import { afterAll, describe, expect, test } from 'vitest';
import { type Backend, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { assertLaw, backendLaws, ruleLaws } from '../../src/testing/index.ts';
import { runs } from '../support/runs.ts';

// What `ntkit verify` tries, on all backends that run everywhere. test/gpu/laws.test.ts does the same on devices.

const backends: [string, Backend][] = [
  ['the reference backend', referenceBackend],
  ['wasm with shared memory, 2 threads', wasmBackend({ threads: 2 })],
  ['wasm with separate memories, 1 thread', wasmBackend({ threads: 1, sharedMemory: false })],
];

describe.each(backends)('%s', (_, backend) => {
  afterAll(() => backend.close());

  test.each(backendLaws)('$name', (law) => assertLaw(law, backend, { runs: runs(24) }));
});

test.each(ruleLaws)('$name', (law) => assertLaw(law, referenceBackend, { runs: runs(100) }));

test('laws have names of their own', () => {
  const names = [...backendLaws, ...ruleLaws].map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
