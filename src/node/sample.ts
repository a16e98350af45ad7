import { fileURLToPath } from 'node:url';
import { type ArrayDataset, type Dataset, parseCifar10 } from '../data/index.ts';
import { readBytes } from './readFile.ts';
import { decodeResiduals } from './residuals.ts';

/** Of the same depth as seen from src/node, dist/node and the bundled dist/cli. */
const IMAGES = new URL('../../assets/cifar10-1000.residuals', import.meta.url);

/** How many images the smaller of the two sets has. */
const FEW = 256;

/**
 * The 256 CIFAR-10 images that come with ntkit, the first of `data_batch_1`. See assets/README.md for their origin.
 *
 * @example
 * const images = await loadSample();
 * console.log(images.length, images.shape, CIFAR10_CLASSES[images.get(0).label]); // 256 [ 3, 32, 32 ] frog
 */
export async function loadSample(): Promise<Dataset> {
  return load('sample', FEW);
}

/**
 * The 1,000 CIFAR-10 images that come with ntkit, the first of `data_batch_1`, for what draws many batches.
 *
 * @example
 * console.log((await loadSample1000()).length); // 1000
 */
export async function loadSample1000(): Promise<Dataset> {
  return load('sample-1000');
}

/** The first images of the file. */
async function load(name: string, count?: number): Promise<ArrayDataset> {
  const file = await readBytes(name, fileURLToPath(IMAGES));
  return parseCifar10([{ ...file, bytes: decodeResiduals(file.bytes, count, file.name) }], { name });
}
