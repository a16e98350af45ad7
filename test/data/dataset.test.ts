import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ArrayDataset,
  CIFAR100_NORMALIZATION,
  CIFAR10_NORMALIZATION,
  collate,
  IMAGENET16_NORMALIZATION,
  type ImageShape,
  MNIST_NORMALIZATION,
  normalize,
  SyntheticDataset,
} from '../../src/data/index.ts';
import { ShapeError } from '../../src/errors.ts';
import { Generator, ndarray } from '../../src/tensor/index.ts';
import { expectInputError } from '../support/messages.ts';

const shape: ImageShape = [2, 1, 2];

describe('a data set in memory', () => {
  test('has no image out of range', () => {
    const dataset = new ArrayDataset({ name: 'd', images: new Uint8Array(12), shape });
    for (const index of [-1, 3, 0.5, NaN]) {
      expectInputError(() => dataset.get(index), `d: no such image, expected 0 to 2, got ${index}`);
    }
  });

  test('consists of whole images, at least one', () => {
    expectInputError(
      () => new ArrayDataset({ name: 'd', images: new Uint8Array(7), shape }),
      'd: values do not fill whole images, expected a multiple of 4, got 7',
    );
    const nothing = 'd: no images, expected at least 1, got 0';
    expectInputError(() => new ArrayDataset({ name: 'd', images: new Uint8Array(0), shape }), nothing);
    expectInputError(() => new ArrayDataset({ name: 'd', images: new Uint8Array(4), shape: [0, 1, 2] }), nothing);
  });

  test('has as many labels as images, or none', () => {
    const images = new Float32Array(8);
    expect(new ArrayDataset({ name: 'd', images, shape }).get(1).label).toBe(-1);
    expect(new ArrayDataset({ name: 'd', images, shape, labels: Uint8Array.of(3, 5) }).get(1).label).toBe(5);
    expectInputError(
      () => new ArrayDataset({ name: 'd', images, shape, labels: Int32Array.of(1) }),
      'd: labels do not match the images, expected 2, got 1',
    );
  });
});

describe('normalisation', () => {
  test('has the constants of NAS-Bench-201', () => {
    const timesByte = (values: readonly number[]) => values.map((x) => Math.round(x * 255 * 100) / 100);
    const rows = [CIFAR10_NORMALIZATION, CIFAR100_NORMALIZATION, IMAGENET16_NORMALIZATION].map(({ mean, std }) => [
      timesByte(mean),
      timesByte(std),
    ]);
    expect(rows).toEqual([
      [
        [125.3, 123, 113.9],
        [63, 62.1, 66.7],
      ],
      [
        [129.3, 124.1, 112.4],
        [68.2, 65.4, 70.4],
      ],
      [
        [122.68, 116.66, 104.01],
        [63.22, 61.26, 65.09],
      ],
    ]);
  });

  test('maps channels of known mean and deviation to mean 0 and deviation 1', () => {
    const constants = { mean: [2, -5], std: [3, 0.25] };
    const z = new Generator(1).normals([3, 2, 4, 5], { dtype: 'float64' });
    const x = z.data.map((value, i) => {
      const channel = Math.floor(i / 20) % 2;
      return constants.mean[channel] + constants.std[channel] * value;
    });
    const back = normalize(ndarray(x, z.shape), constants);
    expect(back).toMatchObject({ shape: z.shape, dtype: 'float64' });
    // One rounding of a number below |mean| + 5·std, over std: 25/0.25·2⁻⁵² at most.
    back.data.forEach((value, i) => expect(Math.abs(value - z.data[i])).toBeLessThan(100 * 2 ** -52));
  });

  test('does not change its argument, and keeps its precision', () => {
    const images = ndarray([0.5, 0.25], [1, 1, 2], 'float32');
    const { dtype, data } = normalize(images, { mean: [0.25], std: [0.5] });
    expect({ dtype, data: [...data] }).toEqual({ dtype: 'float32', data: [0.5, 0] });
    expect([...images.data]).toEqual([0.5, 0.25]);
  });

  test('is refused for a different number of channels, without channels, or with a deviation of 0', () => {
    const images = ndarray([1, 2], [1, 2, 1, 1]);
    expectInputError(
      () => normalize(images, MNIST_NORMALIZATION),
      'normalize: normalisation for a different number of channels, expected 2, got 1 means and 1 deviations',
    );
    expectInputError(
      () => normalize(images, { mean: [0, 0], std: [1, 0] }),
      'normalize: expected standard deviations above 0, got 0',
    );
    expect(() => normalize(ndarray([1], [1, 1]), MNIST_NORMALIZATION)).toThrow(
      new ShapeError('normalize: images without channels, expected [..., c, h, w], got [1, 1]'),
    );
  });
});

describe('a batch', () => {
  const sample = (data: Uint8Array | Float32Array, label: number) => ({ image: { shape, data }, label });

  test('is (byte/255 − mean)/std of each pixel, rounded once to float32', () => {
    const constants = { mean: [0.5, 0.1], std: [0.3, 0.7] };
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 4, maxLength: 4 }), { minLength: 1, maxLength: 5 }), (list) => {
        const { images, labels } = collate(
          list.map((bytes, i) => sample(bytes, i)),
          constants,
        );
        expect(images).toMatchObject({ shape: [list.length, 2, 1, 2], dtype: 'float32' });
        expect([...labels]).toEqual(list.map((_, i) => i));
        const expected = list.flatMap((bytes) =>
          [0, 1, 2, 3].map((i) => {
            const channel = i < 2 ? 0 : 1;
            return Math.fround((bytes[i] / 255 - constants.mean[channel]) / constants.std[channel]);
          }),
        );
        expect([...images.data]).toEqual(expected);
      }),
    );
  });

  test('scales bytes to [0, 1] and leaves numbers alone when nothing normalises them', () => {
    expect([...collate([sample(Uint8Array.of(0, 51, 255, 102), 0)]).images.data]).toEqual([
      0,
      Math.fround(0.2),
      1,
      Math.fround(0.4),
    ]);
    const numbers = Float32Array.of(-3, 0, 1e30, 0.1);
    expect(collate([sample(numbers, 0)]).images.data).toEqual(numbers);
  });

  test('is made of samples of the same shape', () => {
    expectInputError(() => collate([]), 'collate: an empty batch, expected at least 1 sample, got 0');
    const other = { image: { shape: [1, 2, 2] as const, data: new Uint8Array(4) }, label: 0 };
    expect(() => collate([sample(new Uint8Array(4), 0), other])).toThrow(
      new ShapeError('collate: image 1 has a different shape, expected [2, 1, 2], got [1, 2, 2]'),
    );
  });
});

describe('synthetic images', () => {
  test('are 50,000 of 3×32×32 by default', () => {
    expect(new SyntheticDataset()).toMatchObject({ name: 'synthetic', length: 50_000, shape: [3, 32, 32] });
    expect(new SyntheticDataset().get(49_999).image.data).toHaveLength(3072);
  });

  test('depend only on seed and index', () => {
    const few = new SyntheticDataset({ seed: 3, length: 5, shape: [1, 4, 4] });
    const many = new SyntheticDataset({ seed: 3, length: 5000, shape: [1, 4, 4] });
    const later = many.get(4);
    expect(few.get(4)).toEqual(later);
    expect(few.get(4)).toEqual(later);
    expect(few.get(3)).not.toEqual(later);
    expect(new SyntheticDataset({ seed: 4, length: 5, shape: [1, 4, 4] }).get(4)).not.toEqual(later);
    expect(later.label).toBe(-1);
  });

  test('are standard normal', () => {
    const dataset = new SyntheticDataset({ length: 20 });
    const values = Array.from({ length: 20 }, (_, i) => [...dataset.get(i).image.data]).flat();
    const n = values.length; // 61,440
    const mean = values.reduce((sum, x) => sum + x, 0) / n;
    const square = values.reduce((sum, x) => sum + x * x, 0) / n;
    // Four standard deviations: 1/√n for the mean, √(2/n) for the mean square.
    expect(Math.abs(mean)).toBeLessThan(4 / Math.sqrt(n));
    expect(Math.abs(square - 1)).toBeLessThan(4 * Math.sqrt(2 / n));
  });

  test('have a length and a shape', () => {
    expectInputError(
      () => new SyntheticDataset({ length: 0 }),
      'synthetic: no images, expected a length of at least 1, got 0',
    );
    expectInputError(
      () => new SyntheticDataset({ shape: [3, 0, 2] }),
      'synthetic: not the shape of an image, expected [c, h, w], got [3, 0, 2]',
    );
    expectInputError(
      () => new SyntheticDataset({ length: 7 }).get(7),
      'synthetic: no such image, expected 0 to 6, got 7',
    );
  });
});
