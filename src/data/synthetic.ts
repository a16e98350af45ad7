import { InputError } from '../errors.ts';
import { formatShape, Generator } from '../tensor/index.ts';
import { type Dataset, type ImageShape, NO_LABEL, requireIndex, type Sample } from './dataset.ts';

/** What synthetic images are like. */
export interface SyntheticOptions {
  /** The random seed; 0 by default. */
  readonly seed?: number;
  /** The number of images; 50,000 by default, as many as CIFAR-10 trains on. */
  readonly length?: number;
  /** [3, 32, 32] by default. */
  readonly shape?: ImageShape;
}

/**
 * Images of independent standard normal values, without labels. An image is drawn when it is asked for, from a stream
 * of its own: it depends on seed, number and shape alone, and a large set costs nothing.
 *
 * @example
 * const dataset = new SyntheticDataset({ seed: 1, shape: [3, 8, 8] });
 * const again = new SyntheticDataset({ seed: 1, shape: [3, 8, 8], length: 10 });
 * console.log(dataset.length, dataset.get(9).image.data[0] === again.get(9).image.data[0]); // 50000 true
 */
export class SyntheticDataset implements Dataset {
  readonly name = 'synthetic';
  readonly shape: ImageShape;
  readonly length: number;
  readonly seed: number;
  readonly #generator: Generator;

  /** @throws InputError when the length or an extent is not an integer of at least 1. */
  constructor({ seed = 0, length = 50_000, shape = [3, 32, 32] }: SyntheticOptions = {}) {
    if (!isPositive(length))
      throw new InputError(`synthetic: no images, expected a length of at least 1, got ${length}`);
    if (shape.length !== 3 || !shape.every(isPositive)) {
      throw new InputError(`synthetic: not the shape of an image, expected [c, h, w], got ${formatShape(shape)}`);
    }
    this.shape = shape;
    this.length = length;
    this.seed = seed;
    this.#generator = new Generator(seed).fork('synthetic images');
  }

  get(index: number): Sample {
    requireIndex(this, index);
    const data = Float32Array.from(this.#generator.fork(index).normals(this.shape).data);
    return { image: { shape: this.shape, data }, label: NO_LABEL };
  }
}

function isPositive(extent: number): boolean {
  return Number.isInteger(extent) && extent > 0;
}
