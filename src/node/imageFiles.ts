import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Dataset, type Normalization, parseCifar10, parseIdx, parseNpy } from '../data/index.ts';
import { InputError } from '../errors.ts';
import { attempt, readBytes } from './readFile.ts';

/**
 * Reads CIFAR-10 from one file of the binary version, or from the folder it unpacks to: all of `data_batch_*.bin` in
 * order, or `test_batch.bin` if there is none of them.
 *
 * @throws InputError when the path or its content cannot be read; see {@link parseCifar10}.
 */
export async function loadCifar10(path: string): Promise<Dataset> {
  if (!(await attempt('cifar10', path, stat(path))).isDirectory()) {
    return parseCifar10([await readBytes('cifar10', path)]);
  }
  const names = await attempt('cifar10', path, readdir(path));
  const training = names.filter((name) => /^data_batch_[1-5]\.bin$/.test(name)).sort();
  const chosen = training.length > 0 ? training : names.filter((name) => name === 'test_batch.bin');
  if (chosen.length === 0) {
    throw new InputError(
      `cifar10 ${path}: no batch in the folder, expected data_batch_1.bin to data_batch_5.bin or test_batch.bin, ` +
        `got ${names.length} other files`,
    );
  }
  const files = await Promise.all(chosen.map((name) => readBytes('cifar10', join(path, name))));
  return parseCifar10(files, `cifar10 ${path}`);
}

/**
 * Reads images in the IDX format. Without a path to labels, the file beside the images that MNIST's naming points to
 * is taken if it is there: `train-labels-idx1-ubyte` for `train-images-idx3-ubyte`.
 *
 * @throws InputError when a file cannot be read; see {@link parseIdx}.
 */
export async function loadIdx(
  imagesPath: string,
  labelsPath?: string,
  normalization?: Normalization | null,
): Promise<Dataset> {
  const images = await readBytes('idx', imagesPath);
  const beside = labelsPath ?? (await labelsBeside(imagesPath));
  const labels = beside === undefined ? undefined : await readBytes('idx', beside);
  return parseIdx(images, labels, normalization);
}

/**
 * Reads images from an NPY file.
 *
 * @throws InputError when the file cannot be read; see {@link parseNpy}.
 */
export async function loadNpy(path: string, normalization?: Normalization): Promise<Dataset> {
  return parseNpy(await readBytes('npy', path), normalization);
}

async function labelsBeside(imagesPath: string): Promise<string | undefined> {
  const name = basename(imagesPath).replace('images', 'labels').replace('idx3', 'idx1');
  if (name === basename(imagesPath)) return undefined;
  const folder = dirname(imagesPath);
  return (await attempt('idx', folder, readdir(folder))).includes(name) ? join(folder, name) : undefined;
}
