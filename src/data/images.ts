import { InputError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../tensor/index.ts';
import { ArrayDataset, type Pixels } from './dataset.ts';
import type { Normalization } from './normalization.ts';
import type { NpyArray } from './npyFormat.ts';

/** Where the channels of an array of images are: [n, c, h, w] as here and in PyTorch, or [n, h, w, c] as in TensorFlow. */
export type Layout = (typeof LAYOUTS)[number];

/** All values of {@link Layout}. */
export const LAYOUTS = ['nchw', 'nhwc'] as const;

/** How the images of a file are taken. */
export interface ImageOptions {
  /** How batches are normalised; not at all with `null`, the format's own way by default. */
  readonly normalization?: Normalization | null | undefined;
  /**
   * The order of an array of 4 dimensions: `nchw` by default, but an array that looks like the other is refused unless this
   * says which.
   */
  readonly layout?: Layout | undefined;
}

/** Images and their labels, as arrays of a file. */
export interface ImageArrays {
  /** Names them in messages. */
  readonly name: string;
  readonly images: NpyArray;
  readonly labels?: NpyArray | undefined;
}

/** As many channels as images have, by which a layout is recognised. */
const CHANNELS = [1, 3, 4];

/**
 * A data set of an array: [n, c, h, w]; [n, h, w], grey; [n, d], vectors. Unsigned bytes are scaled to [0, 1] in batches;
 * all other numbers are taken as they are, in single precision.
 *
 * @throws InputError when it has another rank, looks like another layout, holds no image, or holds NaN or a number beyond
 *   single precision; when the labels are no whole numbers, or not one an image.
 *
 * @example
 * const images = { shape: [1, 2, 2, 3], dtype: 'uint8' as const, data: Uint8Array.from({ length: 12 }, (_, i) => i) };
 * const dataset = imageDataset({ name: 'a picture', images }, { layout: 'nhwc' });
 * console.log(dataset.shape, [...dataset.images.subarray(0, 4)]); // [ 3, 2, 2 ] [ 0, 3, 6, 9 ]
 */
export function imageDataset({ name, images, labels }: ImageArrays, options: ImageOptions): ArrayDataset {
  const [n, ...sample] = images.shape;
  const pixels = pixelsOf(images);
  const fields = {
    name,
    labels: labels && labelsOf(name, labels),
    normalization: options.normalization ?? undefined,
  };
  if (sample.length === 1) return new ArrayDataset({ ...fields, images: pixels, shape: sample });
  if (sample.length === 2) return new ArrayDataset({ ...fields, images: pixels, shape: [1, ...sample] });
  if (sample.length !== 3) {
    const expected = '[n, c, h, w], [n, h, w] (grey) or [n, d] (vectors)';
    throw new InputError(`${name}: not images, expected ${expected}, got ${formatShape(images.shape)}`);
  }
  const [a, b, c] = sample;
  if (options.layout === 'nhwc') {
    return new ArrayDataset({ ...fields, images: channelsFirst(pixels, n, [a, b, c]), shape: [c, a, b] });
  }
  if (options.layout === undefined && CHANNELS.includes(c) && !CHANNELS.includes(a)) {
    throw new InputError(
      `${name}: ${formatShape(images.shape)} looks like NHWC, expected [n, c, h, w]; ` +
        "transpose it, x.transpose(0, 3, 1, 2) in NumPy, or pass layout 'nhwc' (or 'nchw', if that is what it is)",
    );
  }
  return new ArrayDataset({ ...fields, images: pixels, shape: sample });
}

function pixelsOf({ dtype, data }: NpyArray): Pixels {
  if (dtype === 'uint8') return data as Uint8Array;
  return data instanceof Float32Array ? data : Float32Array.from(data);
}

function labelsOf(name: string, { shape, data }: NpyArray): Int32Array {
  if (sizeOf(shape) !== shape[0]) {
    throw new InputError(`${name}: not labels, expected shape [n] or [n, 1], got ${formatShape(shape)}`);
  }
  const bad = data.findIndex((label: number) => label !== (label | 0));
  if (bad >= 0) throw new InputError(`${name}: label ${bad}: expected a whole number, got ${data[bad]}`);
  return Int32Array.from(data);
}

/** [n, h, w, c] as [n, c, h, w]. */
function channelsFirst(pixels: Pixels, n: number, [height, width, channels]: Shape): Pixels {
  const plane = height * width;
  const out: Pixels = pixels instanceof Uint8Array ? new Uint8Array(pixels.length) : new Float32Array(pixels.length);
  let from = 0;
  for (let i = 0; i < n; i++) {
    for (let place = 0; place < plane; place++) {
      for (let c = 0; c < channels; c++) out[(i * channels + c) * plane + place] = pixels[from++];
    }
  }
  return out;
}
