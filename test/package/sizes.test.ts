import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build, type Rolldown } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';
import { execute, installed, type Installed } from '../support/installed.ts';

// What ntkit adds to a bundled page; each limit is on what the page loads, not on what the package holds.

let it: Installed;
beforeAll(async () => {
  it = await installed();
});

/** What a page loads. */
interface Loaded {
  /** What it prints. */
  readonly printed: string;
  readonly files: readonly string[];
  readonly minified: number;
  readonly gzip: number;
}

/**
 * Bundles a page's module as an application's would be, runs it, and measures the files that it loads: what is imported
 * dynamically is a file of its own, and counts when it was imported.
 */
async function load(contents: string): Promise<Loaded> {
  const folder = mkdtempSync(join(it.folder, 'page-'));
  try {
    writeFileSync(join(folder, 'source.js'), contents);
    const bundle = (await build({
      ...{ root: folder, logLevel: 'error', configFile: false },
      build: {
        ...{ target: 'es2022', write: false, modulePreload: false },
        rollupOptions: { input: join(folder, 'source.js'), output: { entryFileNames: 'page.js' } },
      },
    })) as Rolldown.RolldownOutput;
    const chunks = bundle.output.filter((file) => file.type === 'chunk');
    mkdirSync(join(folder, 'assets'));
    for (const { fileName, code } of chunks) {
      // Each says that it runs.
      writeFileSync(join(folder, fileName), `(globalThis.loaded ??= []).push(${JSON.stringify(fileName)});${code}`);
    }
    const report = `await import('./page.js'); console.log(JSON.stringify(globalThis.loaded));`;
    const lines = (await execute('node', ['--input-type=module', '-e', report], folder)).trim().split('\n');
    const names = JSON.parse(lines.pop()!) as string[];
    const files = chunks.filter(({ fileName }) => names.includes(fileName)).map(({ code }) => Buffer.from(code));
    expect(files).toHaveLength(names.length);
    const sum = (size: (file: Buffer) => number) => files.reduce((total, file) => total + size(file), 0);
    return {
      printed: lines.join('\n'),
      files: names,
      minified: sum((file) => file.length),
      gzip: sum((file) => gzipSync(file, { level: 9 }).length),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** κ of a convolutional network in a page. */
const kappa = (backend: string, close = '', dtype = 'float32') => `
  import { AdaptiveAvgPool2d, BatchNorm2d, Conv2d, Flatten, initialize, Linear, pytorchDefault, ReLU, Sequential } from 'ntkit/nn';
  import { computeNtk } from 'ntkit/ntk';
  import { Generator, ${backend.replace('()', '')} } from 'ntkit/tensor';
  const generator = new Generator(0);
  const network = new Sequential(new Conv2d(3, 8, 3), new BatchNorm2d(8), new ReLU(), new AdaptiveAvgPool2d(1), new Flatten(), new Linear(8, 10));
  initialize(network, pytorchDefault, generator);
  const backend = ${backend};
  console.log((await computeNtk(network, generator.normals([16, 3, 8, 8]), { backend, dtype: '${dtype}' })).kappa);
  ${close}`;

describe('a page', () => {
  test('that uses only ndarray loads at most 1,200 bytes', async () => {
    const { printed, minified } = await load(
      `import { ndarray } from 'ntkit'; console.log(ndarray([1, 2], [2]).shape[0]);`,
    );
    expect(printed).toBe('2');
    expect(minified).toBeLessThanOrEqual(1200);
  });

  test('that computes κ by the reference backend loads at most 39 kB', async () => {
    const { printed, gzip } = await load(kappa('referenceBackend'));
    expect(Number(printed)).toBeGreaterThan(1);
    expect(gzip).toBeLessThanOrEqual(39_000);
  });

  test('that computes κ by the wasm backend loads at most 75 kB', async () => {
    const { printed, gzip, files } = await load(kappa('wasmBackend()', 'await backend.close();'));
    expect(Number(printed)).toBeGreaterThan(1);
    expect(gzip).toBeLessThanOrEqual(75_000);
    expect(files.filter((name) => name.includes('kernels64'))).toEqual([]);
    expect(gzip).toBeGreaterThan(25_000); // the kernels alone are half of that: they were counted
  });
});

test('κ in float64 is 15 kB more', async () => {
  const { printed, gzip, files } = await load(kappa('wasmBackend()', 'await backend.close();', 'float64'));
  expect(Number(printed)).toBeGreaterThan(1);
  expect(files.filter((name) => name.includes('kernels64'))).toHaveLength(1);
  expect(gzip).toBeLessThanOrEqual(90_000);
});

test('reading ONNX files adds at most 45 kB to a page', async () => {
  const without = await load(kappa('wasmBackend()', 'await backend.close();'));
  const page = `import { parseOnnx } from 'ntkit/onnx';
    globalThis.parse = parseOnnx; ${kappa('wasmBackend()', 'await backend.close();')}`;
  const { gzip } = await load(page);
  expect(gzip - without.gzip).toBeGreaterThan(5_000);
  expect(gzip - without.gzip).toBeLessThanOrEqual(45_000);
});

test('the script of a worker has at most 2,500 bytes', () => {
  const { length } = readFileSync(join(it.folder, 'node_modules/ntkit/dist/worker.js'));
  expect(length).toBeGreaterThan(500);
  expect(length).toBeLessThanOrEqual(2500);
});

// Half of it is images and accuracies, for the command and for the laboratory; both include a library of property
// tests.
test('the package has at most 5.8 MB, and fonts in one format', () => {
  expect(statSync(it.tarball).size).toBeLessThanOrEqual(5_800_000);
  const assets = readdirSync(join(it.folder, 'node_modules/ntkit/dist/lab/assets'));
  expect(assets.filter((name) => /\.woff2$/.test(name)).length).toBeGreaterThan(10);
  expect(assets.filter((name) => /\.(woff|ttf)$/.test(name))).toEqual([]);
});
