import { batchWithChannels, CIFAR10_NORMALIZATION, type Dataset, decodeNpy } from 'ntkit/data';
import { checkBatch } from 'ntkit/nn';
import { repeatBatches } from 'ntkit/search';
import { formatShape, Generator, InputError, type NDArray, sizeOf } from 'ntkit/tensor';
import type { OpenNetwork } from './network.ts';
import type { BatchRequest, BatchView } from './request.ts';

// The batch of a kernel, the same as `ntkit ntk` takes with the same settings.

/** What was dropped in to replace the page's images. */
export interface Dropped {
  /** A batch of numbers, of an .npy file. */
  readonly array?: NDArray;
  readonly pictures?: readonly Blob[];
  readonly names: readonly string[];
}

/** A batch, and its images for display. */
export interface Batch {
  readonly x: NDArray;
  readonly view: BatchView;
}

/** An .npy file as a batch: bytes are scaled to [0, 1]. */
export function arrayBatch(bytes: Uint8Array, name: string): Dropped {
  const { shape, dtype, data } = decodeNpy({ name, bytes });
  if (shape.length < 2 || shape[0] < 2) {
    throw new InputError(
      `${name}: expected a batch of two samples or more, got an array of shape ${formatShape(shape)}`,
    );
  }
  const array: NDArray =
    dtype === 'uint8'
      ? { shape, dtype: 'float32', data: Float32Array.from(data, (byte) => Number(byte) / 255) }
      : data instanceof Float32Array
        ? { shape, dtype: 'float32', data }
        : { shape, dtype: 'float64', data: Float64Array.from(data, Number) };
  return { array, names: [name] };
}

/**
 * Makes the batch of a request.
 *
 * @param sample the page's images, loaded when they are asked for.
 * @throws InputError when the network has no such batch.
 */
export async function makeBatch(
  open: OpenNetwork,
  request: BatchRequest,
  dropped: Dropped | undefined,
  sample: () => Promise<Dataset>,
): Promise<Batch> {
  const { source, size, seed } = request;
  switch (source) {
    case 'file':
      return fileBatch(open, size);
    case 'normal':
      return normalBatch(open, size, seed);
    case 'sample':
      return sampleBatch(open, size, seed, await sample());
    case 'dropped':
      if (dropped === undefined) throw new InputError('images: none were dropped in; choose another source');
      return dropped.array
        ? givenBatch(open, dropped.array, dropped.names[0], size)
        : pictureBatch(open, dropped, size);
  }
}

const numbered = (count: number, what: string) => Array.from({ length: count }, (_, i) => `${what} ${i + 1}`);

function fileBatch({ file, input }: OpenNetwork, size: number): Batch {
  if (input === undefined) throw new InputError(`${file}: the file holds no batch; choose another source of images`);
  const x = firstOf(input, size);
  return { x, view: { names: numbered(x.shape[0], 'sample'), ...picturesOf(x), told: 'the batch in the file' } };
}

function normalBatch({ file, sample }: OpenNetwork, size: number, seed: number): Batch {
  if (sample === undefined) {
    throw new InputError(`${file}: the file leaves the shape of a sample open; drop in a batch as .npy`);
  }
  const x = new Generator(seed).normals([size, ...sample], { dtype: 'float32' });
  return { x, view: { names: numbered(size, 'sample'), ...picturesOf(x), told: 'standard normal numbers' } };
}

function sampleBatch(open: OpenNetwork, size: number, seed: number, images: Dataset): Batch {
  const shape = imageShape(open);
  if (shape[1] !== 32 || shape[2] !== 32 || (shape[0] !== 3 && shape[0] !== 1)) {
    throw new InputError(
      `${open.file}: CIFAR-10 has images of shape [3, 32, 32], the network takes ${formatShape(shape)}; drop in pictures, which are scaled`,
    );
  }
  const [x] = repeatBatches(images, size, 1, seed);
  const view: BatchView = { names: numbered(size, 'image'), ...picturesOf(x, images), told: 'images of CIFAR-10' };
  return { x: shape[0] === 3 ? x : greyOf(x), view };
}

function givenBatch(open: OpenNetwork, array: NDArray, name: string, size: number): Batch {
  const [channels] = open.sample?.length === 3 ? open.sample : [];
  const x = firstOf(channels === undefined ? array : batchWithChannels(name, array, channels), size);
  checkBatch(x, name);
  return { x, view: { names: numbered(x.shape[0], 'sample'), ...picturesOf(x), told: name } };
}

async function pictureBatch(open: OpenNetwork, { pictures = [], names }: Dropped, size: number): Promise<Batch> {
  const [channels, height, width] = imageShape(open);
  if (channels !== 3 && channels !== 1) {
    throw new InputError(`${open.file}: pictures have 3 channels, the network takes ${channels}`);
  }
  const count = Math.min(size, pictures.length);
  if (count < 2) throw new InputError(`images: expected at least two pictures, got ${pictures.length}`);
  const images = new Uint8Array(count * 3 * height * width);
  const plane = height * width;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })!;
  const shown: ImageData[] = [];
  for (let i = 0; i < count; i++) {
    const bitmap = await createImageBitmap(pictures[i]).catch(() => {
      throw new InputError(`${names[i]}: not an image that this browser can read`);
    });
    // The middle of the picture, as large as the aspect ratio allows.
    const scale = Math.min(bitmap.width / width, bitmap.height / height);
    const [w, h] = [width * scale, height * scale];
    context.fillStyle = '#fff'; // behind transparent pixels
    context.fillRect(0, 0, width, height);
    context.drawImage(bitmap, (bitmap.width - w) / 2, (bitmap.height - h) / 2, w, h, 0, 0, width, height);
    bitmap.close();
    const picture = context.getImageData(0, 0, width, height);
    shown.push(picture);
    for (let c = 0; c < 3; c++) {
      for (let k = 0; k < plane; k++) images[(3 * i + c) * plane + k] = picture.data[4 * k + c];
    }
  }
  const { mean, std } = CIFAR10_NORMALIZATION;
  const data = Float32Array.from(images, (byte, k) => {
    const c = Math.floor(k / plane) % 3;
    return (byte / 255 - mean[c]) / std[c];
  });
  const x: NDArray = { shape: [count, 3, height, width], dtype: 'float32', data };
  const view: BatchView = { names: names.slice(0, count), pictures: shown, told: 'pictures, normalised as CIFAR-10' };
  return { x: channels === 3 ? x : greyOf(x), view };
}

function imageShape({ file, sample }: OpenNetwork): readonly [channels: number, height: number, width: number] {
  if (sample?.length === 3) return sample as unknown as readonly [number, number, number];
  const got = sample === undefined ? 'a shape that the file leaves open' : `samples of shape ${formatShape(sample)}`;
  throw new InputError(`${file}: expected a network of images, [N, C, H, W], got ${got}`);
}

/** The mean of three channels. */
function greyOf({ shape: [n, , ...plane], dtype, data }: NDArray): NDArray {
  const size = sizeOf(plane);
  const grey = new Float32Array(n * size);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < size; k++) {
      grey[i * size + k] = (data[3 * i * size + k] + data[(3 * i + 1) * size + k] + data[(3 * i + 2) * size + k]) / 3;
    }
  }
  return { shape: [n, 1, ...plane], dtype, data: grey };
}

/** The first samples of a batch. */
export function firstOf({ shape: [n, ...sample], dtype, data }: NDArray, count: number): NDArray {
  const samples = Math.min(n, count);
  return { shape: [samples, ...sample], dtype, data: data.slice(0, (data.length / n) * samples) };
}

/** Images for display: as they were before normalisation, or with each image's own extremes as black and white. */
function picturesOf({ shape, data }: NDArray, { normalization }: Pick<Dataset, 'normalization'> = {}) {
  const [n, ...sample] = shape;
  if (sample.length !== 3 || (sample[0] !== 3 && sample[0] !== 1) || sizeOf(sample.slice(1)) > 512 * 512) return {};
  const [channels, height, width] = sample;
  if (height < 2 || width < 2) return {};
  const plane = height * width;
  const pictures = Array.from({ length: n }, (_, i) => {
    const values = data.subarray(i * channels * plane, (i + 1) * channels * plane);
    let [low, high] = [Infinity, -Infinity];
    for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
    const picture = new ImageData(width, height);
    for (let k = 0; k < plane; k++) {
      for (let c = 0; c < 3; c++) {
        const own = channels === 3 ? c : 0;
        const value = values[own * plane + k];
        picture.data[4 * k + c] = normalization
          ? Math.round(255 * (value * normalization.std[own] + normalization.mean[own]))
          : Math.round((255 * (value - low)) / (high - low || 1));
      }
      picture.data[4 * k + 3] = 255;
    }
    return picture;
  });
  return { pictures };
}
