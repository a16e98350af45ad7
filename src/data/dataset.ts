import { formatValue } from '../check.ts';
import { InputError, ShapeError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/index.ts';
import { type Normalization, requireChannels } from './normalization.ts';

/** Channels, height and width of an image. */
export type ImageShape = readonly [channels: number, height: number, width: number];

/** Values of images as they are stored: bytes from 0 to 255, or numbers of any scale. */
export type Pixels = Uint8Array | Float32Array;

/** One image: `data` holds c·h·w values in row-major order, channels outermost. Or a vector, [d]. */
export interface Image {
  readonly shape: Shape;
  readonly data: Pixels;
}

/** An image and its class; {@link NO_LABEL} in a set without labels. */
export interface Sample {
  readonly image: Image;
  readonly label: number;
}

/** The label of an image whose class is not known. */
export const NO_LABEL = -1;

/** Indexed images of one shape, [c, h, w], or vectors, [d]. Bytes stay bytes until a batch asks for them. */
export interface Dataset {
  /** What messages call the set, e.g. `cifar10 data_batch_1.bin`. */
  readonly name: string;
  readonly shape: Shape;
  /** The number of images, at least 1. */
  readonly length: number;
  /** One class an image, if the set has classes. */
  readonly labels?: Uint8Array | Int32Array | undefined;
  /** How batches are normalised, after bytes were scaled to [0, 1]. Without it they stay on that scale. */
  readonly normalization?: Normalization | undefined;
  /**
   * Image `index`, as stored. Its data may be a view of the set: read only.
   *
   * @throws InputError when the index is not an integer from 0 to `length − 1`.
   */
  get(index: number): Sample;
}

/**
 * @throws InputError when the value is no data set.
 *
 * @example
 * const given: unknown = new SyntheticDataset();
 * checkDataset('search', given);
 * console.log(given.length); // 50000
 */
export function checkDataset(where: string, value: unknown): asserts value is Dataset {
  const { shape, length, get } = Object(value) as Partial<Dataset>;
  if (!Array.isArray(shape) || typeof length !== 'number' || typeof get !== 'function') {
    throw new InputError(`${where}: expected a data set, got ${formatValue(value)}`);
  }
}

/** What an {@link ArrayDataset} is made of. */
export interface ArrayDatasetFields {
  readonly name: string;
  /** n·c·h·w values in row-major order, or n·d. */
  readonly images: Pixels;
  /** The shape of one image, [c, h, w], or of one vector, [d]. */
  readonly shape: Shape;
  readonly labels?: Uint8Array | Int32Array | undefined;
  readonly normalization?: Normalization | undefined;
}

/**
 * A data set that lies in memory as one array, [n, c, h, w] or [n, d].
 *
 * @example
 * const dataset = new ArrayDataset({
 *   name: 'two images',
 *   shape: [1, 1, 2],
 *   images: Uint8Array.of(0, 50, 100, 150),
 *   labels: Uint8Array.of(0, 1),
 * });
 * const { image, label } = dataset.get(1);
 * console.log(dataset.length, [...image.data], label); // 2 [ 100, 150 ] 1
 */
export class ArrayDataset implements Dataset {
  readonly name: string;
  readonly shape: Shape;
  readonly length: number;
  readonly images: Pixels;
  readonly labels: Uint8Array | Int32Array | undefined;
  readonly normalization: Normalization | undefined;

  /**
   * Takes the arrays as they are, without a copy.
   *
   * @throws InputError when there is no image, the values do not fill whole images, one is NaN or infinite, there are
   *   more or fewer labels than images, or the constants are for another number of channels.
   */
  constructor({ name, images, shape, labels, normalization }: ArrayDatasetFields) {
    const size = sizeOf(shape);
    if (images.length === 0 || size === 0) throw new InputError(`${name}: no images, expected at least 1, got 0`);
    const length = images.length / size;
    if (!Number.isInteger(length)) {
      throw new InputError(
        `${name}: values do not fill whole images, expected a multiple of ${size}, got ${images.length}`,
      );
    }
    if (labels && labels.length !== length) {
      throw new InputError(`${name}: labels do not match the images, expected ${length}, got ${labels.length}`);
    }
    requireFinite(name, images, shape);
    if (normalization) requireChannels(name, normalization, shape[0]);
    this.name = name;
    this.shape = shape;
    this.length = length;
    this.images = images;
    this.labels = labels;
    this.normalization = normalization;
  }

  get(index: number): Sample {
    requireIndex(this, index);
    const size = this.images.length / this.length;
    const data = this.images.subarray(index * size, (index + 1) * size);
    return { image: { shape: this.shape, data }, label: this.labels?.[index] ?? NO_LABEL };
  }
}

/** @throws InputError when the set has no such image. */
export function requireIndex({ name, length }: Dataset, index: number): void {
  if (!Number.isInteger(index) || index < 0 || index >= length) {
    throw new InputError(`${name}: no such image, expected 0 to ${length - 1}, got ${formatValue(index)}`);
  }
}

/**
 * The shape of a data set's images, where only images will do.
 *
 * @param where names the set in the message.
 * @throws ShapeError when it holds vectors.
 *
 * @example
 * const [channels, height, width] = imageShape('search', new SyntheticDataset().shape);
 * console.log(channels, height, width); // 3 32 32
 */
export function imageShape(where: string, shape: Shape): ImageShape {
  if (shape.length === 3) return [shape[0], shape[1], shape[2]];
  throw new ShapeError(`${where}: expected images [c, h, w], got ${formatShape(shape)}`);
}

function requireFinite(name: string, images: Pixels, shape: Shape): void {
  if (images instanceof Uint8Array) return;
  const bad = images.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  const at = shape.map((extent, axis) => Math.floor(bad / sizeOf(shape.slice(axis + 1))) % extent);
  throw new InputError(
    `${name}: image ${Math.floor(bad / sizeOf(shape))} has a value that is not finite at ${formatShape(at)}, ` +
      `expected numbers that are finite in float32, got ${images[bad]}`,
  );
}
