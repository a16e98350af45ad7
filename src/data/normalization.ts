import { formatValue } from '../check.ts';
import { InputError, ShapeError } from '../errors.ts';
import { allocate, type FloatArray, formatShape, type NDArray } from '../tensor/index.ts';

/** Mean and standard deviation of each channel, of values from 0 to 1. */
export interface Normalization {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

function ofBytes(mean: readonly number[], std: readonly number[]): Normalization {
  return { mean: mean.map((x) => x / 255), std: std.map((x) => x / 255) };
}

/**
 * The constants of NAS-Bench-201 (Dong and Yang 2020, "NAS-Bench-201: extending the scope of reproducible neural
 * architecture search"), which TE-NAS (Chen et al. 2021) takes over: red, green, blue.
 */
export const CIFAR10_NORMALIZATION = ofBytes([125.3, 123.0, 113.9], [63.0, 62.1, 66.7]);
/** CIFAR-100 in NAS-Bench-201 and TE-NAS. */
export const CIFAR100_NORMALIZATION = ofBytes([129.3, 124.1, 112.4], [68.2, 65.4, 70.4]);
/** ImageNet16 (ImageNet scaled to 16×16) in NAS-Bench-201 and TE-NAS. */
export const IMAGENET16_NORMALIZATION = ofBytes([122.68, 116.66, 104.01], [63.22, 61.26, 65.09]);
/** MNIST, as PyTorch's example of it has them. */
export const MNIST_NORMALIZATION: Normalization = { mean: [0.1307], std: [0.3081] };

/** The constants by name. */
export const NORMALIZATIONS = {
  cifar10: CIFAR10_NORMALIZATION,
  cifar100: CIFAR100_NORMALIZATION,
  imagenet16: IMAGENET16_NORMALIZATION,
  mnist: MNIST_NORMALIZATION,
} as const;

/**
 * (x − mean) / std, channel by channel.
 *
 * @param images [c, h, w] with any leading dimensions, e.g. [n, c, h, w]; values from 0 to 1 for the constants here.
 * @returns a new array of the same shape and precision.
 * @throws ShapeError when the array has fewer than three dimensions.
 * @throws InputError when the constants are for another number of channels, or a deviation is not above 0.
 *
 * @example
 * const image = ndarray([0, 0.5, 1], [1, 1, 3]);
 * const normalized = normalize(image, { mean: [0.5], std: [0.25] });
 * console.log([...normalized.data]); // [ -2, 0, 2 ]
 */
export function normalize(images: NDArray, constants: Normalization): NDArray {
  const { shape, dtype } = images;
  if (shape.length < 3) {
    throw new ShapeError(`normalize: images without channels, expected [..., c, h, w], got ${formatShape(shape)}`);
  }
  const [channels, height, width] = shape.slice(-3);
  const data = allocate(dtype, images.data.length);
  writeNormalized(images.data, channels, height * width, constants, data, 0);
  return { shape, dtype, data };
}

/**
 * Writes images into `out` from `offset` on: bytes are divided by 255, then every channel of `plane` values is
 * normalised, in double precision with one rounding at the end. Without constants only bytes change.
 *
 * @throws InputError as {@link normalize} does.
 */
export function writeNormalized(
  pixels: FloatArray | Uint8Array,
  channels: number,
  plane: number,
  constants: Normalization | undefined,
  out: FloatArray,
  offset: number,
): void {
  if (constants) requireChannels('normalize', constants, channels);
  const scale = pixels instanceof Uint8Array ? 255 : 1;
  for (let start = 0, channel = 0; start < pixels.length; start += plane, channel = (channel + 1) % channels) {
    const mean = constants ? constants.mean[channel] : 0;
    const std = constants ? constants.std[channel] : 1;
    for (let i = start; i < start + plane; i++) out[offset + i] = (pixels[i] / scale - mean) / std;
  }
}

/**
 * Makes sure that images of this number of channels can be normalised.
 *
 * @param where begins the message.
 * @throws InputError when the constants are for another number of channels, or a deviation is not above 0.
 */
export function requireChannels(where: string, { mean, std }: Normalization, channels: number): void {
  if (mean.length !== channels || std.length !== channels) {
    throw new InputError(
      `${where}: normalisation for a different number of channels, expected ${channels}, ` +
        `got ${mean.length} means and ${std.length} deviations`,
    );
  }
  const bad = std.find((x) => !(x > 0 && Number.isFinite(x)));
  if (bad !== undefined) {
    throw new InputError(`${where}: expected standard deviations above 0, got ${formatValue(bad)}`);
  }
}
