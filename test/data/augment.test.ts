import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cifarAugmentation,
  compose,
  crop,
  flipHorizontal,
  type Image,
  type ImageShape,
  pickChannels,
  type Pixels,
  randomCrop,
  randomHorizontalFlip,
} from '../../src/data/index.ts';
import { ShapeError } from '../../src/errors.ts';
import { Generator, ndarray } from '../../src/tensor/index.ts';

const extent = fc.integer({ min: 1, max: 6 });
const anyImage: fc.Arbitrary<Image> = fc.tuple(extent, extent, extent, fc.boolean()).chain(([c, h, w, bytes]) => {
  const size = { minLength: c * h * w, maxLength: c * h * w };
  const pixels: fc.Arbitrary<Pixels> = bytes ? fc.uint8Array(size) : fc.float32Array({ ...size, noNaN: true });
  return pixels.map((data) => ({ shape: [c, h, w], data }));
});

/** The pixel at a position, 0 outside. */
function pixel({ shape: [, h, w], data }: Image, c: number, y: number, x: number): number {
  return y >= 0 && y < h && x >= 0 && x < w ? data[(c * h + y) * w + x] : 0;
}

/** Every pixel has its own value. */
function numbered(shape: ImageShape): Image {
  return { shape, data: Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => i + 1) };
}

describe('a crop', () => {
  test('has the pixels of its window, and zeros outside the image', () => {
    const offset = fc.integer({ min: -9, max: 9 });
    fc.assert(
      fc.property(anyImage, offset, offset, extent, extent, (image, top, left, height, width) => {
        const cropped = crop(image, { top, left, height, width });
        expect(cropped.shape).toEqual([image.shape[0], height, width]);
        expect(cropped.data.constructor).toBe(image.data.constructor);
        for (let c = 0; c < image.shape[0]; c++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) expect(pixel(cropped, c, y, x)).toBe(pixel(image, c, top + y, left + x));
      }),
    );
  });

  test('at random is any window of the padded image, each equally likely', () => {
    const image = numbered([1, 3, 4]);
    const generator = new Generator(1);
    const counts = new Map<string, number>();
    const draws = 9000;
    for (let i = 0; i < draws; i++) {
      const key = randomCrop(3, 1)(image, generator).data.join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    const windows = [-1, 0, 1].flatMap((top) =>
      [-1, 0, 1, 2].map((left) => crop(image, { top, left, height: 3, width: 3 }).data.join()),
    );
    expect([...counts.keys()].sort()).toEqual([...windows].sort());
    const expected = draws / windows.length;
    const chiSquare = [...counts.values()].reduce((sum, x) => sum + (x - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeLessThan(31.26); // exceeded once in a thousand, 11 degrees of freedom
  });

  test('at random without padding holds pixels of the image only', () => {
    const cropped = randomCrop(3)(numbered([2, 8, 8]), new Generator(2));
    expect(cropped.shape).toEqual([2, 3, 3]);
    expect(cropped.data.every((x) => x > 0)).toBe(true);
  });

  test('of the whole image is the image', () => {
    const image = numbered([2, 4, 4]);
    expect(randomCrop(4)(image, new Generator(3))).toEqual(image);
  });

  test('larger than the padded image is refused', () => {
    const message = 'randomCrop: window 7×7 does not fit, expected at most 6×8 (padding 1), got 7×7';
    expect(() => randomCrop(7, 1)(numbered([1, 4, 6]), new Generator(0))).toThrow(new ShapeError(message));
  });

  test.each([
    [0, 0],
    [1.5, 0],
    [3, -1],
    [3, 0.5],
  ])('of size %d with padding %d is refused', (size, padding) => {
    expect(() => randomCrop(size, padding)).toThrow(
      new ShapeError(
        `randomCrop: not whole pixels, expected size ≥ 1 and padding ≥ 0, got size ${size} and padding ${padding}`,
      ),
    );
  });
});

describe('a flip', () => {
  test('puts each pixel at the mirrored column', () => {
    fc.assert(
      fc.property(anyImage, (image) => {
        const [channels, height, width] = image.shape;
        const flipped = flipHorizontal(image);
        expect(flipped.shape).toEqual(image.shape);
        for (let c = 0; c < channels; c++)
          for (let y = 0; y < height; y++)
            for (let x = 0; x < width; x++) expect(pixel(flipped, c, y, x)).toBe(pixel(image, c, y, width - 1 - x));
      }),
    );
  });

  test('done twice is the image again', () => {
    fc.assert(
      fc.property(anyImage, (image) => {
        expect(flipHorizontal(flipHorizontal(image))).toEqual(image);
      }),
    );
  });

  test("does not change its argument, even if that is a view of Node's Buffer", () => {
    const image: Image = { shape: [1, 1, 3], data: Buffer.from([1, 2, 3]) };
    expect([...flipHorizontal(image).data]).toEqual([3, 2, 1]);
    expect([...image.data]).toEqual([1, 2, 3]);
  });

  test('at random happens with the given probability', () => {
    const image = numbered([1, 1, 2]);
    for (const probability of [0, 0.5, 0.8, 1]) {
      const generator = new Generator(4);
      const augment = randomHorizontalFlip(probability);
      const n = 10_000;
      let flips = 0;
      for (let i = 0; i < n; i++) if (augment(image, generator).data[0] === 2) flips++;
      // Four standard deviations of a binomial share; exactly 0 and 1 at the ends.
      const allowed = 4 * Math.sqrt((probability * (1 - probability)) / n);
      expect(Math.abs(flips / n - probability)).toBeLessThanOrEqual(allowed);
    }
  });
});

describe('the augmentation of CIFAR', () => {
  test('flips half of the images, then takes 32×32 from a frame of 4 pixels', () => {
    const image = numbered([3, 32, 32]);
    const places = new Set<string>();
    let flips = 0;
    for (let seed = 0; seed < 300; seed++) {
      const augmented = cifarAugmentation(image, new Generator(seed));
      // Row and column 16 stay inside in every window, so that the values there identify flip and window.
      const flipped = pixel(augmented, 0, 16, 17) < pixel(augmented, 0, 16, 16);
      const at = pixel(augmented, 0, 16, 16) - 1;
      const column = flipped ? 31 - (at % 32) : at % 32;
      const [top, left] = [Math.floor(at / 32) - 16, column - 16];
      expect(Math.max(Math.abs(top), Math.abs(left))).toBeLessThanOrEqual(4);
      const before = flipped ? flipHorizontal(image) : image;
      expect(augmented).toEqual(crop(before, { top, left, height: 32, width: 32 }));
      places.add(`${top} ${left}`);
      if (flipped) flips++;
    }
    expect(Math.abs(flips / 300 - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / 300)); // four standard deviations
    // 81 positions; 300 draws miss 81·(80/81)³⁰⁰ ≈ 2 of them on average.
    expect(places.size).toBeGreaterThan(70);
  });

  test('is reproducible from a seed, and applies its parts in order', () => {
    const image = numbered([3, 32, 32]);
    const byHand = new Generator(5);
    const expected = randomCrop(32, 4)(randomHorizontalFlip(0.5)(image, byHand), byHand);
    expect(cifarAugmentation(image, new Generator(5))).toEqual(expected);
    expect(compose()(image, new Generator(5))).toBe(image);
  });
});

describe('picking channels', () => {
  const images = ndarray(
    Array.from({ length: 200 * 3 * 2 }, (_, i) => i),
    [200, 3, 2, 1],
    'float32',
  );

  test('keeps a given number of channels of each image, in order, each equally often', () => {
    for (const count of [1, 2, 3]) {
      const { shape, dtype, data } = pickChannels(images, count, new Generator(6));
      expect({ shape, dtype }).toEqual({ shape: [200, count, 2, 1], dtype: 'float32' });
      const used = [0, 0, 0];
      for (let i = 0; i < 200; i++) {
        const channels = Array.from({ length: count }, (_, k) => (data[(i * count + k) * 2] - i * 6) / 2);
        channels.forEach((channel, k) => {
          used[channel]++;
          expect(data[(i * count + k) * 2 + 1]).toBe(i * 6 + channel * 2 + 1);
          if (k > 0) expect(channel).toBeGreaterThan(channels[k - 1]);
        });
      }
      // Each channel is kept with probability count/3; four standard deviations.
      const share = count / 3;
      for (const times of used) {
        expect(Math.abs(times - 200 * share)).toBeLessThanOrEqual(4 * Math.sqrt(200 * share * (1 - share)));
      }
    }
  });

  test.each([0, 4, 1.5])('is refused for %d of three channels', (count) => {
    expect(() => pickChannels(images, count, new Generator(0))).toThrow(
      new ShapeError(`pickChannels: expected [n, c, h, w] with 1 ≤ ${count} ≤ c, got [200, 3, 2, 1]`),
    );
  });

  test('is refused for a single image', () => {
    expect(() => pickChannels(ndarray([1], [1, 1, 1]), 1, new Generator(0))).toThrow(ShapeError);
  });
});
