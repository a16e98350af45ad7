import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeNpy } from '../../src/data/index.ts';
import { Generator } from '../../src/tensor/index.ts';
import { ntkit } from '../support/command.ts';
import { goldenPath } from '../support/golden.ts';

let folder: string;
const at = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-images-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const score = (data: string) =>
  ntkit('score', '--data', data, '--arch', '2', '--channels', '2', '--cells', '1', '--batch-size', '4', '--json');

test('ntkit score takes digits in the format of MNIST, and says that it repeats their channel', async () => {
  const pixels = new Generator(1).normals([5 * 8 * 8]).data.map((x) => Math.abs(x * 100) % 256);
  const header = [0, 0, 8, 3, ...[5, 8, 8].flatMap((extent) => [0, 0, 0, extent])];
  await writeFile(at('t10k-images-idx3-ubyte.gz'), gzipSync(Uint8Array.from([...header, ...pixels])));
  const { code, stdout, stderr } = await score(`idx:${at('t10k-images-idx3-ubyte.gz')}`);
  expect(stderr).toBe(`idx ${at('t10k-images-idx3-ubyte.gz')}: grey images, repeated to the network's 3 channels\n`);
  expect(code).toBe(0);
  const { architectures } = JSON.parse(stdout) as { architectures: { kappas: number[] }[] };
  expect(architectures[0].kappas).toHaveLength(3);
});

test('images of four channels, and vectors, are refused in one line that names the file', async () => {
  await writeFile(at('four.npy'), encodeNpy({ shape: [5, 4, 8, 8], data: new Uint8Array(5 * 256) }));
  await writeFile(at('vectors.npy'), encodeNpy({ shape: [5, 12], data: new Float32Array(60) }));
  for (const [name, got] of [
    ['four.npy', '4 channels, [4, 8, 8]'],
    ['vectors.npy', 'vectors of 12 numbers'],
  ]) {
    expect(await score(`npy:${at(name)}`)).toEqual({
      code: 2,
      stdout: '',
      stderr: `ntkit: npy ${at(name)}: the network takes images [3, h, w], expected 3 channels or 1, got ${got}\n`,
    });
  }
});

test('ntkit ntk --images repeats the channel of a grey batch', async () => {
  const grey = new Generator(2).normals([2, 32, 32]);
  await writeFile(at('grey.npy'), encodeNpy(grey));
  const plane = 32 * 32;
  const data = Float64Array.from(
    { length: 6 * plane },
    (_, i) => grey.data[Math.floor(i / plane / 3) * plane + (i % plane)],
  );
  await writeFile(at('colour.npy'), encodeNpy({ shape: [2, 3, 32, 32], data }));
  const run = (name: string) => ntkit('ntk', goldenPath('nb201-arch-00-train'), '--images', at(name), '--json');
  const [one, other] = [await run('grey.npy'), await run('colour.npy')];
  expect(one.stderr).toBe(`--images ${at('grey.npy')}: grey images, repeated to the network's 3 channels\n`);
  expect(other.stderr).toBe('');
  const kappaOf = ({ stdout }: { stdout: string }) => (JSON.parse(stdout) as { kappa: number }).kappa;
  expect(kappaOf(one)).toBeGreaterThan(1);
  expect(kappaOf(one)).toBe(kappaOf(other));
});

test('ntkit ntk says below its table which images it took', async () => {
  const path = goldenPath('nb201-arch-00-eval');
  await writeFile(at('batch.npy'), encodeNpy(new Generator(3).normals([2, 3, 16, 16])));
  for (const [options, images] of [
    [[], "the case's own"],
    [['--batch-size', '2', '--seed', '5'], 'standard normal, seed 5'],
    [['--images', at('batch.npy')], at('batch.npy')],
  ] as const) {
    const { stdout, code } = await ntkit('ntk', path, ...options);
    expect(code).toBe(0);
    expect(stdout).toContain(`\nImages: ${images}.\n`);
  }
  const between = await ntkit('ntk', path, '--batch-size', '2', '--x2', at('batch.npy'));
  expect(between.stdout).toContain('\nImages of x1: standard normal, seed 0.\n');
});
