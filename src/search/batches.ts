import {
  type Augmentation,
  collate,
  compose,
  DataLoader,
  type Dataset,
  imageShape,
  pickChannels,
  randomCrop,
  randomHorizontalFlip,
} from '../data/index.ts';
import { formatShape, type Generator, InputError, type NDArray } from '../tensor/index.ts';
import { IMAGE_CHANNELS, type RegionBatchSize } from './constants.ts';

const REGION_CROP = 3;
const REGION_CHANNELS = 1;

/**
 * What TE-NAS trains on: a flip half of the time, then a window of the image's own size out of a frame of an eighth of
 * it (4 at 32×32, 2 at 16×16).
 */
function trainingAugmentation({ name, shape }: Dataset): Augmentation {
  const [, rows, columns] = imageShape(name, shape);
  if (rows !== columns) throw new InputError(`${name}: expected square images, got ${rows}×${columns}`);
  return compose(randomHorizontalFlip(0.5), randomCrop(rows, Math.round(rows / 8)));
}

/**
 * A random batch of augmented images, [size, C, H, W].
 *
 * @throws InputError when the data hold fewer images, or none that are square.
 *
 * @example
 * const batch = kappaBatch(new SyntheticDataset({ length: 100 }), 8, new Generator(0));
 * console.log(batch.shape); // [ 8, 3, 32, 32 ]
 */
export function kappaBatch(dataset: Dataset, size: number, generator: Generator): NDArray {
  requireImages(dataset, size);
  const augment = trainingAugmentation(dataset);
  const loader = new DataLoader(dataset, { batchSize: size, shuffle: true, augment, generator });
  const [{ images }] = loader;
  return images;
}

/**
 * Random crops for a linear-region count, each batch [samples, 1, 3, 3]: every image of the data set in random order,
 * and all of them again, cropped elsewhere, when there are fewer than samples.
 *
 * @example
 * const dataset = new SyntheticDataset({ length: 5 });
 * const batches = regionBatches(dataset, { batches: 2, samples: 10 }, new Generator(0)); // each image twice and more
 * console.log(batches.map(({ shape }) => shape)); // [ [ 10, 1, 3, 3 ], [ 10, 1, 3, 3 ] ]
 */
export function regionBatches(
  dataset: Dataset,
  { batches, samples }: RegionBatchSize,
  generator: Generator,
): NDArray[] {
  const augment = randomCrop(REGION_CROP);
  const order: number[] = [];
  for (let epoch = 0; order.length < batches * samples; epoch++) {
    const next = generator.fork(`order ${epoch}`).permutation(dataset.length);
    order.push(...next.subarray(0, batches * samples - order.length));
  }
  return Array.from({ length: batches }, (_, b) => {
    const chosen = order.slice(b * samples, (b + 1) * samples).map((index, i) => {
      const sample = dataset.get(index);
      return { ...sample, image: augment(sample.image, generator.fork(`crop ${b * samples + i}`)) };
    });
    const { images } = collate(chosen, dataset.normalization);
    return pickChannels(images, REGION_CHANNELS, generator.fork(`channels ${b}`));
  });
}

/**
 * One batch of images a repeat, [size, C, H, W], all different as long as the data last.
 *
 * @throws InputError when the data hold fewer images than a batch.
 *
 * @example
 * const batches = repeatBatches(new SyntheticDataset({ length: 100 }), 8, 3, 0);
 * console.log(batches.length, batches[0].shape); // 3 [ 8, 3, 32, 32 ]
 */
export function repeatBatches(dataset: Dataset, size: number, repeats: number, seed: number): NDArray[] {
  requireImages(dataset, size);
  const loader = new DataLoader(dataset, { batchSize: size, shuffle: true, seed, dropLast: true });
  const batches: NDArray[] = [];
  while (batches.length < repeats) {
    for (const { images } of loader) {
      batches.push(images);
      if (batches.length === repeats) break; // the loader has many more, and each costs its images
    }
  }
  return batches;
}

/**
 * Makes sure that images go through the networks of the search spaces.
 *
 * @throws InputError when they have other channels, or are vectors.
 */
export function requireColour({ name, shape }: Dataset): void {
  if (shape.length === 3 && shape[0] === IMAGE_CHANNELS) return;
  const hint = shape.length === 3 && shape[0] === 1 ? `; repeatChannels(dataset, ${IMAGE_CHANNELS}) repeats grey` : '';
  throw new InputError(`${name}: the networks take images [${IMAGE_CHANNELS}, h, w], got ${formatShape(shape)}${hint}`);
}

function requireImages({ length, name }: Dataset, size: number): void {
  if (length < size) throw new InputError(`${name}: expected at least ${size} images, the batch size, got ${length}`);
}
