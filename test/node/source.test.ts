import fc from 'fast-check';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CIFAR10_NORMALIZATION,
  collate,
  DataLoader,
  encodeNpy,
  IMAGENET16_NORMALIZATION,
  SyntheticDataset,
} from '../../src/data/index.ts';
import { loadIdx, loadSample, openDataset, readSweepTable } from '../../src/node/index.ts';
import { runs } from '../support/runs.ts';
import { decodeResiduals, encodeResiduals } from '../../src/node/residuals.ts';
import { expectInputRejection } from '../support/messages.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-data-'));
});

afterAll(() => rm(folder, { recursive: true }));

/** Records of one label, pixels all the same. */
function cifarRecords(...labels: number[]): Uint8Array {
  return Uint8Array.from(labels.flatMap((label) => [label, ...new Uint8Array(3072).fill(100 + label)]));
}

async function labelsIn(spec: string): Promise<number[]> {
  const dataset = await openDataset(spec);
  return Array.from({ length: dataset.length }, (_, i) => dataset.get(i).label);
}

test('any images survive packing as prediction errors', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 2 * 3073, maxLength: 2 * 3073 }), (records) => {
      expect(decodeResiduals(encodeResiduals(records))).toEqual(records);
      expect(decodeResiduals(encodeResiduals(records), 1)).toEqual(records.subarray(0, 3073));
    }),
    { numRuns: runs(40) },
  );
  expect(() => decodeResiduals(new Uint8Array(3072))).toThrow('images: expected a multiple of 3073 bytes, got 3072');
});

describe('the sample that comes with ntkit', () => {
  test('is the first 256 records of CIFAR-10, byte for byte, of the 1,000 that are shipped', async () => {
    const packed = await readFile(new URL('../../assets/cifar10-1000.residuals', import.meta.url));
    const bytes = decodeResiduals(packed);
    expect(encodeResiduals(bytes)).toEqual(new Uint8Array(packed));
    expect(bytes).toHaveLength(1000 * 3073);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(
      '1c5f9ea0fc1111d586f29115efd3db25eecf7db27b29aaebbe84721446b052cc',
    );
    expect(await openDataset('sample-1000')).toMatchObject({ name: 'sample-1000', length: 1000, shape: [3, 32, 32] });
    const hash = createHash('sha256');
    const sample = await loadSample();
    for (let i = 0; i < sample.length; i++) {
      const { label, image } = sample.get(i);
      hash.update(Uint8Array.of(label)).update(image.data);
    }
    expect(hash.digest('hex')).toBe('deab4d49398de726c7bb7ea2afffa984eec2b52bcebc3f00e73f4f595db89448');
  });

  test('begins with a frog, two trucks, a deer and two cars, and their known pixels', async () => {
    const sample = await loadSample();
    expect(sample).toMatchObject({ name: 'sample', length: 256, shape: [3, 32, 32] });
    expect(Array.from({ length: 10 }, (_, i) => sample.get(i).label)).toEqual([6, 9, 9, 4, 1, 1, 2, 7, 8, 3]);
    const corner = (index: number) => {
      const { data } = sample.get(index).image;
      return [0, 1024, 2048].map((start) => [...data.subarray(start, start + 4)]);
    };
    expect(corner(0)).toEqual([
      [59, 43, 50, 68],
      [62, 46, 48, 54],
      [63, 45, 43, 42],
    ]);
    expect(corner(1)).toEqual([
      [154, 126, 105, 102],
      [177, 137, 104, 101],
      [187, 136, 95, 99],
    ]);
    expect(corner(255)).toEqual([
      [147, 147, 166, 141],
      [146, 146, 165, 141],
      [151, 151, 169, 141],
    ]);
    expect([...sample.get(0).image.data.subarray(-4)]).toEqual([104, 140, 84, 72]);
  });

  test('has all ten classes, about equally often', async () => {
    const counts = new Array<number>(10).fill(0);
    for (const { labels } of new DataLoader(await loadSample(), { batchSize: 100 })) {
      for (const label of labels) counts[label]++;
    }
    expect(counts).toEqual([18, 37, 23, 27, 21, 22, 33, 24, 22, 29]);
  });

  test('has about mean 0 and deviation 1 in each channel after normalisation', async () => {
    const sample = await loadSample();
    expect(sample.normalization).toBe(CIFAR10_NORMALIZATION);
    const { images } = collate(
      Array.from({ length: 256 }, (_, i) => sample.get(i)),
      sample.normalization,
    );
    for (let channel = 0; channel < 3; channel++) {
      const values = Array.from(images.data).filter((_, i) => Math.floor(i / 1024) % 3 === channel);
      const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
      const square = values.reduce((sum, x) => sum + x * x, 0) / values.length;
      // The constants are of all 50,000 images. Pixels of one image are correlated: it is the means of images, with a
      // deviation below 1, that average out, to 1/√256 = 0.06; three of that are allowed, and twice as much for
      // squares.
      expect(Math.abs(mean)).toBeLessThan(0.19);
      expect(Math.abs(square - 1)).toBeLessThan(0.38);
    }
  });

  test('is opened by the specification "sample"', async () => {
    expect(await openDataset('sample')).toEqual(await loadSample());
  });
});

describe('a CIFAR-10 path', () => {
  test('may be a file', async () => {
    await writeFile(at('one.bin'), cifarRecords(3, 1));
    const dataset = await openDataset(`cifar10:${at('one.bin')}`);
    expect(dataset).toMatchObject({ name: `cifar10 ${at('one.bin')}`, length: 2 });
    expect(dataset.get(1)).toMatchObject({ label: 1, image: { data: new Uint8Array(3072).fill(101) } });
  });

  test('may be a folder, whose training batches are read in order and nothing else', async () => {
    await mkdir(at('cifar'));
    for (const [name, label] of [
      ['data_batch_3.bin', 3],
      ['data_batch_1.bin', 1],
      ['data_batch_2.bin', 2],
      ['test_batch.bin', 9],
      ['data_batch_6.bin', 8],
    ] as const) {
      await writeFile(at('cifar', name), cifarRecords(label, label));
    }
    await writeFile(at('cifar', 'readme.html'), 'x');
    expect(await labelsIn(`cifar10:${at('cifar')}`)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  test('may be a folder with only the test batch', async () => {
    await mkdir(at('cifar-test'));
    await writeFile(at('cifar-test', 'test_batch.bin'), cifarRecords(7));
    expect(await labelsIn(`cifar10:${at('cifar-test')}`)).toEqual([7]);
  });

  test('is refused when the folder has no batch', async () => {
    await mkdir(at('other'));
    await writeFile(at('other', 'notes.txt'), '');
    await expectInputRejection(
      openDataset(`cifar10:${at('other')}`),
      `cifar10 ${at('other')}: no batch in the folder, ` +
        'expected data_batch_1.bin to data_batch_5.bin or test_batch.bin, got 1 other files',
    );
  });

  test('is named in the message when a batch in the folder is cut short', async () => {
    await mkdir(at('cut'));
    await writeFile(at('cut', 'data_batch_1.bin'), cifarRecords(1));
    await writeFile(at('cut', 'data_batch_2.bin'), cifarRecords(2).subarray(0, 3072));
    await expectInputRejection(
      openDataset(`cifar10:${at('cut')}`),
      `cifar10 ${at('cut', 'data_batch_2.bin')}: expected whole records of 3073 bytes, got 3072 bytes`,
    );
  });
});

describe('an IDX path', () => {
  const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 50, 60);
  const labels = Uint8Array.of(0, 0, 8, 1, 0, 0, 0, 2, 7, 8);

  test('finds the labels that MNIST has beside the images', async () => {
    await writeFile(at('train-images-idx3-ubyte'), images);
    await writeFile(at('train-labels-idx1-ubyte'), labels);
    expect(await labelsIn(`idx:${at('train-images-idx3-ubyte')}`)).toEqual([7, 8]);
  });

  test('works without labels when there are none', async () => {
    await writeFile(at('alone-images-idx3-ubyte'), images);
    await writeFile(at('plain'), images);
    expect(await labelsIn(`idx:${at('alone-images-idx3-ubyte')}`)).toEqual([-1, -1]);
    expect(await labelsIn(`idx:${at('plain')}`)).toEqual([-1, -1]);
  });

  test('takes labels from a given file, and reports a missing one', async () => {
    await writeFile(at('pictures'), images);
    await writeFile(at('classes'), labels);
    expect((await loadIdx(at('pictures'), at('classes'))).get(0).label).toBe(7);
    await expectInputRejection(
      loadIdx(at('pictures'), at('nowhere')),
      `idx ${at('nowhere')}: cannot be read, there is no such file`,
    );
  });
});

describe('a data specification', () => {
  test('may name an NPY file', async () => {
    await writeFile(at('x.npy'), encodeNpy({ shape: [2, 1, 1, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }));
    const dataset = await openDataset(`npy:${at('x.npy')}`);
    expect(dataset).toMatchObject({ length: 2, shape: [1, 1, 3] });
    expect(dataset.get(1).image.data).toEqual(Float32Array.of(4, 5, 6));
  });

  test('may have colons in its path', async () => {
    await writeFile(at('a:b.npy'), encodeNpy({ shape: [1, 1, 1], data: Uint8Array.of(1) }));
    expect(await openDataset(`npy:${at('a:b.npy')}`)).toMatchObject({ length: 1 });
  });

  test('may ask for synthetic images of a seed, a length and a shape', async () => {
    const options = { seed: 4, length: 9, shape: [1, 2, 2] as const };
    const dataset = await openDataset('synthetic', options);
    expect(dataset).toMatchObject({ length: 9, shape: [1, 2, 2] });
    expect(dataset.get(8)).toEqual(new SyntheticDataset(options).get(8));
  });

  test.each(['', 'mnist', 'imagenet16:/data', 'Sample', 'toString', ':x', '/path/x.npy'])(
    '%j is refused',
    async (spec) => {
      await expectInputRejection(
        openDataset(spec),
        'data: unknown source, expected cifar10:PATH, cifar100:PATH, npy:FILE, npz:FILE, idx:FILE, sample, sample-1000 ' +
          `or synthetic, got '${spec}'`,
      );
    },
  );

  test.each([
    ['cifar10', 'PATH'],
    ['cifar100', 'PATH'],
    ['npy', 'FILE'],
    ['npz', 'FILE'],
    ['idx', 'FILE'],
  ])('%s needs a path', async (kind, path) => {
    for (const spec of [kind, `${kind}:`]) {
      await expectInputRejection(
        openDataset(spec),
        `data: ${kind} without a path, expected ${kind}:${path}, got '${spec}'`,
      );
    }
  });

  test.each(['sample', 'sample-1000', 'synthetic'])('%s takes no path', async (kind) => {
    await expectInputRejection(
      openDataset(`${kind}:x`),
      `data: ${kind} takes no path, expected '${kind}', got '${kind}:x'`,
    );
  });

  test.each(['cifar10', 'cifar100', 'npy', 'npz', 'idx'])(
    '%s of a missing file is refused by its path',
    async (kind) => {
      await expectInputRejection(
        openDataset(`${kind}:${at('missing')}`),
        `${kind} ${at('missing')}: cannot be read, there is no such file`,
      );
    },
  );

  test.each(['npy', 'npz', 'idx'])('%s of a folder is refused by its path', async (kind) => {
    await expectInputRejection(
      openDataset(`${kind}:${folder}`),
      `${kind} ${folder}: cannot be read, it is a folder, expected a file`,
    );
  });

  test('of a path through a file is refused', async () => {
    await writeFile(at('file'), 'x');
    await expectInputRejection(
      openDataset(`npy:${at('file', 'x.npy')}`),
      `npy ${at('file', 'x.npy')}: cannot be read, a part of the path is not a folder`,
    );
  });
});

describe('a CIFAR-100 path', () => {
  const record = (coarse: number, fine: number) => [coarse, fine, ...new Uint8Array(3072).fill(fine)];

  test('may be a file or a folder, and its labels fine or coarse', async () => {
    await mkdir(at('cifar100'));
    await writeFile(at('cifar100', 'train.bin'), Uint8Array.from([...record(1, 30), ...record(2, 40)]));
    await writeFile(at('cifar100', 'test.bin.gz'), gzipSync(Uint8Array.from(record(3, 50))));
    expect(await labelsIn(`cifar100:${at('cifar100')}`)).toEqual([30, 40]);
    expect(await labelsIn(`cifar100:${at('cifar100')}?labels=coarse`)).toEqual([1, 2]);
    expect(await labelsIn(`cifar100:${at('cifar100', 'test.bin.gz')}`)).toEqual([50]);
  });

  test('of pickles says how to convert them', async () => {
    await mkdir(at('cifar-100-python'));
    for (const name of ['meta', 'test', 'train'])
      await writeFile(at('cifar-100-python', name), Uint8Array.of(0x80, 2, 46));
    await expectInputRejection(
      openDataset(`cifar100:${at('cifar-100-python')}`),
      `cifar100 ${at('cifar-100-python')}: no batch in the folder, expected train.bin or test.bin, got 3 other files; ` +
        'Python pickles are written as NPZ with the line of Python in docs/data.md',
    );
  });
});

describe('choices after a path', () => {
  const bytes = Uint8Array.from({ length: 2 * 6 * 5 * 3 }, (_, i) => i);

  test('choose how an array is read', async () => {
    const array = encodeNpy({ shape: [2, 6, 5, 3], data: bytes });
    await writeFile(at('last.npy'), array);
    await writeFile(
      at('last.npz'),
      zipSync({ 'a.npy': array, 'b.npy': encodeNpy({ shape: [2, 3], data: bytes.slice(0, 6) }) }),
    );
    for (const spec of [
      `npy:${at('last.npy')}?layout=nhwc&normalize=imagenet16`,
      `npz:${at('last.npz')}?normalize=imagenet16&layout=nhwc#a`,
    ]) {
      const dataset = await openDataset(spec);
      expect(dataset).toMatchObject({ shape: [3, 6, 5], length: 2, normalization: IMAGENET16_NORMALIZATION });
      expect(dataset.get(1).image.data[0]).toBe(bytes[90]);
    }
    expect(await openDataset(`npz:${at('last.npz')}#b`)).toMatchObject({ shape: [3], length: 2 });
    expect((await openDataset(`npy:${at('last.npy')}?layout=nchw`)).shape).toEqual([6, 5, 3]);
    await writeFile(at('one.bin'), cifarRecords(3));
    expect((await openDataset(`cifar10:${at('one.bin')}?normalize=none`)).normalization).toBeUndefined();
  });

  test('are restricted to the supported words', async () => {
    await expectInputRejection(
      openDataset('npy:x.npy?labels=fine'),
      'data: npy: choice: expected "normalize" or "layout", got "labels"',
    );
    await expectInputRejection(
      openDataset('npy:x.npy?layout=hwc'),
      'data: npy: layout: expected "nchw" or "nhwc", got "hwc"',
    );
    await expectInputRejection(
      openDataset('idx:x?normalize=imagenet'),
      'data: idx: normalize: expected "cifar10", "cifar100", "imagenet16", "mnist" or "none", got "imagenet"',
    );
  });

  test('name an array of an archive, whatever its name', async () => {
    const names = ['params/conv', 'a#b', 'a?layout=nhwc', 'plain', 'x.npz'];
    const arrays = names.map((_, i) => encodeNpy({ shape: [1, i + 1], data: new Uint8Array(i + 1) }));
    const archive = zipSync(Object.fromEntries(names.map((name, i) => [`${name}.npy`, arrays[i]])));
    await writeFile(at('names.npz'), archive);
    await writeFile(at('names.npz.gz'), gzipSync(archive));
    await writeFile(at('names.zip'), archive);
    for (const [i, name] of names.entries()) {
      for (const path of ['names.npz', 'names.npz.gz', 'names.npz?normalize=none']) {
        expect(await openDataset(`npz:${at(path)}#${name}`)).toMatchObject({ shape: [i + 1] });
      }
    }
    expect(await openDataset(`npz:${at('names.zip')}#plain`)).toMatchObject({ shape: [4] });
    await writeFile(at('no#1.npz'), zipSync({ 'only.npy': arrays[1] }));
    for (const spec of ['no#1.npz', 'no#1.npz#only', 'no#1.npz?normalize=none']) {
      expect(await openDataset(`npz:${at(spec)}`)).toMatchObject({ shape: [2] });
    }
  });

  test('are not devices, which have no end', async () => {
    for (const kind of ['npy', 'npz', 'idx', 'cifar10']) {
      await expectInputRejection(
        openDataset(`${kind}:/dev/zero`),
        `${kind} /dev/zero: cannot be read, a device, expected a file`,
      );
    }
    await expectInputRejection(
      readSweepTable('/dev/zero'),
      'table /dev/zero: cannot be read, a device, expected a file',
    );
  });

  test('do not affect a path that contains their characters', async () => {
    const one = encodeNpy({ shape: [1, 1, 1], data: Uint8Array.of(1) });
    for (const name of ['what?.npy', 'a=b&c.npy', 'no#1.npy']) {
      await writeFile(at(name), one);
      expect(await openDataset(`npy:${at(name)}`)).toMatchObject({ length: 1 });
    }
  });
});
