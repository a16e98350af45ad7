import { ShapeError } from '../errors.ts';
import { allocate, formatShape, type Generator, type NDArray } from '../tensor/index.ts';
import { type Image, imageShape, type Pixels } from './dataset.ts';

/** A random change of an image as it is stored, before normalisation. It leaves its argument as it is. */
export type Augmentation = (image: Image, generator: Generator) => Image;

/** Where a window lies, in pixels from the top left corner of the image; outside the image there are zeros. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * The part of an image that lies in a window: [c, window height, window width].
 *
 * @example
 * const image = { shape: [1, 2, 2], data: Uint8Array.of(1, 2, 3, 4) };
 * const { shape, data } = crop(image, { top: 0, left: 1, height: 2, width: 2 });
 * console.log(shape, [...data]); // [ 1, 2, 2 ] [ 2, 0, 4, 0 ]
 */
export function crop({ shape, data }: Image, { top, left, height, width }: Window): Image {
  const [channels, rows, columns] = imageShape('crop', shape);
  const out = sameKind(data, channels * height * width);
  const from = Math.max(0, left);
  const to = Math.min(columns, left + width);
  for (let c = 0; c < channels; c++) {
    for (let y = Math.max(0, -top); y < Math.min(height, rows - top); y++) {
      const row = (c * rows + top + y) * columns;
      if (from < to) out.set(data.subarray(row + from, row + to), (c * height + y) * width + from - left);
    }
  }
  return { shape: [channels, height, width], data: out };
}

/**
 * An image seen in a mirror: columns in reverse order.
 *
 * @example
 * const image = { shape: [1, 2, 2], data: Uint8Array.of(1, 2, 3, 4) };
 * console.log([...flipHorizontal(image).data]); // [ 2, 1, 4, 3 ]
 */
export function flipHorizontal({ shape, data }: Image): Image {
  const [, , width] = imageShape('flipHorizontal', shape);
  const out = sameKind(data, data.length); // not `slice`, which in Node's Buffer is a view
  out.set(data);
  for (let start = 0; start < out.length; start += width) out.subarray(start, start + width).reverse();
  return { shape, data: out };
}

/**
 * A window of `size`×`size` pixels at a place drawn uniformly from all that lie in the image once it is framed by
 * `padding` zeros on each side (torchvision's `RandomCrop`). `randomCrop(3)` gives the inputs of TE-NAS's linear regions.
 *
 * @throws ShapeError when size or padding is not a whole number of pixels; later, when drawn from an image that is smaller
 *   than the window, frame included.
 *
 * @example
 * const image = { shape: [1, 1, 5], data: Uint8Array.of(1, 2, 3, 4, 5) };
 * const { shape } = randomCrop(3, 1)(image, new Generator(0));
 * console.log(shape); // [ 1, 3, 3 ]
 */
export function randomCrop(size: number, padding = 0): Augmentation {
  if (!Number.isInteger(size) || size < 1 || !Number.isInteger(padding) || padding < 0) {
    throw new ShapeError(
      `randomCrop: not whole pixels, expected size ≥ 1 and padding ≥ 0, got size ${size} and padding ${padding}`,
    );
  }
  return (image, generator) => {
    const [, rows, columns] = imageShape('randomCrop', image.shape);
    if (size > rows + 2 * padding || size > columns + 2 * padding) {
      throw new ShapeError(
        `randomCrop: window ${size}×${size} does not fit, ` +
          `expected at most ${rows + 2 * padding}×${columns + 2 * padding} (padding ${padding}), got ${size}×${size}`,
      );
    }
    const top = generator.integer(rows + 2 * padding - size + 1) - padding;
    const left = generator.integer(columns + 2 * padding - size + 1) - padding;
    return crop(image, { top, left, height: size, width: size });
  };
}

/**
 * {@link flipHorizontal} with the given probability, otherwise the image itself.
 *
 * @example
 * const image = { shape: [1, 1, 3], data: Uint8Array.of(1, 2, 3) };
 * const always = randomHorizontalFlip(1);
 * console.log([...always(image, new Generator(0)).data]); // [ 3, 2, 1 ]
 */
export function randomHorizontalFlip(probability = 0.5): Augmentation {
  return (image, generator) => (generator.uniform() < probability ? flipHorizontal(image) : image);
}

/**
 * One augmentation after another.
 *
 * @example
 * const twice = compose(flipHorizontal, flipHorizontal);
 * const { data } = twice({ shape: [1, 1, 3], data: Uint8Array.of(1, 2, 3) }, new Generator(0));
 * console.log([...data]); // [ 1, 2, 3 ]
 */
export function compose(...augmentations: readonly Augmentation[]): Augmentation {
  return (image, generator) => augmentations.reduce((changed, augment) => augment(changed, generator), image);
}

/**
 * What NAS-Bench-201 and TE-NAS train on CIFAR with: a flip half of the time, then 32×32 out of a frame of 4.
 *
 * @example
 * const image = { shape: [3, 32, 32], data: new Uint8Array(3072) };
 * console.log(cifarAugmentation(image, new Generator(0)).shape); // [ 3, 32, 32 ]
 */
export const cifarAugmentation = compose(randomHorizontalFlip(0.5), randomCrop(32, 4));

/**
 * Keeps `count` channels of each image, drawn without replacement and left in order. TE-NAS counts linear regions on one
 * channel, chosen after normalisation, so that this takes a batch.
 *
 * @param images [n, c, h, w].
 * @returns a new array [n, count, h, w].
 * @throws ShapeError when the images are no batch or have fewer channels.
 *
 * @example
 * const batch = ndarray([1, 1, 2, 2, 3, 3], [1, 3, 1, 2]); // one image of three channels
 * const chosen = pickChannels(batch, 2, new Generator(0));
 * console.log(chosen.shape, [...chosen.data]); // [ 1, 2, 1, 2 ] [ 1, 1, 3, 3 ]
 */
export function pickChannels({ shape, dtype, data }: NDArray, count: number, generator: Generator): NDArray {
  const [n, channels, height, width] = shape;
  if (shape.length !== 4 || !Number.isInteger(count) || count < 1 || count > channels) {
    throw new ShapeError(`pickChannels: expected [n, c, h, w] with 1 ≤ ${count} ≤ c, got ${formatShape(shape)}`);
  }
  const plane = height * width;
  const out = allocate(dtype, n * count * plane);
  for (let i = 0; i < n; i++) {
    const chosen = generator.permutation(channels).subarray(0, count).sort();
    chosen.forEach((channel, k) => {
      const start = (i * channels + channel) * plane;
      out.set(data.subarray(start, start + plane), (i * count + k) * plane);
    });
  }
  return { shape: [n, count, height, width], dtype, data: out };
}

function sameKind(data: Pixels, size: number): Pixels {
  return data instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
}
