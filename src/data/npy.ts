import type { ArrayDataset } from './dataset.ts';
import { type ImageOptions, imageDataset } from './images.ts';
import type { NamedBytes } from './namedBytes.ts';
import { decodeNpy } from './npyFormat.ts';

/**
 * Reads images from an NPY file: [n, c, h, w], [n, h, w] (grey) or [n, d] (vectors). Unsigned bytes are scaled to [0, 1] in
 * batches; all other numbers are taken as they are, in single precision.
 *
 * @throws InputError when the file cannot be read (see {@link decodeNpy}) or holds no images.
 *
 * @example
 * const bytes = encodeNpy({ shape: [2, 28, 28], data: new Uint8Array(2 * 784) }); // numpy.save writes such a file
 * const dataset = parseNpy({ name: 'digits.npy', bytes });
 * console.log(dataset.length, dataset.shape); // 2 [ 1, 28, 28 ]
 */
export function parseNpy(file: NamedBytes, options: ImageOptions = {}): ArrayDataset {
  return imageDataset({ name: `npy ${file.name}`, images: decodeNpy(file) }, options);
}
