import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';
import { Generator } from '../tensor/index.ts';
import type { Augmentation } from './augment.ts';
import { type Batch, collate } from './batch.ts';
import type { Dataset } from './dataset.ts';

/** How a data set is cut into batches. */
export interface LoaderOptions {
  readonly batchSize: number;
  /** Whether every epoch goes through the images in an order of its own; false by default. */
  readonly shuffle?: boolean;
  /** The random seed of order and augmentation; 0 by default. */
  readonly seed?: number;
  /** Takes the place of a seed. Loaders with the same generator draw the same: fork it to tell them apart. */
  readonly generator?: Generator;
  /** Applied to every image before it is normalised. */
  readonly augment?: Augmentation;
  /** Whether a last batch that is not full is left out; false by default. */
  readonly dropLast?: boolean;
}

/**
 * Batches of a data set. Every iteration is a new epoch, with its own order and augmentation. What epoch k holds depends on
 * the seed and k alone, not on what was read before.
 *
 * @example
 * const dataset = new SyntheticDataset({ length: 10, shape: [1, 2, 2] });
 * const loader = new DataLoader(dataset, { batchSize: 4, shuffle: true, seed: 1, augment: randomHorizontalFlip() });
 * const sizes = Array.from(loader, ({ images }) => images.shape[0]); // one epoch
 * console.log(loader.length, sizes); // 3 [ 4, 4, 2 ]
 */
export class DataLoader implements Iterable<Batch> {
  readonly dataset: Dataset;
  readonly batchSize: number;
  readonly #shuffle: boolean;
  readonly #augment: Augmentation | undefined;
  readonly #dropLast: boolean;
  readonly #generator: Generator;
  #nextEpoch = 0;

  /** @throws InputError when the batch size is not an integer of at least 1. */
  constructor(dataset: Dataset, options: LoaderOptions) {
    const { batchSize, shuffle = false, seed = 0, generator, augment, dropLast = false } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new InputError(
        `DataLoader: not a batch size, expected an integer of at least 1, got ${formatValue(batchSize)}`,
      );
    }
    this.dataset = dataset;
    this.batchSize = batchSize;
    this.#shuffle = shuffle;
    this.#augment = augment;
    this.#dropLast = dropLast;
    this.#generator = generator ?? new Generator(seed);
  }

  /** The number of batches in an epoch. */
  get length(): number {
    const batches = this.dataset.length / this.batchSize;
    return this.#dropLast ? Math.floor(batches) : Math.ceil(batches);
  }

  /** The batches of the next epoch. */
  [Symbol.iterator](): Iterator<Batch> {
    return this.epoch(this.#nextEpoch++);
  }

  /** The batches of epoch `index`, counted from 0: to repeat one, or to go on where a run was stopped. */
  *epoch(index: number): IterableIterator<Batch> {
    const { dataset, batchSize } = this;
    const generator = this.#generator.fork(`epoch ${index}`);
    const order = this.#shuffle ? generator.fork('order').permutation(dataset.length) : undefined;
    for (let batch = 0; batch < this.length; batch++) {
      const start = batch * batchSize;
      const size = Math.min(batchSize, dataset.length - start);
      const samples = Array.from({ length: size }, (_, i) => {
        const place = start + i;
        const chosen = order ? order[place] : place;
        const sample = dataset.get(chosen);
        if (!this.#augment) return sample;
        // A stream for each image: what becomes of it does not depend on the batch size.
        return { ...sample, image: this.#augment(sample.image, generator.fork(chosen)) };
      });
      yield collate(samples, dataset.normalization);
    }
  }
}
