import { checkOptions, formatValue } from '../../check.ts';
import { InputError } from '../../errors.ts';
import { AvgPool2d, Flatten, GlobalAvgPool2d } from '../../nn/index.ts';
import { type PaddingOption, type Pair, pair, ShapeError, sides } from '../../tensor/index.ts';
import { atMost } from './covariances.ts';
import type { KernelMap } from './kernelMap.ts';
import { formatSignal, pixelCount, type Signal, visited } from './signal.ts';
import { alongOne, type Taps, tapsOf } from './windows.ts';

/** Options of {@link averagePool}; names and defaults are PyTorch's. */
export interface AveragePoolMapOptions {
  /** The kernel's size by default. */
  readonly stride?: number | Pair | undefined;
  /** Zeros around the image; 0 by default. */
  readonly padding?: PaddingOption | undefined;
  /** Whether they count in the divisor; true by default. */
  readonly countIncludePad?: boolean | undefined;
}

/**
 * The mean of every window of an image: K' = A·K·Aᵀ with the matrix A of the means, Θ' likewise. It needs the covariances of
 * all pairs of pixels, P² numbers a pair of samples, of all layers before it.
 *
 * @throws ShapeError, InputError when an argument is out of its range; ShapeError when it is given vectors or too small
 * images.
 */
export function averagePool(kernelSize: number | Pair, options: AveragePoolMapOptions = {}): KernelMap {
  checkOptions('averagePool', options, ['stride', 'padding', 'countIncludePad']);
  const kernel = pair('averagePool: kernelSize', kernelSize, 1);
  const stride = pair('averagePool: stride', options.stride ?? kernel, 1);
  const padding = sides('averagePool: padding', options.padding ?? 0);
  const { countIncludePad = true } = options;
  if (typeof countIncludePad !== 'boolean') {
    throw new InputError(`averagePool: countIncludePad: expected true or false, got ${formatValue(countIncludePad)}`);
  }
  const tapsFor = ({ pixels }: Signal, dimension: 0 | 1): Taps =>
    tapsOf(pixels![dimension], kernel[dimension], stride[dimension], padding[dimension]);
  const after = (signal: Signal): Signal => ({
    ...signal,
    pixels: [tapsFor(signal, 0).outputs, tapsFor(signal, 1).outputs],
    source: 'averagePool',
  });
  return {
    name: 'averagePool',
    infer: (signal, visit) => {
      checkImages('averagePool', signal);
      const result = after(signal);
      const isCovered = ([0, 1] as const).every((i) => covered(tapsFor(signal, i)).every((count) => count > 0));
      if (result.pixels![0] < 1 || result.pixels![1] < 1 || !isCovered) {
        throw new ShapeError(
          `averagePool: expected images of at least the kernel's size ${kernel.join('×')}, and a pixel in every window, ` +
            `got ${formatSignal(signal)}`,
        );
      }
      return visited(result, visit);
    },
    needs: () => 'all',
    apply: (input, wanted) => {
      const [rows, columns] = [tapsFor(input.signal, 0), tapsFor(input.signal, 1)];
      const weights = (taps: Taps) =>
        countIncludePad ? new Float64Array(taps.outputs).fill(1 / taps.taps) : covered(taps).map((count) => 1 / count);
      const [ofRows, ofColumns] = [weights(rows), weights(columns)];
      const [, w] = input.signal.pixels!;
      const pixels = pixelCount(input.signal);
      const pooled = (data: Float64Array) => {
        const first = alongOne(alongOne(data, rows, w * pixels, ofRows), columns, pixels, ofColumns);
        return alongOne(alongOne(first, rows, w, ofRows), columns, 1, ofColumns);
      };
      const all = { ...input, signal: after(input.signal), nngp: pooled(input.nngp), ntk: pooled(input.ntk) };
      return atMost(all, wanted);
    },
    network: () => new AvgPool2d(kernel, { stride, padding, countIncludePad }),
  };
}

/** How many pixels each window covers. */
function covered({ outputs, taps, positions }: Taps): Float64Array {
  return Float64Array.from({ length: outputs }, (_, i) => {
    let count = 0;
    for (let r = 0; r < taps; r++) if (positions[i * taps + r] >= 0) count++;
    return count;
  });
}

/**
 * The mean of all pixels: K' is the mean of all of K, Θ' that of Θ. It needs the covariances of all pairs of pixels, as
 * {@link averagePool} does.
 *
 * @throws ShapeError when it is given vectors.
 */
export function globalAveragePool(): KernelMap {
  return toVectors(
    'globalAveragePool',
    'all',
    (signal) => signal.channels,
    true,
    () => new GlobalAvgPool2d(),
  );
}

/**
 * All pixels of an image as one vector. The pixels of a weight's inputs are independent of each other: K' is the mean of
 * the covariances of the same pixels, Θ' likewise.
 *
 * @throws ShapeError when it is given vectors.
 */
export function flatten(): KernelMap {
  const channels = (signal: Signal) => signal.channels * pixelCount(signal);
  return toVectors('flatten', 'same', channels, false, () => new Flatten());
}

/** A mean over what there is of each pair. */
function toVectors(
  name: string,
  needed: 'same' | 'all',
  channels: (signal: Signal) => number,
  keepsGaussian: boolean,
  network: KernelMap['network'],
): KernelMap {
  const after = (signal: Signal): Signal => ({
    channels: channels(signal),
    // Features of different pixels have different variances.
    gaussian: signal.gaussian && keepsGaussian,
    centred: signal.centred,
    source: name,
  });
  return {
    name,
    infer: (signal, visit) => {
      checkImages(name, signal);
      return visited(after(signal), visit);
    },
    needs: () => needed,
    apply: (given) => {
      const input = atMost(given, needed);
      const size = input.nngp.length / input.pairs;
      const mean = (data: Float64Array) =>
        Float64Array.from({ length: input.pairs }, (_, pair) => {
          let sum = 0;
          for (let i = pair * size; i < (pair + 1) * size; i++) sum += data[i];
          return sum / size;
        });
      const { signal, pairs } = input;
      return { signal: after(signal), spatial: 'same', pairs, nngp: mean(input.nngp), ntk: mean(input.ntk) };
    },
    network,
  };
}

function checkImages(where: string, signal: Signal): void {
  if (!signal.pixels) throw new ShapeError(`${where}: expected images [C, H, W], got ${formatSignal(signal)}`);
}
