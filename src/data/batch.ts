import { InputError, ShapeError } from '../errors.ts';
import { formatShape, type NDArray, sameShape, sizeOf } from '../tensor/index.ts';
import type { Sample } from './dataset.ts';
import { type Normalization, writeNormalized } from './normalization.ts';

/** Images that go through a network together. */
export interface Batch {
  /** [n, c, h, w] in float32, normalised; of vectors [n, d]. */
  readonly images: NDArray;
  /** The class of each image, −1 where it is not known. */
  readonly labels: Int32Array;
}

/**
 * Lays samples beside each other: bytes divided by 255, then normalised.
 *
 * @throws InputError when there is no sample, or the constants are for another number of channels.
 * @throws ShapeError when the images differ in shape.
 *
 * @example
 * const sample = (label: number, ...bytes: number[]) => ({
 *   image: { shape: [1, 1, 2], data: Uint8Array.from(bytes) },
 *   label,
 * });
 * const { images, labels } = collate([sample(0, 0, 255), sample(1, 255, 0)], { mean: [0.5], std: [0.5] });
 * console.log(images.shape, [...images.data], labels); // [ 2, 1, 1, 2 ] [ -1, 1, 1, -1 ] Int32Array(2) [ 0, 1 ]
 */
export function collate(samples: readonly Sample[], normalization?: Normalization): Batch {
  if (samples.length === 0) throw new InputError('collate: an empty batch, expected at least 1 sample, got 0');
  const { shape } = samples[0].image;
  const channels = shape[0];
  const size = sizeOf(shape);
  const data = new Float32Array(samples.length * size);
  samples.forEach(({ image }, i) => {
    if (!sameShape(image.shape, shape)) {
      throw new ShapeError(
        `collate: image ${i} has a different shape, expected ${formatShape(shape)}, got ${formatShape(image.shape)}`,
      );
    }
    writeNormalized(image.data, channels, size / channels, normalization, data, i * size);
  });
  return {
    images: { shape: [samples.length, ...shape], dtype: 'float32', data },
    labels: Int32Array.from(samples, ({ label }) => label),
  };
}
