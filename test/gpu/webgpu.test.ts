import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import gpujs from 'gpu.js';
import { describe, expect, test } from 'vitest';
import {
  BackendError,
  gpuAdapters,
  gpuBackend,
  type GpuBackend,
  input,
  multiply,
  ndarray,
  Program,
} from '../../src/tensor/index.ts';
import { goldenPath } from '../support/golden.ts';
import { whyNot } from '../support/gpu.ts';

// WebGPU in Node: its resources, its shutdown, and the messages where it is missing.

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url));

/** Runs a script to its end, and returns its output and exit status. A process that does not end is killed. */
async function outcome(args: readonly string[], env: Record<string, string> = {}) {
  const options = { cwd: root, timeout: 60_000, env: { ...process.env, NODE_V8_COVERAGE: '', ...env } };
  type Outcome = { stdout: string; stderr: string; code?: number; signal?: string | null };
  return promisify(execFile)(process.execPath, [tsx, ...args], options).then(
    (done): Outcome => ({ ...done, code: 0 }),
    (failed: Outcome) => failed,
  );
}

const values = ndarray([1, 2, 3], [3], 'float32');
async function squares(backend: GpuBackend): Promise<number[]> {
  const x = input('x', [3], 'float32');
  const program = await Program.compile([multiply(x, x)], { backend, varying: [x] });
  try {
    await program.bind();
    const [{ data }] = await program.run(new Map([[x, values]]));
    return [...data];
  } finally {
    program.dispose();
  }
}

const reason = await whyNot('webgpu');

describe.skipIf(reason)(reason ? `webgpu (skipped: ${reason})` : 'webgpu', () => {
  test.each([
    ['closed', 0],
    ['open', 0],
    ['throws', 1],
    ['exits', 7],
  ])('a process that leaves it %s exits by itself with %i, without a spinning event loop', async (how, expected) => {
    const { stdout, stderr, code, signal } = await outcome(['test/support/webgpuProgram.ts', how]);
    expect({ code, signal: signal ?? null, stderr }).toMatchObject({ code: expected, signal: null });
    const told = JSON.parse(stdout) as { squares: number[]; globals: boolean; immediates: number };
    expect(told).toMatchObject({ squares: [1, 4, 9], globals: true });
    expect(told.immediates).toBeLessThan(10);
  });

  test('lists the adapters', async () => {
    const adapters = await gpuAdapters();
    const backend = await gpuBackend({ mode: 'webgpu' });
    expect(backend.renderer).toBe(adapters[0].name);
    for (const { name, vendor, software, storageBuffers, bufferBytes } of adapters) {
      expect(name).toContain(vendor);
      if (/swiftshader|llvmpipe/i.test(name)) expect(software).toBe(true);
      // What every device of WebGPU has.
      expect(storageBuffers).toBeGreaterThanOrEqual(8);
      expect(bufferBytes).toBeGreaterThanOrEqual(2 ** 27);
    }
    await backend.close();
  });

  test('backends share a device, and closing one leaves it to the others', async () => {
    const [a, b] = [await gpuBackend({ mode: 'webgpu' }), await gpuBackend({ mode: 'webgpu' })];
    await a.close();
    await a.close();
    expect(await squares(b)).toEqual([1, 4, 9]);
    await b.close();
    const again = await gpuBackend({ mode: 'webgpu' });
    expect(await squares(again)).toEqual([1, 4, 9]);
    await again.close();
  });

  test('a lost device is one clear error, closing survives it, and a new backend works', async () => {
    const backend = await gpuBackend({ mode: 'webgpu' });
    expect(await squares(backend)).toEqual([1, 4, 9]);
    const { WebGPUContext } = gpujs as unknown as {
      WebGPUContext: { acquire(): Promise<{ device: { destroy(): void } }> };
    };
    const { device } = await WebGPUContext.acquire();
    device.destroy();
    const lost = squares(backend);
    await expect(lost).rejects.toThrow(BackendError);
    await expect(lost).rejects.toThrow(/context of webgpu was lost.*open a new backend/);
    await backend.close();
    const again = await gpuBackend({ mode: 'webgpu' });
    expect(await squares(again)).toEqual([1, 4, 9]);
    await again.close();
  });

  test('without a driver the command says in one line what is missing, and ends with 2', async () => {
    const command = ['src/cli/main.ts', 'ntk', goldenPath('nb201-arch-00-eval'), '--backend', 'gpu'];
    const drivers = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '' };
    const { stderr, code } = await outcome([...command, '--gpu-mode', 'webgpu'], drivers);
    expect(code).toBe(2);
    const lines = stderr.split('\n').filter((line) => line.includes('webgpu is not available'));
    expect(lines).toEqual([
      expect.stringMatching(/mode webgpu is not available: no adapter answers: expected .*libvulkan1/),
    ]);
  });
});
