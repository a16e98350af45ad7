import { createRequire } from 'node:module';
import gpujs from 'gpu.js';
import { describe, expect, test, vi } from 'vitest';
import { cellNetwork, initialize, parseGenotype, TE_NAS_SCHEMES } from '../../src/nn/index.ts';
import { NtkProgram } from '../../src/ntk/index.ts';
import {
  add,
  BackendError,
  Generator,
  gpuBackend,
  input,
  InputError,
  multiply,
  ndarray,
  Program,
} from '../../src/tensor/index.ts';
import { whyNot } from '../support/gpu.ts';

// The resources of the gpu backend, their loss, and its refusals.

const reason = await whyNot('headlessgl');
const values = ndarray(Float32Array.of(1, 2, 3), [3], 'float32');

describe.skipIf(reason)(reason ? `headlessgl (skipped: ${reason})` : 'headlessgl', () => {
  test('names the mode, the renderer and the precision', async () => {
    const backend = await gpuBackend({ mode: 'headlessgl' });
    expect(backend.mode).toBe('headlessgl');
    expect(backend.renderer.length).toBeGreaterThan('ANGLE'.length); // what ANGLE runs on, too
    expect(backend.device).toContain(backend.renderer);
    expect(backend.device).toMatch(/headlessgl.*float32/);
    const automatic = await gpuBackend();
    // Of two that are processors WebGPU is the first.
    expect(automatic.mode).toBe((await whyNot('webgpu')) === undefined ? 'webgpu' : 'headlessgl');
    await Promise.all([backend.close(), automatic.close()]);
  });

  test('100 κ of one network do not grow device or process memory', async () => {
    const gl = createRequire(import.meta.url)('gl') as (w: number, h: number) => WebGLRenderingContext;
    const prototype = Object.getPrototypeOf(Object.getPrototypeOf(gl(1, 1))) as WebGLRenderingContext;
    const created = vi.spyOn(prototype, 'createTexture');
    const backend = await gpuBackend({ mode: 'headlessgl' });
    const cell = parseGenotype('|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|skip_connect~2|');
    const network = cellNetwork(cell, { channels: 2, cells: 0, classes: 10, depth: -1, useStem: true });
    initialize(network, TE_NAS_SCHEMES.paper, new Generator(0));
    const images = new Generator(1).normals([4, 3, 8, 8], { dtype: 'float32' });
    const program = await NtkProgram.compile(network, images.shape, { mode: 'train', backend, dtype: 'float32' });
    const run = async (count: number) => {
      let kappa = NaN;
      for (let i = 0; i < count; i++) ({ kappa } = await program.run(images));
      return kappa;
    };
    const first = await run(20);
    const before = { arrays: backend.arrays, kernels: backend.kernels, textures: created.mock.calls.length };
    const memory = process.memoryUsage.rss();
    expect(before.textures).toBeGreaterThan(0);
    expect(await run(80)).toBe(first);
    const after = { arrays: backend.arrays, kernels: backend.kernels, textures: created.mock.calls.length };
    expect(after).toEqual(before);
    // 80 runs of some dozens of arrays of up to 16 KiB would leave tens of MiB if they leaked; the fluctuations of the
    // garbage collector are smaller.
    expect(process.memoryUsage.rss() - memory).toBeLessThan(32 * 2 ** 20);
    program.dispose();
    expect(backend.arrays).toBe(0);
    await backend.close();
    created.mockRestore();
  });

  test('a lost context is one clear error, and closing survives it', async () => {
    const gl = createRequire(import.meta.url)('gl') as (w: number, h: number) => WebGLRenderingContext;
    const prototype = Object.getPrototypeOf(Object.getPrototypeOf(gl(1, 1))) as WebGLRenderingContext;
    const draws = vi.spyOn(prototype, 'drawArrays');
    const backend = await gpuBackend({ mode: 'headlessgl' });
    const context = draws.mock.contexts.at(-1) as WebGLRenderingContext;
    draws.mockRestore();
    const x = input('x', [3], 'float32');
    const program = await Program.compile([multiply(x, x)], { backend, varying: [x] });
    await program.bind();
    const [squares] = await program.run(new Map([[x, values]]));
    expect([...squares.data]).toEqual([1, 4, 9]);
    (context.getExtension('STACKGL_destroy_context') as { destroy(): void }).destroy();
    const lost = program.run(new Map([[x, values]]));
    await expect(lost).rejects.toThrow(BackendError);
    await expect(lost).rejects.toThrow(/context of headlessgl was lost.*open a new backend/);
    program.dispose();
    await backend.close();
  });

  test('the largest arrays fit textures of the sides that every device has', async () => {
    const kernel = (gpujs as unknown as { HeadlessGLKernel: { features: { maxTextureSize: number } } })
      .HeadlessGLKernel;
    const features = vi.spyOn(kernel, 'features', 'get').mockReturnValue({ ...kernel.features, maxTextureSize: 2048 });
    const backend = await gpuBackend({ mode: 'headlessgl' });
    for (const size of [4_194_305, 2 ** 24 - 1]) {
      const data = Float32Array.from({ length: size }, (_, i) => i);
      const x = input('x', [size], 'float32');
      const program = await Program.compile([add(x, x)], { backend, varying: [x] });
      await program.bind();
      const [result] = await program.run(new Map([[x, ndarray(data, [size], 'float32')]]));
      expect(result.data.findIndex((value, i) => value !== 2 * data[i])).toBe(-1);
      program.dispose();
    }
    await backend.close();
    features.mockRestore();
  });

  test('an array beyond what kernels can count is refused before anything runs', async () => {
    const backend = await gpuBackend({ mode: 'headlessgl' });
    const x = input('x', [2 ** 24 + 1], 'float32');
    await expect(Program.compile([multiply(x, x)], { backend })).rejects.toThrow(
      /backend gpu: an array of shape \[16777217\]: expected at most 16777216 elements/,
    );
    await backend.close();
  });
});

test('a mode that is not available is an error that says how to get it, without a fallback', async () => {
  await expect(gpuBackend({ mode: 'webgl2' })).rejects.toThrow(/mode webgl2 is not available: expected a browser/);
  await expect(gpuBackend({ mode: 'metal' as 'cpu' })).rejects.toThrow(InputError);
  await expect(gpuBackend({ mode: 'metal' as 'cpu' })).rejects.toThrow(/expected auto or one of headlessgl, webgl2/);
});

test('a closed backend and a disposed program are refused', async () => {
  const backend = await gpuBackend({ mode: 'cpu' });
  const x = input('x', [3], 'float32');
  const program = await Program.compile([multiply(x, x)], { backend });
  program.dispose();
  await expect(program.bind(new Map([[x, values]]))).rejects.toThrow(/has been disposed/);
  const other = await Program.compile([multiply(x, x)], { backend });
  await backend.close();
  const closed = new BackendError('backend gpu: expected an open backend, got one that was closed');
  await expect(other.bind(new Map([[x, values]]))).rejects.toThrow(closed);
  await expect(other.run()).rejects.toThrow(closed);
  await expect(Program.compile([multiply(x, x)], { backend })).rejects.toThrow(closed);
  other.dispose();
  await backend.close();
});

test('closing rejects pending runs', async () => {
  const backend = await gpuBackend({ mode: 'cpu' });
  const x = input('x', [3], 'float32');
  const program = await Program.compile([multiply(x, x)], { backend, varying: [x] });
  await program.bind();
  const blocks = Array.from({ length: 5 }, () => new Map([[x, values]]));
  const seen: number[] = [];
  const failed = program.runBlocks(blocks, (block) => {
    seen.push(block);
    if (block === 1) void backend.close();
  });
  await expect(failed).rejects.toThrow(/^backend gpu: expected an open backend, got one that was closed$/);
  expect(seen).toEqual([0, 1]);
});
