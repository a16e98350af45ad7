import { InputError } from '../errors.ts';
import type { ArrayDataset } from './dataset.ts';
import { type ImageOptions, imageDataset } from './images.ts';
import { gunzipped, mostOf } from './gzip.ts';
import type { NamedBytes } from './namedBytes.ts';
import { decodeNpy, type NpyArray } from './npyFormat.ts';
import { npyLength } from './npyHeader.ts';
import { unzipEntry, type ZipEntry, zipEntries } from './zip.ts';

/** How the images of an NPZ file are taken. */
export interface NpzOptions extends ImageOptions {
  /** The name of the array of images. By default it is found by its name, see {@link parseNpz}. */
  readonly array?: string | undefined;
}

/** What images and their labels are called. */
const PAIRS = [
  ['images', 'labels'],
  ['x', 'y'],
  ['X', 'Y'],
  ['X', 'y'],
  ['data', 'labels'],
  ['x_train', 'y_train'],
  ['x_test', 'y_test'],
  ['train_images', 'train_labels'],
  ['val_images', 'val_labels'],
  ['test_images', 'test_labels'],
] as const;

/** The most array names that a message lists. */
const LISTED = 12;

/**
 * The names of the arrays in an NPZ file.
 *
 * @throws InputError when it is none.
 *
 * @example
 * console.log(npzNames({ name: 'digits.npz', bytes: npz })); // [ 'x', 'y' ]
 */
export function npzNames(file: NamedBytes): string[] {
  return arraysOf(unpacked(file)).map(({ name }) => nameOf(name));
}

/**
 * Reads one array of an NPZ file, as `numpy.savez` and `numpy.savez_compressed` write them.
 *
 * @throws InputError when the file is none, has no array of that name, or the array cannot be read; see {@link decodeNpy}.
 *
 * @example
 * const { shape, data } = decodeNpz({ name: 'digits.npz', bytes: npz }, 'y');
 * console.log(shape, [...data]); // [ 2 ] [ 7, 3 ]
 */
export function decodeNpz(packed: NamedBytes, array: string): NpyArray {
  const file = unpacked(packed);
  return read(file, arraysOf(file), array);
}

/**
 * Reads images from an NPZ file, and their labels if it has some: the arrays `images` and `labels`, `x` and `y`, `x_train`
 * and `y_train`, `test_images` and `test_labels` and the like, or the only array that there is.
 *
 * @throws InputError when the file is none, it is not clear which array holds the images, or they cannot be read; see
 *   {@link imageDataset}.
 *
 * @example
 * const digits = parseNpz({ name: 'digits.npz', bytes: npz }, { array: 'x', normalization: MNIST_NORMALIZATION });
 * console.log(digits.length, digits.shape, digits.get(0).label); // 2 [ 1, 2, 2 ] 7
 */
export function parseNpz(packed: NamedBytes, { array, ...options }: NpzOptions = {}): ArrayDataset {
  const file = unpacked(packed);
  const entries = arraysOf(file);
  const names = entries.map(({ name }) => nameOf(name));
  const chosen = array ?? imagesAmong(file.name, names);
  const [, labels] = PAIRS.find(([images, others]) => images === chosen && names.includes(others)) ?? [];
  const read1 = (name: string) => read(file, entries, name);
  const arrays = { images: read1(chosen), labels: labels === undefined ? undefined : read1(labels) };
  return imageDataset({ name: `npz ${file.name}#${chosen}`, ...arrays }, options);
}

function imagesAmong(file: string, names: readonly string[]): string {
  const pair = PAIRS.find(([images]) => names.includes(images));
  if (pair) return pair[0];
  if (names.length === 1) return names[0];
  throw new InputError(`npz ${file}: which array holds the images? expected FILE#NAME of ${list(names)}`);
}

/** The archive, which gzip may have packed once more. */
function unpacked(file: NamedBytes): NamedBytes {
  return gunzipped('npz', file, () => mostOf(file));
}

function arraysOf(file: NamedBytes): ZipEntry[] {
  return zipEntries('npz', file).filter(({ name }) => name.endsWith('.npy'));
}

function nameOf(entry: string): string {
  return entry.slice(0, -'.npy'.length);
}

function read(file: NamedBytes, entries: readonly ZipEntry[], array: string): NpyArray {
  const entry = entries.find(({ name }) => nameOf(name) === array);
  if (entry === undefined) {
    throw new InputError(
      `npz ${file.name}: no array of that name, expected ${list(entries.map((e) => nameOf(e.name)))}, got ${array}`,
    );
  }
  const name = `${file.name}#${array}`;
  const bytes = unzipEntry('npz', file, entry, (start) => npyLength({ name, bytes: start }));
  return decodeNpy({ name, bytes });
}

function list(names: readonly string[]): string {
  if (names.length === 0) return 'an array (there is none)';
  return names.slice(0, LISTED).join(', ') + (names.length > LISTED ? ` or ${names.length - LISTED} others` : '');
}
