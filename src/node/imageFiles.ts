import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type Cifar100Options,
  type CifarOptions,
  type Dataset,
  type ImageOptions,
  type NpzOptions,
  parseCifar10,
  parseCifar100,
  parseIdx,
  parseNpy,
  parseNpz,
} from '../data/index.ts';
import { InputError } from '../errors.ts';
import { attempt, readBytes } from './readFile.ts';

/**
 * Reads CIFAR-10 from one file of the binary version, or from the folder it unpacks to: all of `data_batch_*.bin` in
 * order, or `test_batch.bin` if there is none of them. The files may be packed by gzip.
 *
 * @throws InputError when the path or its content cannot be read; see {@link parseCifar10}.
 *
 * @example
 * await writeAtomically(`${folder}/data_batch_1.bin`, new Uint8Array(2 * 3073)); // two black aeroplanes
 * const cifar = await loadCifar10(folder);
 * console.log(cifar.length, cifar.shape); // 2 [ 3, 32, 32 ]
 */
export async function loadCifar10(path: string, options: CifarOptions = {}): Promise<Dataset> {
  const [expected, steps] = [
    'data_batch_1.bin to data_batch_5.bin or test_batch.bin',
    [/^data_batch_[1-5]\.bin(\.gz)?$/, /^test_batch\.bin(\.gz)?$/],
  ];
  const { files, name } = await cifarFiles('cifar10', path, expected, steps);
  return parseCifar10(files, { name, ...options });
}

/**
 * Reads CIFAR-100 from one file of the binary version, or from the folder it unpacks to: `train.bin`, or `test.bin` if
 * there is no other. The files may be packed by gzip.
 *
 * @throws InputError when the path or its content cannot be read; see {@link parseCifar100}.
 *
 * @example
 * await writeAtomically(`${folder}/train.bin`, new Uint8Array(2 * 3074));
 * const cifar = await loadCifar100(folder, { labels: 'coarse' });
 * console.log(cifar.length, cifar.get(0).label); // 2 0
 */
export async function loadCifar100(path: string, options: Cifar100Options = {}): Promise<Dataset> {
  const steps = [/^train\.bin(\.gz)?$/, /^test\.bin(\.gz)?$/];
  const { files, name } = await cifarFiles('cifar100', path, 'train.bin or test.bin', steps);
  return parseCifar100(files, { name, ...options });
}

/** A file, or those of a folder whose names fit the first pattern that any name fits. */
async function cifarFiles(format: string, path: string, expected: string, patterns: readonly RegExp[]) {
  if (!(await attempt(format, path, stat(path))).isDirectory()) {
    return { files: [await readBytes(format, path)], name: undefined };
  }
  const names = (await attempt(format, path, readdir(path))).sort();
  const chosen = patterns.map((pattern) => names.filter((name) => pattern.test(name))).find(({ length }) => length > 0);
  if (chosen === undefined) {
    const pickled = names.some((name) => /^(data_batch_1|train|train_data_batch_1)$/.test(name));
    const hint = pickled ? '; Python pickles are written as NPZ with the line of Python in docs/data.md' : '';
    throw new InputError(
      `${format} ${path}: no batch in the folder, expected ${expected}, got ${names.length} other files${hint}`,
    );
  }
  const files = await Promise.all(chosen.map((name) => readBytes(format, join(path, name))));
  return { files, name: `${format} ${path}` };
}

/**
 * Reads images in the IDX format. Without a path to labels, the file beside the images that MNIST's naming points to
 * is taken if it is there: `train-labels-idx1-ubyte` for `train-images-idx3-ubyte`. The files may be packed by gzip.
 *
 * @throws InputError when a file cannot be read; see {@link parseIdx}.
 *
 * @example
 * const header = (...bytes: number[]) => Uint8Array.from([0, 0, 8, ...bytes]);
 * await writeAtomically(`${folder}/train-images-idx3-ubyte`, header(3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0, 255));
 * await writeAtomically(`${folder}/train-labels-idx1-ubyte`, header(1, 0, 0, 0, 1, 7));
 * const digits = await loadIdx(`${folder}/train-images-idx3-ubyte`); // and the labels beside it
 * console.log(digits.shape, digits.get(0).label); // [ 1, 1, 2 ] 7
 */
export async function loadIdx(
  imagesPath: string,
  labelsPath?: string,
  options: Pick<ImageOptions, 'normalization'> = {},
): Promise<Dataset> {
  const images = await readBytes('idx', imagesPath);
  const beside = labelsPath ?? (await labelsBeside(imagesPath));
  const labels = beside === undefined ? undefined : await readBytes('idx', beside);
  return parseIdx(images, labels, options);
}

async function labelsBeside(imagesPath: string): Promise<string | undefined> {
  const name = basename(imagesPath).replace('images', 'labels').replace('idx3', 'idx1');
  if (name === basename(imagesPath)) return undefined;
  const folder = dirname(imagesPath);
  const names = await attempt('idx', folder, readdir(folder));
  // One of the two may be packed and the other not.
  const plain = name.replace(/\.gz$/, '');
  const found = [name, plain, `${plain}.gz`].find((each) => names.includes(each));
  return found === undefined ? undefined : join(folder, found);
}

/**
 * Reads images from an NPY file.
 *
 * @throws InputError when the file cannot be read; see {@link parseNpy}.
 *
 * @example
 * await writeAtomically(`${folder}/grey.npy`, encodeNpy({ shape: [5, 28, 28], data: new Uint8Array(5 * 784) }));
 * const dataset = await loadNpy(`${folder}/grey.npy`);
 * console.log(dataset.length, dataset.shape); // 5 [ 1, 28, 28 ]
 */
export async function loadNpy(path: string, options: ImageOptions = {}): Promise<Dataset> {
  return parseNpy(await readBytes('npy', path), options);
}

/**
 * Reads images, and labels if there are some, from an NPZ file.
 *
 * @throws InputError when the file cannot be read; see {@link parseNpz}.
 *
 * @example
 * await writeAtomically(`${folder}/digits.npz`, npz); // numpy.savez writes such a file
 * const digits = await loadNpz(`${folder}/digits.npz`, { array: 'x' });
 * console.log(digits.shape, digits.get(0).label); // [ 1, 2, 2 ] 7
 */
export async function loadNpz(path: string, options: NpzOptions = {}): Promise<Dataset> {
  return parseNpz(await readBytes('npz', path), options);
}
