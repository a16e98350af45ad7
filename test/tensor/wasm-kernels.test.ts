import { expect, test } from 'vitest';
import { compileKernels, hasSimd } from '../../src/tensor/backends/wasm/kernelModule.ts';
import { createMemory } from '../../src/tensor/backends/wasm/memory.ts';
import { wasmBackend } from '../../src/tensor/index.ts';

// One binary for each precision is made into the modules for a shared memory and for one that is not.

const NAMES = ['convolve', 'convolveStrided', 'correlate', 'winogradConvolve', 'winogradCorrelate'];

test.each([
  ['float32', true],
  ['float32', false],
  ['float64', true],
  ['float64', false],
] as const)(
  'the kernels for %s accept only the memory that they are compiled for; shared: %s',
  async (dtype, shared) => {
    const module = await compileKernels(dtype, shared);
    const memory = createMemory(shared);
    const { exports } = await WebAssembly.instantiate(module, { env: { memory } });
    expect(Object.keys(exports)).toEqual(expect.arrayContaining(NAMES));
    // Modules share a memory, and must not write data of their own to it.
    expect(new Uint8Array(memory.buffer).every((byte) => byte === 0)).toBe(true);
    await expect(WebAssembly.instantiate(module, { env: { memory: createMemory(!shared) } })).rejects.toThrow(
      WebAssembly.LinkError,
    );
  },
);

test('this machine is found to have SIMD', () => {
  expect(hasSimd()).toBe(true);
});

test('a machine whose WebAssembly has no SIMD is refused', () => {
  const { validate } = WebAssembly;
  const opcodes: number[][] = [];
  WebAssembly.validate = (bytes) => {
    opcodes.push([...(bytes as Uint8Array)]);
    return false;
  };
  try {
    expect(() => wasmBackend()).toThrow('backend wasm: no SIMD in the WebAssembly of this machine');
  } finally {
    WebAssembly.validate = validate;
  }
  expect(opcodes).toHaveLength(1);
  expect(opcodes[0].length).toBeLessThan(50);
  expect(opcodes[0]).toContain(0xfd); // the prefix of every vector instruction
});
