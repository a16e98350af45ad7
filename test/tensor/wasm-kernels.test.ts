import { expect, test } from 'vitest';
import { compileKernels, hasSimd } from '../../src/tensor/backends/wasm/kernelModule.ts';
import { createMemory } from '../../src/tensor/backends/wasm/memory.ts';
import { wasmBackend } from '../../src/tensor/index.ts';

// One binary is made into the modules for a shared memory and for one that is not.

test.each([true, false])(
  'the kernels take the memory that they are compiled for, and no other; shared: %s',
  async (shared) => {
    const module = await compileKernels(shared);
    const { exports } = await WebAssembly.instantiate(module, { env: { memory: createMemory(shared) } });
    expect((exports.heapBase as () => number)()).toBeGreaterThan(0);
    await expect(WebAssembly.instantiate(module, { env: { memory: createMemory(!shared) } })).rejects.toThrow(
      WebAssembly.LinkError,
    );
  },
);

test('this machine is found to have SIMD', () => {
  expect(hasSimd()).toBe(true);
});

test('a machine whose WebAssembly refuses vectors is refused', () => {
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
