import { afterAll, describe, test } from 'vitest';
import { type Backend, wasmBackend } from '../../src/tensor/index.ts';
import { checkPrimitive, primitiveNames } from '../support/float32.ts';

const backends: [string, Backend][] = [
  ['shared memory, 2 threads', wasmBackend({ threads: 2 })],
  ['separate memories, 1 thread', wasmBackend({ threads: 1, sharedMemory: false })],
];

describe.each(backends)('%s', (_, backend) => {
  afterAll(() => backend.close());

  test.each(primitiveNames)('%s is the reference to float32', (name) => checkPrimitive(name, backend, 100));
});
