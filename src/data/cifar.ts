import { InputError } from '../errors.ts';
import { ArrayDataset, type ImageShape } from './dataset.ts';
import { gunzipped, mostOf } from './gzip.ts';
import { likeness } from './likeness.ts';
import type { NamedBytes } from './namedBytes.ts';
import { CIFAR100_NORMALIZATION, CIFAR10_NORMALIZATION, type Normalization } from './normalization.ts';

/** Shape of a CIFAR image. */
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

/** Which of the two labels of CIFAR-100: one of 100 classes, or of 20 groups of them. */
export type Cifar100Labels = (typeof CIFAR100_LABELS)[number];

/** All values of {@link Cifar100Labels}. */
export const CIFAR100_LABELS = ['fine', 'coarse'] as const;

/** How the images of a binary version are taken. */
export interface CifarOptions {
  /** What messages call the set; its first file by default. */
  readonly name?: string | undefined;
  /** How batches are normalised: as NAS-Bench-201 does by default; not at all with `null`. */
  readonly normalization?: Normalization | null | undefined;
}

/** As {@link CifarOptions}, with labels to choose from. */
export interface Cifar100Options extends CifarOptions {
  /** `fine` by default. */
  readonly labels?: Cifar100Labels | undefined;
}

const IMAGE_BYTES = 3072;

/** One binary version: some bytes of labels, then the image. */
interface Version {
  readonly format: 'cifar10' | 'cifar100';
  readonly labelBytes: number;
  /** Which of them is the label. */
  readonly labelAt: number;
  readonly classes: number;
  readonly normalization: Normalization;
}

/**
 * Reads CIFAR-10 in its official binary version (Krizhevsky 2009; https://www.cs.toronto.edu/~kriz/cifar.html):
 * records of one label byte and 3,072 pixel bytes, 1,024 each of red, green and blue, rows of 32 from the top.
 *
 * @param files one file or more, whose records follow each other; packed by gzip or not.
 * @throws InputError when a file is empty or ends within a record, or a label is above 9.
 *
 * @example
 * const bytes = new Uint8Array(2 * 3073); // in a page, of a file that was dropped
 * bytes[0] = 3;
 * const cifar = parseCifar10([{ name: 'data_batch_1.bin', bytes }]);
 * console.log(cifar.length, cifar.shape, CIFAR10_CLASSES[cifar.get(0).label]); // 2 [ 3, 32, 32 ] cat
 */
export function parseCifar10(files: readonly NamedBytes[], options: CifarOptions = {}): ArrayDataset {
  const normalization = CIFAR10_NORMALIZATION;
  return parse(files, { format: 'cifar10', labelBytes: 1, labelAt: 0, classes: 10, normalization }, options);
}

/**
 * Reads CIFAR-100 in its official binary version: records of a coarse label (0 to 19), a fine label (0 to 99) and the
 * pixels as in CIFAR-10.
 *
 * @param files one file or more, whose records follow each other; packed by gzip or not.
 * @throws InputError when a file is empty or ends within a record, or a label is above its last class.
 *
 * @example
 * const bytes = new Uint8Array(3074); // one image
 * bytes.set([19, 99]);
 * const files = [{ name: 'test.bin', bytes }];
 * console.log(parseCifar100(files).get(0).label, parseCifar100(files, { labels: 'coarse' }).get(0).label); // 99 19
 */
export function parseCifar100(
  files: readonly NamedBytes[],
  { labels = 'fine', ...options }: Cifar100Options = {},
): ArrayDataset {
  const [labelAt, classes] = labels === 'fine' ? [1, 100] : [0, 20];
  const normalization = CIFAR100_NORMALIZATION;
  return parse(files, { format: 'cifar100', labelBytes: 2, labelAt, classes, normalization }, options);
}

function parse(packed: readonly NamedBytes[], version: Version, options: CifarOptions): ArrayDataset {
  const { format, labelBytes, labelAt, classes } = version;
  const recordBytes = labelBytes + IMAGE_BYTES;
  const files = packed.map((file) => gunzipped(format, file, () => mostOf(file)));
  for (const file of files) requireRecords(file, format, recordBytes);
  const length = files.reduce((sum, { bytes }) => sum + bytes.length / recordBytes, 0);
  const images = new Uint8Array(length * IMAGE_BYTES);
  const labels = new Uint8Array(length);
  let index = 0;
  for (const { name: file, bytes } of files) {
    for (let start = 0; start < bytes.length; start += recordBytes, index++) {
      const label = bytes[start + labelAt];
      if (label >= classes) {
        const record = start / recordBytes;
        throw new InputError(
          `${format} ${file}: label of record ${record} names no class, expected 0 to ${classes - 1}, got ${label}`,
        );
      }
      labels[index] = label;
      images.set(bytes.subarray(start + labelBytes, start + recordBytes), index * IMAGE_BYTES);
    }
  }
  const { name = `${format} ${files[0]?.name ?? ''}`.trim(), normalization = version.normalization } = options;
  return new ArrayDataset({ name, images, shape: CIFAR10_SHAPE, labels, normalization: normalization ?? undefined });
}

function requireRecords({ name, bytes }: NamedBytes, format: Version['format'], recordBytes: number): void {
  if (bytes.length > 0 && bytes.length % recordBytes === 0) return;
  const expected = `expected whole records of ${recordBytes} bytes`;
  throw new InputError(`${format} ${name}: ${expected}, got ${bytes.length} bytes${instead(bytes, format)}`);
}

/** What a file is instead, as far as its bytes show. */
function instead(bytes: Uint8Array, format: Version['format']): string {
  const [other, labelBytes] = format === 'cifar10' ? ['cifar100', 2] : ['cifar10', 1];
  const fits = bytes.length > 0 && bytes.length % (labelBytes + IMAGE_BYTES) === 0;
  return fits ? ` (whole records of ${other})` : likeness(bytes);
}
