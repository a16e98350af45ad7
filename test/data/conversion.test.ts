import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IMAGENET16_NORMALIZATION } from '../../src/data/index.ts';
import { openDataset } from '../../src/node/index.ts';
import { devicesRequired } from '../support/required.ts';

// The lines of Python in docs/data.md, on pickles that Python wrote.

const python = ['python3', '/usr/bin/python3'].find(
  (command) => spawnSync(command, ['-c', 'import numpy']).status === 0,
);
const folder = await mkdtemp(join(tmpdir(), 'ntkit-conversion-'));
const at = (name: string) => join(folder, name);
afterAll(() => rm(folder, { recursive: true }));

describe.runIf(python !== undefined || devicesRequired)('the lines of Python in docs/data.md', () => {
  let lines: string[];
  beforeAll(async () => {
    const page = await readFile(new URL('../../docs/data.md', import.meta.url), 'utf8');
    lines = [...page.matchAll(/^python3 -c "(.*?)" /gm)].map(([, line]) => line);
    const files = JSON.parse(await readFile(new URL('numpy_files.json', import.meta.url), 'utf8')) as Record<
      string,
      { base64: string }
    >;
    await writeFile(at('cifar'), Buffer.from(files['pickle cifar10'].base64, 'base64'));
    await writeFile(at('imagenet'), Buffer.from(files['pickle imagenet16'].base64, 'base64'));
  });

  test('write a batch of CIFAR as NPZ', async () => {
    execFileSync(python ?? 'python3', ['-c', lines[0], at('cifar'), at('cifar.npz')]);
    const dataset = await openDataset(`npz:${at('cifar.npz')}`);
    expect(dataset).toMatchObject({ shape: [3, 32, 32], length: 2 });
    expect([0, 1].map((i) => dataset.get(i).label)).toEqual([6, 9]);
    expect(dataset.get(1).image.data).toEqual(Uint8Array.from({ length: 3072 }, (_, i) => 3072 + i));
  });

  test('write the 120 classes of ImageNet16 as NPZ, which can be normalised without conversion', async () => {
    execFileSync(python ?? 'python3', ['-c', lines[1], at('imagenet.npz'), at('imagenet'), at('imagenet')]);
    const dataset = await openDataset(`npz:${at('imagenet.npz')}?normalize=imagenet16`);
    expect(dataset).toMatchObject({ shape: [3, 16, 16], length: 4, normalization: IMAGENET16_NORMALIZATION });
    expect([0, 1, 2, 3].map((i) => dataset.get(i).label)).toEqual([0, 119, 0, 119]);
    expect(dataset.get(3).image.data).toEqual(Uint8Array.from({ length: 768 }, (_, i) => 768 + i));
  });
});
