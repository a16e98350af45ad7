import { afterAll, describe, expect, test } from 'vitest';
import { type Backend, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { checkPrimitive, primitiveNames } from '../support/float32.ts';
import { specialValues } from '../support/specialValues.ts';
import { runs } from '../support/runs.ts';

const backends: [string, Backend][] = [
  ['shared memory, 2 threads', wasmBackend({ threads: 2 })],
  ['separate memories, 1 thread', wasmBackend({ threads: 1, sharedMemory: false })],
];

describe.each(backends)('%s', (_, backend) => {
  afterAll(() => backend.close());

  test('NaN, infinities and what is no position', async () => {
    for (const { name, got, expected } of await specialValues(backend)) expect(got, name).toEqual(expected);
  });

  test.each(primitiveNames)('%s is the reference to float32', (name) => checkPrimitive(name, backend, runs(100)));
});

test('the reference: NaN, infinities and what is no position', async () => {
  for (const { name, got, expected } of await specialValues(referenceBackend)) expect(got, name).toEqual(expected);
});
