import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';
import { allocate, formatShape, type NDArray, type Shape } from '../tensor/index.ts';
import { type Dataset, NO_LABEL, type Pixels, type Sample } from './dataset.ts';
import type { Normalization } from './normalization.ts';

/**
 * Grey images as a network of more channels takes them: the one channel `count` times, as it is normalised.
 *
 * @returns a data set whose images are repeated when they are asked for; the set itself, where it has `count` channels.
 * @throws InputError when the set holds vectors, or images of another number of channels than 1 and `count`.
 *
 * @example
 * const digits = new ArrayDataset({ name: 'digits', shape: [1, 1, 2], images: Uint8Array.of(1, 2, 3, 4) });
 * const colour = repeatChannels(digits, 3);
 * console.log(colour.shape, [...colour.get(0).image.data]); // [ 3, 1, 2 ] [ 1, 2, 1, 2, 1, 2 ]
 */
export function repeatChannels(dataset: Dataset, count: number): Dataset {
  const { name, shape } = dataset;
  if (shape.length === 3 && shape[0] === count) return dataset;
  if (!Number.isInteger(count) || count < 1) {
    throw new InputError(
      `repeatChannels: not a number of channels, expected an integer of at least 1, got ${formatValue(count)}`,
    );
  }
  if (shape.length !== 3 || shape[0] !== 1) {
    const wanted = count === 1 ? '1 channel' : `${count} channels or 1`;
    throw new InputError(`${name}: the network takes images [${count}, h, w], expected ${wanted}, got ${got(shape)}`);
  }
  return new RepeatedChannels(dataset, count);
}

/**
 * A batch as a network of `channels` input channels takes it: [n, h, w] is [n, 1, h, w], and the one channel of grey images is
 * repeated.
 *
 * @param where names the batch in messages.
 * @returns the batch [n, channels, h, w], a copy where its channels were repeated.
 * @throws InputError when it is no batch of images, has another number of channels, or its channels come last.
 *
 * @example
 * const grey = ndarray([1, 2], [1, 1, 1, 2]);
 * const batch = batchWithChannels('digits', grey, 3);
 * console.log(batch.shape, [...batch.data]); // [ 1, 3, 1, 2 ] [ 1, 2, 1, 2, 1, 2 ]
 */
export function batchWithChannels(where: string, batch: NDArray, channels: number): NDArray {
  const { dtype, data } = batch;
  const shape = batch.shape.length === 3 ? [batch.shape[0], 1, ...batch.shape.slice(1)] : batch.shape;
  if (shape.length === 4 && shape[1] === channels) return { shape, dtype, data };
  const wanted = `expected images [n, ${channels}, h, w], the network's channels${channels === 1 ? '' : ', or grey ones'}`;
  if (shape.length !== 4 || shape[1] !== 1) {
    const nhwc = shape.length === 4 && shape[3] === channels;
    const hint = nhwc ? ', which looks like NHWC: x.transpose(0, 3, 1, 2) in NumPy' : '';
    throw new InputError(`${where}: ${wanted}, got ${formatShape(batch.shape)}${hint}`);
  }
  const [n, , height, width] = shape;
  const plane = height * width;
  const out = allocate(dtype, n * channels * plane);
  for (let i = 0; i < n * channels; i++) {
    const from = Math.floor(i / channels) * plane;
    out.set(data.subarray(from, from + plane), i * plane);
  }
  return { shape: [n, channels, height, width], dtype, data: out };
}

function got(shape: Shape): string {
  if (shape.length === 1) return `vectors of ${shape[0]} numbers`;
  return `${shape[0]} channels, ${formatShape(shape)}`;
}

class RepeatedChannels implements Dataset {
  readonly name: string;
  readonly shape: Shape;
  readonly length: number;
  readonly labels: Dataset['labels'];
  readonly normalization: Normalization | undefined;
  readonly #grey: Dataset;

  constructor(grey: Dataset, count: number) {
    const { name, shape, length, labels, normalization } = grey;
    const repeat = (values: readonly number[]) => Array.from({ length: count }, () => values[0]);
    this.name = name;
    this.shape = [count, ...shape.slice(1)];
    this.length = length;
    this.labels = labels;
    this.normalization = normalization && { mean: repeat(normalization.mean), std: repeat(normalization.std) };
    this.#grey = grey;
  }

  get(index: number): Sample {
    const { image, label = NO_LABEL } = this.#grey.get(index);
    const plane = image.data.length;
    const size = plane * this.shape[0];
    const data: Pixels = image.data instanceof Uint8Array ? new Uint8Array(size) : new Float32Array(size);
    for (let start = 0; start < size; start += plane) data.set(image.data, start);
    return { image: { shape: this.shape, data }, label };
  }
}
