import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/data/index.ts';
import { encodeSafetensors, parseSafetensors } from '../../src/nn/index.ts';
import { ndarray } from '../../src/tensor/index.ts';
import { ntkit } from '../support/command.ts';
import { golden, goldenNames, goldenPath } from '../support/golden.ts';

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

interface NtkJson {
  readonly name: string;
  readonly mode: string;
  readonly backend: string;
  readonly dtype: string;
  readonly samples: number;
  readonly parameters: number;
  readonly ntk: number[][];
  readonly eigenvalues: number[];
  readonly kappa: number;
  readonly verdict: string;
  readonly noiseFloor: number;
  readonly logits: number[][];
  readonly seconds: number[];
  readonly setupSeconds: number;
}

describe('ntkit ntk', () => {
  // In float64 all that is printed is the reference to 1e-9. In float32 a kernel of 1e4 parameters has rounding errors of
  // a few 2⁻²⁴·√(depth of the sums), relative to its largest element: 1e-5. κ divides by a small eigenvalue: 1e-3.
  const settings = [
    { args: ['--backend', 'reference'], backend: 'reference', dtype: 'float64', tolerance: 1e-9, kappaTolerance: 1e-9 },
    { args: [], backend: 'wasm', dtype: 'float32', tolerance: 1e-5, kappaTolerance: 1e-3 },
  ];
  const double = { args: ['--dtype', 'float64'], backend: 'wasm', dtype: 'float64' };
  const all = [
    ...settings.flatMap((setting) => goldenNames.map((name) => ({ name, ...setting }))),
    // test/ntk/golden.test.ts has all of them.
    ...['darts-supernet-00-train', 'nb201-supernet-01-eval'].map((name) => ({
      ...{ name, ...double, tolerance: 1e-11, kappaTolerance: 1e-9 },
    })),
  ];

  test.each(all)('$name --json gives the reference on $backend in $dtype', async (setting) => {
    const { name, args, backend, dtype, tolerance, kappaTolerance } = setting;
    const { code, stdout, stderr } = await ntkit('ntk', goldenPath(name), '--json', ...args);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const result = JSON.parse(stdout) as NtkJson;
    const { expected, metadata, mode, input } = golden(name);
    expect(result).toMatchObject({ name, mode, backend, dtype, samples: input.shape[0] });
    expect(result.parameters).toBe(expected.get('jacobian_row0')!.data.length);
    expect(Math.abs(result.kappa / Number(metadata.kappa_float64) - 1)).toBeLessThan(kappaTolerance);
    const close = (got: number[], name: string) => {
      const reference = expected.get(name)!.data;
      const size = Math.max(...reference.map(Math.abs));
      expect(got).toHaveLength(reference.length);
      got.forEach((x, i) => expect(Math.abs(x - reference[i])).toBeLessThan(tolerance * size));
    };
    close(result.ntk.flat(), 'ntk');
    close(result.eigenvalues, 'eigenvalues');
    close(result.logits.flat(), 'logits');
    expect(result.verdict).toBe('resolved');
    expect(result.noiseFloor).toBeGreaterThan(0);
    expect(result.seconds).toHaveLength(1);
    expect(result.setupSeconds).toBeGreaterThan(0);
  });

  test('repeats, draws another batch, computes in float32 and writes a page', async () => {
    const page = file('page.html');
    const args = [
      '--batch-size',
      '3',
      '--repeats',
      '2',
      '--dtype',
      'float32',
      '--backend',
      'reference',
      '--seed',
      '4',
      '--json',
      '--html',
      page,
    ];
    const runs = await Promise.all([0, 1].map(() => ntkit('ntk', goldenPath('nb201-arch-00-train'), ...args)));
    const results = runs.map(({ stdout }) => JSON.parse(stdout) as NtkJson);
    expect(results[0]).toMatchObject({ samples: 3, dtype: 'float32' });
    expect(results[0].seconds).toHaveLength(2);
    expect(results[0].ntk).toEqual(results[1].ntk);
    expect(await readFile(page, 'utf8')).toContain('<svg');
    expect(runs[0].stderr).toBe(`wrote ${page}\n`);
  });

  test('prints a table for people', async () => {
    const { code, stdout } = await ntkit('ntk', goldenPath('nb201-arch-03-train'));
    expect(code).toBe(0);
    expect(stdout).toMatch(/nb201-arch-03-train.*1\.906.*resolved/);
  });
});

describe('ntkit score', () => {
  const small = ['--channels', '2', '--cells', '1', '--batch-size', '4', '--repeats', '2'];

  interface ScoreJson {
    readonly architectures: { architecture: string; kappas: number[]; mean: number; spread: number; verdict: string }[];
  }

  test('scores five well-known cells on the shipped images, the same every time', async () => {
    const runs = await Promise.all([0, 1].map(() => ntkit('score', ...small, '--json')));
    expect(runs[0].code).toBe(0);
    const [a, b] = runs.map(({ stdout }) => JSON.parse(stdout) as ScoreJson);
    expect(a.architectures).toHaveLength(5);
    expect(a.architectures.map(({ kappas }) => kappas)).toEqual(b.architectures.map(({ kappas }) => kappas));
    for (const { kappas, mean, spread } of a.architectures) {
      expect(mean).toBeCloseTo((kappas[0] + kappas[1]) / 2, 10);
      expect(spread).toBeCloseTo(Math.abs(kappas[0] - kappas[1]) / Math.SQRT2, 10);
      expect(Math.min(...kappas)).toBeGreaterThan(1);
    }
  });

  test('takes architectures, data, mode, initialisation and seed', async () => {
    const images = ndarray(
      Array.from({ length: 6 * 3 * 8 * 8 }, (_, i) => Math.sin(i * i)),
      [6, 3, 8, 8],
      'float32',
    );
    await writeFile(file('images.npy'), encodeNpy(images));
    const arch = '|nor_conv_1x1~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|none~1|none~2|';
    const of = async (...more: string[]) => {
      const args = ['--arch', arch, '--data', `npy:${file('images.npy')}`, '--json', ...more];
      const { stdout, stderr } = await ntkit('score', ...small, ...args);
      expect(stderr).toBe('');
      const { architectures } = JSON.parse(stdout) as ScoreJson;
      expect(architectures.map(({ architecture }) => architecture)).toEqual([arch]);
      return architectures[0].kappas;
    };
    const variants = await Promise.all([of(), of('--mode', 'eval'), of('--init', 'code'), of('--seed', '1')]);
    expect(new Set(variants.map((kappas) => kappas[0])).size).toBe(4);
  });

  test('prints a table with the smallest κ first', async () => {
    const { stdout } = await ntkit('score', ...small);
    const kappas = [...stdout.matchAll(/│ +\d │[^│]+│ +([\d.e+]+) ±/g)].map((match) => Number(match[1]));
    expect(kappas).toHaveLength(5);
    expect(kappas).toEqual(kappas.toSorted((a, b) => a - b));
  });
});

describe('bad input gives exit code 2 and one clear line', () => {
  const good = 'nb201-arch-03-train';
  const readGolden = () => readFile(goldenPath(good));

  const refused = async (args: string[], message: RegExp) => {
    const { code, stdout, stderr } = await ntkit(...args);
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stdout).toBe('');
    expect(code).toBe(2);
  };

  /** The reference file with a change to its metadata or tensors. */
  const changed = async (name: string, change: (parts: ReturnType<typeof parseSafetensors>) => object) => {
    const parts = parseSafetensors(await readGolden());
    await writeFile(file(name), encodeSafetensors({ ...parts, ...change(parts) }));
    return file(name);
  };

  test('a missing file', () =>
    refused(['ntk', '/no/such/case'], /^ntkit: case \/no\/such\/case: cannot be read, there is no such file/));

  test('a truncated file', async () => {
    await writeFile(file('short'), (await readGolden()).subarray(0, 100_000));
    await refused(['ntk', file('short')], /short: tensor .*data_offsets: expected/);
  });

  test('a wrong header length', async () => {
    const bytes = Buffer.from(await readGolden());
    bytes.writeBigUInt64LE(2n ** 62n);
    await writeFile(file('lies'), bytes);
    await refused(['ntk', file('lies')], /lies: .*expected a header of at most \d+ bytes, got 4611686018427387904/);
  });

  test('an unknown operation', async () => {
    const path = await changed('unknown', ({ metadata }) => ({
      metadata: { ...metadata, config: metadata.config.replace('nor_conv_1x1', 'nor_conv_9x9') },
    }));
    await refused(['ntk', path], /unknown operation "nor_conv_9x9"/);
    await refused(['score', '--arch', '|x~0|+|none~0|none~1|+|none~0|none~1|none~2|'], /unknown operation "x"/);
  });

  test('weights of the wrong shape', async () => {
    const path = await changed('shape', ({ tensors }) => ({
      tensors: new Map(tensors).set('state.stem.0.weight', ndarray(new Float32Array(24), [8, 3, 1, 1], 'float32')),
    }));
    await refused(['ntk', path], /state: stem\.0\.weight: expected shape \[8, 3, 3, 3\], got \[8, 3, 1, 1\]/);
  });

  test('images with the wrong number of channels', async () => {
    const path = await changed('channels', ({ tensors }) => ({
      tensors: new Map(tensors).set('input', ndarray(new Float32Array(2 * 64), [2, 1, 8, 8], 'float32')),
    }));
    await refused(['ntk', path], /stem\.0 \(Conv2d\): expected input \[N, 3, H, W\], got \[2, 1, 8, 8\]/);
  });

  test('one sample whose batch statistics have no variance', async () => {
    const path = await changed('one', ({ tensors }) => ({
      tensors: new Map(tensors).set('input', ndarray(new Float32Array(48), [1, 3, 4, 4], 'float32')),
    }));
    await refused(['ntk', path], /batch norm: batch statistics over one value per channel have variance 0/);
  });

  test('images that are not a number', async () => {
    const path = await changed('nan', ({ tensors }) => ({
      tensors: new Map(tensors).set('input', ndarray(new Float32Array(384).fill(NaN), [2, 3, 8, 8], 'float32')),
    }));
    await refused(['ntk', path], /input: expected finite numbers, got NaN at element 0/);
  });

  test('no images', async () => {
    const path = await changed('none', ({ tensors }) => ({
      tensors: new Map(tensors).set('input', ndarray(new Float32Array(0), [0, 3, 8, 8], 'float32')),
    }));
    await refused(['ntk', path], /input: expected images of shape \[N, C, H, W\], none empty, got \[0, 3, 8, 8\]/);
    await writeFile(file('empty.npy'), encodeNpy(ndarray([], [0, 3, 8, 8], 'float32')));
    await refused(['score', '--data', `npy:${file('empty.npy')}`], /empty\.npy/);
  });

  test('a batch larger than the data', () =>
    refused(['score', '--batch-size', '300'], /sample: expected at least 300 images, the batch size, got 256/));
  test('unknown data', () => refused(['score', '--data', 'mnist'], /data: unknown source, expected cifar10:PATH/));
  test('a GPU mode that is not available', () =>
    refused(
      ['score', '--backend', 'gpu', '--gpu-mode', 'webgl2'],
      /backend gpu: mode webgl2 is not available: expected a browser with WebGL 2/,
    ));
  test('a GPU mode that does not exist', () =>
    refused(
      ['score', '--backend', 'gpu', '--gpu-mode', 'metal'],
      /argument 'metal' is invalid. Allowed choices are auto/,
    ));
  test('a precision and threads that the GPU does not have', async () => {
    const gpu = ['score', '--backend', 'gpu', '--gpu-mode', 'cpu'];
    await refused([...gpu, '--dtype', 'float64'], /--dtype float64: the gpu backend computes in float32/);
    await refused([...gpu, '--threads', '2'], /--threads 2: the gpu backend has no worker threads/);
  });
  test('threads for a backend with one thread', () =>
    refused(
      ['score', '--backend', 'reference', '--threads', '2'],
      /--threads 2: the reference backend runs on 1 thread/,
    ));
  test('a GPU mode without the GPU', () =>
    refused(['score', '--gpu-mode', 'webgl2'], /--gpu-mode webgl2: expected with --backend gpu/));
  test('an option with a value of the wrong kind', () =>
    refused(['score', '--repeats', 'many'], /'--repeats <count>' argument 'many' is invalid. expected an integer/));
  test('an unknown option', () => refused(['score', '--fast'], /unknown option '--fast'/));
  test('an unknown command', () => refused(['train'], /unknown command 'train'/));
  test('a page that cannot be written, before anything is computed', () =>
    refused(['score', '--html', '/no/such/page.html'], /\/no\/such\/page\.html: cannot be written \(ENOENT\)/));
  test('a page whose name is a folder or empty', async () => {
    await refused(['score', '--html', file('')], /: cannot be written, expected the name of a file/);
    await refused(
      ['correlate', '/no/such/table.csv', '--html', ''],
      /--html: cannot be written, expected the name of a file/,
    );
  });
});
