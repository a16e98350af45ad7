import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { start } from '../support/command.ts';
import { execute, installed, type Installed } from '../support/installed.ts';

// What npm installs from what npm packs.

let it: Installed;
let dist: string;
beforeAll(async () => {
  it = await installed();
  dist = join(it.folder, 'node_modules/ntkit/dist');
});

test('installs no package but ntkit', () => {
  const lock = readFileSync(join(it.folder, 'node_modules/.package-lock.json'), 'utf8');
  expect(Object.keys((JSON.parse(lock) as { packages: object }).packages)).toEqual(['node_modules/ntkit']);
});

test('every entry but ntkit/testing is imported in Node, and computes', async () => {
  const { exports } = JSON.parse(readFileSync(join(dist, '../package.json'), 'utf8')) as { exports: object };
  // The script of a worker is served, not imported.
  const entries = Object.keys(exports).filter((name) => !['./worker', './testing', './package.json'].includes(name));
  expect(entries.length).toBeGreaterThanOrEqual(9);
  const script = `
    for (const name of ${JSON.stringify(entries)}) await import('ntkit' + name.slice(1));
    const { ndarray, conditionNumber } = await import('ntkit/ntk').then((ntk) => import('ntkit/tensor').then((t) => ({ ...ntk, ...t })));
    console.log(conditionNumber(ndarray([2, 0, 0, 8], [2, 2])).kappa);`;
  expect(await execute('node', ['--input-type=module', '-e', script], it.folder)).toBe('4\n');
});

test('ntkit/testing needs fast-check beside it, and asks for it by name', async () => {
  const script = `
    const { kernelLaws } = await import('ntkit/testing');
    console.log(kernelLaws.length > 0);`;
  const run = (folder: string) => execute('node', ['--preserve-symlinks', '--input-type=module', '-e', script], folder);
  await expect(run(it.folder)).rejects.toThrow(/Cannot find package 'fast-check'/);

  const folder = await mkdtemp(join(tmpdir(), 'ntkit-'));
  try {
    await mkdir(join(folder, 'node_modules'));
    await symlink(join(it.folder, 'node_modules/ntkit'), join(folder, 'node_modules/ntkit'));
    for (const name of ['fast-check', 'pure-rand']) {
      await symlink(realpathSync(join('node_modules', name)), join(folder, 'node_modules', name));
    }
    expect(await run(folder)).toBe('true\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('its command runs', async () => {
  const help = await execute(join(it.folder, 'node_modules/.bin/ntkit'), ['--help'], it.folder);
  expect(help).toMatch(/^Usage: ntkit/);
});

test('its laboratory is included, and is served', async () => {
  const { child, done } = start([process.execPath, join(dist, 'cli/main.js'), 'lab']);
  const line = await new Promise<string>((resolve) => child.stdout!.once('data', (chunk: string) => resolve(chunk)));
  const url = /http:\S+\/lab\//.exec(line)![0];
  const page = await (await fetch(url)).text();
  const assets = [...page.matchAll(/(?:src|href)="\.\/(assets\/[^"]+)"/g)].map(([, path]) => path);
  expect(assets.length).toBeGreaterThanOrEqual(2);
  for (const path of [...assets, 'data/cifar10-256.bin', 'data/networks/vit.onnx']) {
    expect((await fetch(new URL(path, url))).status, path).toBe(200);
  }
  child.kill('SIGINT');
  expect(await done).toMatchObject({ code: 0, stderr: '' });
});

test('third-party code comes with its licence', () => {
  const text = readFileSync(join(dist, 'THIRD-PARTY-LICENSES.txt'), 'utf8');
  for (const name of [
    '@observablehq/plot',
    'd3-array',
    'linkedom',
    'commander',
    '@bomb.sh/tab',
    'sirv',
    'preact',
    'katex',
  ]) {
    expect(text).toMatch(new RegExp(`^-{80}\\n\\n${name} \\d+\\.\\d+\\.\\d+\\n\\n[^]*?(copyright|permission)`, 'im'));
  }
});

test('no picture and no test is packed', () => {
  const names = readdirSync(join(dist, '..'), { recursive: true, encoding: 'utf8' });
  const own = names.filter((name) => !name.startsWith('dist/lab/data/networks/')); // those to begin with
  expect(own.filter((name) => /\.(png|svg|tsx?|safetensors)$/.test(name) && !name.endsWith('.d.ts'))).toEqual([]);
  expect(existsSync(join(dist, 'worker.js'))).toBe(true);
  expect(statSync(it.tarball).size).toBeGreaterThan(1e6);
});
