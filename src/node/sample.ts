import { fileURLToPath } from 'node:url';
import { type Dataset, parseCifar10 } from '../data/index.ts';
import { readBytes } from './readFile.ts';

/** Of the same depth as seen from src/node, dist/node and the bundled dist/cli. */
const SAMPLE = new URL('../../assets/cifar10-sample.bin', import.meta.url);
const SAMPLE_1000 = new URL('../../assets/cifar10-1000.bin', import.meta.url);

/** The 256 CIFAR-10 images that come with ntkit, the first of `data_batch_1`. See assets/README.md for their origin. */
export async function loadSample(): Promise<Dataset> {
  return parseCifar10([await readBytes('sample', fileURLToPath(SAMPLE))], 'sample');
}

/** The 1,000 CIFAR-10 images that come with ntkit, the first of `data_batch_1`, for what draws many batches. */
export async function loadSample1000(): Promise<Dataset> {
  return parseCifar10([await readBytes('sample-1000', fileURLToPath(SAMPLE_1000))], 'sample-1000');
}
