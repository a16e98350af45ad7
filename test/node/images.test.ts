import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { collate, encodeNpy, MNIST_NORMALIZATION } from '../../src/data/index.ts';
import { loadBatch, openImages } from '../../src/node/index.ts';
import { expectInputRejection } from '../support/messages.ts';

let folder: string;
const at = (...parts: string[]) => join(folder, ...parts);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ntkit-images-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('images for a network of three channels', () => {
  const open = async (spec: string) => {
    const notices: string[] = [];
    const dataset = await openImages(spec, { channels: 3, onNotice: (line) => notices.push(line) });
    return { dataset, notices };
  };

  test('are repeated channels of grey ones, with a notice, and coloured ones unchanged', async () => {
    const images = Uint8Array.of(0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 1, 2, 3, 255);
    await writeFile(at('digits-idx3-ubyte.gz'), gzipSync(images));
    const { dataset, notices } = await open(`idx:${at('digits-idx3-ubyte.gz')}`);
    expect(notices).toEqual([`idx ${at('digits-idx3-ubyte.gz')}: grey images, repeated to the network's 3 channels`]);
    expect(dataset).toMatchObject({ shape: [3, 1, 2], length: 2 });
    expect(dataset.get(1).image).toEqual({ shape: [3, 1, 2], data: Uint8Array.of(3, 255, 3, 255, 3, 255) });
    const { images: batch } = collate([dataset.get(1)], dataset.normalization);
    const { mean, std } = MNIST_NORMALIZATION;
    const white = Math.fround((1 - mean[0]) / std[0]);
    expect([1, 3, 5].map((i) => batch.data[i])).toEqual([white, white, white]);
    expect(await open('sample')).toMatchObject({ notices: [], dataset: { name: 'sample' } });
  });

  test('with other channels, or vectors, are refused by the name of their file', async () => {
    await writeFile(at('four.npy'), encodeNpy({ shape: [1, 4, 2, 2], data: new Uint8Array(16) }));
    await writeFile(at('vectors.npy'), encodeNpy({ shape: [4, 7], data: new Uint8Array(28) }));
    await expectInputRejection(
      open(`npy:${at('four.npy')}`),
      `npy ${at('four.npy')}: the network takes images [3, h, w], expected 3 channels or 1, got 4 channels, [4, 2, 2]`,
    );
    await expectInputRejection(
      open(`npy:${at('vectors.npy')}`),
      `npy ${at('vectors.npy')}: the network takes images [3, h, w], expected 3 channels or 1, got vectors of 7 numbers`,
    );
  });
});

describe('a batch of images', () => {
  const request = (notices: string[] = []) => ({
    samples: 2,
    seed: 0,
    channels: 3,
    onNotice: (line: string) => void notices.push(line),
  });
  const batch = (name: string, notices?: string[]) => loadBatch('--images', at(name), request(notices));

  test('is the array of a file in its precision, with bytes scaled', async () => {
    const values = Float64Array.from({ length: 12 }, (_, i) => i / 7);
    await writeFile(at('b.npy'), encodeNpy({ shape: [1, 3, 2, 2], data: values }));
    await writeFile(at('bytes.npy.gz'), gzipSync(encodeNpy({ shape: [1, 3, 1, 1], data: Uint8Array.of(0, 51, 255) })));
    expect(await batch('b.npy')).toEqual({ shape: [1, 3, 2, 2], dtype: 'float64', data: values });
    expect(await batch('bytes.npy.gz')).toEqual({
      shape: [1, 3, 1, 1],
      dtype: 'float32',
      data: Float32Array.of(0, 51 / 255, 1),
    });
  });

  test('of grey images has their channel repeated, with a notice', async () => {
    for (const shape of [
      [2, 1, 2],
      [2, 1, 1, 2],
    ]) {
      await writeFile(at('grey.npy'), encodeNpy({ shape, data: Float32Array.of(1, 2, 3, 4) }));
      const notices: string[] = [];
      expect(await batch('grey.npy', notices)).toEqual({
        shape: [2, 3, 1, 2],
        dtype: 'float32',
        data: Float32Array.of(1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4),
      });
      expect(notices).toEqual([`--images ${at('grey.npy')}: grey images, repeated to the network's 3 channels`]);
    }
  });

  test('with other channels is refused, with a hint where they come last', async () => {
    await writeFile(at('last.npy'), encodeNpy({ shape: [1, 4, 4, 3], data: new Float32Array(48) }));
    await writeFile(at('two.npy'), encodeNpy({ shape: [1, 2, 4, 4], data: new Float32Array(32) }));
    const expected = "expected images [n, 3, h, w], the network's channels, or grey ones";
    await expectInputRejection(
      batch('last.npy'),
      `--images ${at('last.npy')}: ${expected}, got [1, 4, 4, 3], which looks like NHWC: x.transpose(0, 3, 1, 2) in NumPy`,
    );
    await expectInputRejection(batch('two.npy'), `--images ${at('two.npy')}: ${expected}, got [1, 2, 4, 4]`);
  });
});
