import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ArrayDataset, type Batch, DataLoader, randomCrop, randomHorizontalFlip } from '../../src/data/index.ts';
import { Generator } from '../../src/tensor/index.ts';
import { expectInputError } from '../support/messages.ts';

/** Images 1×2×3 whose label and first pixel are their index. */
function numbered(length: number): ArrayDataset {
  const images = Float32Array.from({ length: length * 6 }, (_, i) => (i % 6 === 0 ? i / 6 : 1000 + i));
  return new ArrayDataset({ name: 'n', images, shape: [1, 2, 3], labels: Int32Array.from({ length }, (_, i) => i) });
}

const labelsOf = (batches: Iterable<Batch>) => Array.from(batches, ({ labels }) => [...labels]);
const inOrder = (labels: readonly number[]) => [...labels].sort((a, b) => a - b);
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

const length = fc.integer({ min: 1, max: 40 });
const batchSize = fc.integer({ min: 1, max: 45 });

describe('a loader', () => {
  test('gives every image once per epoch, with its label, shuffled or not', () => {
    fc.assert(
      fc.property(length, batchSize, fc.boolean(), fc.nat(), (n, size, shuffle, seed) => {
        const loader = new DataLoader(numbered(n), { batchSize: size, shuffle, seed });
        for (let epoch = 0; epoch < 2; epoch++) {
          const batches = [...loader];
          expect(batches).toHaveLength(loader.length);
          expect(inOrder(labelsOf(batches).flat())).toEqual(range(n));
          for (const { images, labels } of batches) {
            expect(images).toMatchObject({ shape: [labels.length, 1, 2, 3], dtype: 'float32' });
            labels.forEach((label, i) => expect(images.data[6 * i]).toBe(label));
          }
        }
      }),
    );
  });

  test('fills every batch but the last, which dropLast leaves out', () => {
    fc.assert(
      fc.property(length, batchSize, (n, size) => {
        const sizes = (dropLast: boolean) =>
          labelsOf(new DataLoader(numbered(n), { batchSize: size, dropLast })).map((labels) => labels.length);
        const full = range(Math.floor(n / size)).map(() => size);
        expect(sizes(true)).toEqual(full);
        expect(sizes(false)).toEqual(n % size === 0 ? full : [...full, n % size]);
        expect(new DataLoader(numbered(n), { batchSize: size, dropLast: true }).length).toBe(full.length);
      }),
    );
  });

  test('iterates over the images in order by default', () => {
    expect(labelsOf(new DataLoader(numbered(5), { batchSize: 2 }))).toEqual([[0, 1], [2, 3], [4]]);
  });

  test('gives each epoch a permutation of its own', () => {
    const loader = new DataLoader(numbered(64), { batchSize: 64, shuffle: true });
    // Of 64! orders, two equal ones or one in order would not be chance.
    const orders = [...range(5).map(() => labelsOf(loader).join()), range(64).join()];
    expect(new Set(orders).size).toBe(6);
  });

  test('repeats itself for the same seed, and not for another', () => {
    const epochs = (seed: number) => {
      const augment = randomHorizontalFlip(0.5);
      const loader = new DataLoader(numbered(30), { batchSize: 7, shuffle: true, seed, augment });
      return [...loader, ...loader];
    };
    expect(epochs(8)).toEqual(epochs(8));
    expect(epochs(8)).not.toEqual(epochs(9));
  });

  test('takes a generator as seed, wherever in its stream that is', () => {
    const generator = new Generator(8);
    generator.normal();
    const options = { batchSize: 7, shuffle: true };
    const given = new DataLoader(numbered(30), { ...options, generator });
    expect([...given]).toEqual([...new DataLoader(numbered(30), { ...options, seed: 8 })]);
  });

  test('can repeat any epoch, without disturbing which comes next', () => {
    const options = { batchSize: 4, shuffle: true, seed: 2 };
    const loader = new DataLoader(numbered(20), options);
    const epochs = [[...loader], [...loader], [...loader]];
    const again = new DataLoader(numbered(20), options);
    expect([...again.epoch(2)]).toEqual(epochs[2]);
    expect([...again]).toEqual(epochs[0]);
  });

  test('may be left in the middle of an epoch; the next iteration is the next epoch', () => {
    const options = { batchSize: 4, shuffle: true, seed: 2 };
    const [left, whole] = [new DataLoader(numbered(20), options), new DataLoader(numbered(20), options)];
    for (const batch of left) if (batch.labels.length > 0) break;
    expect([...left]).toEqual([[...whole], [...whole]][1]);
  });

  test('augments each image independently of batch size and order, and differently in every epoch', () => {
    /** Per epoch, whether the image of each number was flipped. */
    const flips = (size: number, shuffle: boolean) => {
      const augment = randomHorizontalFlip(0.5);
      const loader = new DataLoader(numbered(40), { batchSize: size, shuffle, seed: 3, augment });
      return [0, 1].map((epoch) => {
        const flipped = new Array<boolean>(40);
        for (const { images, labels } of loader.epoch(epoch)) {
          labels.forEach((label, i) => (flipped[label] = images.data[6 * i] !== label));
        }
        return flipped;
      });
    };
    const [first, second] = flips(40, false);
    expect(flips(7, false)).toEqual([first, second]);
    expect(flips(7, true)).toEqual([first, second]);
    expect(first).not.toEqual(second);
    expect(new Set(first)).toEqual(new Set([true, false]));
  });

  test('gives batches of the shape of the augmented images', () => {
    const [batch] = new DataLoader(numbered(3), { batchSize: 3, augment: randomCrop(2) });
    expect(batch.images.shape).toEqual([3, 1, 2, 2]);
  });

  test('pads with black before it normalises', () => {
    const normalization = { mean: [0.25], std: [0.5] };
    const images = Uint8Array.of(255);
    const dataset = new ArrayDataset({ name: 'n', images, shape: [1, 1, 1], normalization });
    const [batch] = new DataLoader(dataset, { batchSize: 1, augment: randomCrop(3, 1) });
    expect([...batch.images.data]).toEqual([-0.5, -0.5, -0.5, -0.5, 1.5, -0.5, -0.5, -0.5, -0.5]);
  });

  test.each([0, -1, 2.5, NaN])('has no batch size of %d', (size) => {
    expectInputError(
      () => new DataLoader(numbered(3), { batchSize: size }),
      `DataLoader: not a batch size, expected an integer of at least 1, got ${size}`,
    );
  });
});
