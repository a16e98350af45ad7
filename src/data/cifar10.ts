import { InputError } from '../errors.ts';
import { ArrayDataset, type ImageShape } from './dataset.ts';
import type { NamedBytes } from './namedBytes.ts';
import { CIFAR10_NORMALIZATION } from './normalization.ts';

/** Shape of a CIFAR-10 image. */
export const CIFAR10_SHAPE: ImageShape = [3, 32, 32];

/** The classes of CIFAR-10, by label. */
export const CIFAR10_CLASSES: readonly string[] = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
];

const IMAGE_BYTES = 3072;
const RECORD_BYTES = 1 + IMAGE_BYTES;

/**
 * Reads CIFAR-10 in its official binary version (Krizhevsky 2009; https://www.cs.toronto.edu/~kriz/cifar.html):
 * records of one label byte and 3,072 pixel bytes, 1,024 each of red, green and blue, rows of 32 from the top.
 *
 * @param files one file or more, whose records follow each other.
 * @param name what messages call the set.
 * @throws InputError when a file is empty or ends within a record, or a label is above 9.
 */
export function parseCifar10(files: readonly NamedBytes[], name = `cifar10 ${files[0]?.name ?? ''}`): ArrayDataset {
  for (const file of files) requireRecords(file);
  const length = files.reduce((sum, { bytes }) => sum + bytes.length / RECORD_BYTES, 0);
  const images = new Uint8Array(length * IMAGE_BYTES);
  const labels = new Uint8Array(length);
  let index = 0;
  for (const { name: file, bytes } of files) {
    for (let start = 0; start < bytes.length; start += RECORD_BYTES, index++) {
      const label = bytes[start];
      if (label >= CIFAR10_CLASSES.length) {
        const record = start / RECORD_BYTES;
        throw new InputError(
          `cifar10 ${file}: label of record ${record} names no class, expected 0 to 9, got ${label}`,
        );
      }
      labels[index] = label;
      images.set(bytes.subarray(start + 1, start + RECORD_BYTES), index * IMAGE_BYTES);
    }
  }
  return new ArrayDataset({ name, images, shape: CIFAR10_SHAPE, labels, normalization: CIFAR10_NORMALIZATION });
}

function requireRecords({ name, bytes }: NamedBytes): void {
  if (bytes.length === 0) {
    throw new InputError(`cifar10 ${name}: the file is empty, expected records of ${RECORD_BYTES} bytes, got 0 bytes`);
  }
  if (bytes.length % RECORD_BYTES !== 0) {
    throw new InputError(
      `cifar10 ${name}: length ${bytes.length} is not a multiple of the record size, ` +
        `expected a multiple of ${RECORD_BYTES}, got ${bytes.length}`,
    );
  }
}
