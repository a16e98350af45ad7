import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { golden, goldenPath } from '../support/golden.ts';
import { whyNot } from '../support/gpu.ts';

// The gpu backend under tools that run or rewrite TypeScript: the command by tsx, and vitest counting coverage. (Bundlers:
// browser.test.ts.)

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
const vitest = join(root, 'node_modules/vitest/vitest.mjs');
const options = { cwd: root, maxBuffer: 2 ** 26, env: { ...process.env, NODE_V8_COVERAGE: '' } };

const reason = await whyNot('headlessgl');

describe.skipIf(reason)(reason ? `headlessgl (skipped: ${reason})` : 'headlessgl', () => {
  test('ntkit ntk --backend gpu names the renderer, and κ and Θ are the reference to 1e-3', async () => {
    const name = 'nb201-supernet-00-train';
    const command = [
      'src/cli/main.ts',
      'ntk',
      goldenPath(name),
      '--backend',
      'gpu',
      '--gpu-mode',
      'headlessgl',
      '--json',
    ];
    const { stdout } = await run(process.execPath, [tsx, ...command], options);
    const result = JSON.parse(stdout) as Record<'backend' | 'device' | 'dtype', string> & {
      kappa: number;
      ntk: number[][];
    };
    expect(result.backend).toBe('gpu');
    expect(result.device).toMatch(/headlessgl on ANGLE \(.+float32/);
    expect(result.dtype).toBe('float32');
    const { expected, metadata } = golden(name);
    expect(Math.abs(result.kappa / Number(metadata.kappa_float64) - 1)).toBeLessThan(1e-3);
    const theta = expected.get('ntk')!.data;
    const largest = Math.max(...theta.map(Math.abs));
    result.ntk.flat().forEach((value, i) => expect(Math.abs(value - theta[i])).toBeLessThan(1e-3 * largest));
  });

  test('ntkit doctor lists every backend, its device and its error, or what is missing', async () => {
    const { stdout } = await run(process.execPath, [tsx, 'src/cli/main.ts', 'doctor', '--json'], options);
    const { backends, adapters, auto } = JSON.parse(stdout) as {
      backends: {
        backend: string;
        dtype: string;
        runs: boolean;
        device?: string;
        kappaError?: number;
        reason?: string;
      }[];
      adapters: { name: string }[];
      auto: { mode: string; renderer: string };
    };
    const hasWebGpu = (await whyNot('webgpu')) === undefined;
    expect(adapters.length > 0).toBe(hasWebGpu);
    if (hasWebGpu) expect(auto).toEqual({ mode: 'webgpu', renderer: adapters[0].name });
    const modes = ['headlessgl', 'webgl2', 'webgpu', 'webasm', 'cpu'].map((mode) => `gpu ${mode} float32`);
    const rows = ['reference float64', 'wasm float32', 'wasm float64', ...modes];
    expect(backends.map(({ backend, dtype }) => `${backend} ${dtype}`)).toEqual(rows);
    for (const { backend, dtype, runs, device, kappaError, reason } of backends) {
      expect(runs).toBe(backend !== 'gpu webgl2' && (backend !== 'gpu webgpu' || hasWebGpu));
      if (runs) {
        expect(device).toMatch(/\w/);
        expect(kappaError).toBeLessThan(dtype === 'float64' ? 1e-9 : 1e-3);
      } else {
        expect(reason).toMatch(/is not available: /);
      }
    }
  });

  test('a kernel under vitest with coverage', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ntkit-coverage-'));
    try {
      const only = ['test/gpu/lifetime.test.ts', '-t', 'a lost context'];
      const coverage = ['--coverage', `--coverage.reportsDirectory=${folder}`, '--coverage.reporter=json-summary'];
      const { stdout } = await run(process.execPath, [vitest, 'run', ...only, ...coverage], options);
      expect(stdout).toMatch(/1 passed/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
