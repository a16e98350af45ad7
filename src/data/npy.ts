import { InputError } from '../errors.ts';
import { formatShape } from '../tensor/index.ts';
import { ArrayDataset, type ImageShape } from './dataset.ts';
import type { NamedBytes } from './namedBytes.ts';
import type { Normalization } from './normalization.ts';
import { decodeNpy } from './npyFormat.ts';

/**
 * Reads images from an NPY file, [n, c, h, w] or [n, h, w] (one channel). Bytes are scaled to [0, 1] in batches; numbers
 * are taken as they are, in single precision.
 *
 * @param normalization how batches are normalised; not at all by default.
 * @throws InputError when the file cannot be read (see {@link decodeNpy}), has another rank, holds no image, or holds
 *   NaN or a number beyond single precision.
 */
export function parseNpy(file: NamedBytes, normalization?: Normalization): ArrayDataset {
  const { shape, data } = decodeNpy(file);
  if (shape.length !== 3 && shape.length !== 4) {
    throw new InputError(`npy ${file.name}: not images, expected [n, c, h, w] or [n, h, w], got ${formatShape(shape)}`);
  }
  const imageShape: ImageShape = shape.length === 3 ? [1, shape[1], shape[2]] : [shape[1], shape[2], shape[3]];
  const images = data instanceof Float64Array ? Float32Array.from(data) : data;
  return new ArrayDataset({ name: `npy ${file.name}`, images, shape: imageShape, normalization });
}
