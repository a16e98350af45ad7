import { checkRunOptions } from '../../abort.ts';
import { formatValue } from '../../check.ts';
import type { RunOptions } from '../../progress.ts';
import { inTurns } from '../../turns.ts';
import { checkBatch, type Module } from '../../nn/index.ts';
import { formatShape, InputError, ndarray, type NDArray, type Shape, ShapeError } from '../../tensor/index.ts';
import { checkBytes } from '../memory.ts';
import { type Covariances, Variances } from './covariances.ts';
import { checkMap, type KernelMap } from './kernelMap.ts';
import { formatSignal, pixelCount, type Signal, type Spatial } from './signal.ts';

/** The two kernels of an infinitely wide network, in float64. */
export interface InfiniteKernel {
  /** The covariance of an output of the network at initialisation, a Gaussian process: [N₁, N₂]. */
  readonly nngp: NDArray;
  /** The tangent kernel of an output, [N₁, N₂]; that of all outputs is its product with the identity. */
  readonly ntk: NDArray;
}

/** Options of {@link infiniteKernel}. */
export interface InfiniteKernelOptions extends RunOptions {
  /** A second batch, [N₂, …]; the first itself by default. */
  readonly x2?: NDArray | undefined;
  /**
   * The most bytes that may be taken: a computation that needs more is refused before it starts. By default what the system
   * has left, where it tells.
   */
  readonly maximumBytes?: number | undefined;
}

/** How many numbers a block of pairs has at most, unless one pair has more. */
const BLOCK = 2 ** 16;

/**
 * The covariance (NNGP) and the tangent kernel (NTK) of a network of infinite width, in closed form, as a composition of
 * maps of kernels (Neal 1996; Lee et al. 2018; Jacot et al. 2018; Arora et al. 2019).
 *
 * Cost: N₁·N₂ pairs, each of P numbers a layer for P pixels, or P² where there is pooling. Pairs are computed some at a
 * time on the calling thread: memory is that of N₁·N₂ results, the variances of N₁ + N₂ samples, and a few times P².
 *
 * @param x1 [N₁, D] or [N₁, C, H, W]
 * @throws ShapeError when the batch does not fit the network, InputError where there is no formula or a batch holds NaN or
 * infinity, BackendError when it needs more memory than there is; the signal's reason when it is aborted.
 *
 * @example
 * const { dense, relu, serial } = infinite;
 * const { nngp, ntk } = await infiniteKernel(serial(dense(512), relu(), dense(1)), images);
 * console.log(nngp.shape, ntk.shape); // [ 4, 4 ] [ 4, 4 ]
 */
export async function infiniteKernel(
  network: KernelMap,
  x1: NDArray,
  options: InfiniteKernelOptions = {},
): Promise<InfiniteKernel> {
  checkRunOptions('infiniteKernel', options, ['x2', 'maximumBytes', 'signal', 'onProgress']);
  checkMap('infiniteKernel', network);
  const { x2, maximumBytes, signal, onProgress } = options;
  if (maximumBytes !== undefined && !(typeof maximumBytes === 'number' && maximumBytes >= 1)) {
    throw new InputError(`infiniteKernel: maximumBytes: expected a number ≥ 1, got ${formatValue(maximumBytes)}`);
  }
  checkBatch(x1, 'infiniteKernel: x1');
  if (x2) checkBatch(x2, 'infiniteKernel: x2', [x2.shape[0], ...x1.shape.slice(1)]);
  const input = signalOf('infiniteKernel', x1.shape);
  const { numbers } = checkedNetwork(network, input);
  const spatial: Spatial = input.pixels ? network.needs('same') : 'same';
  const perPair = spatial === 'all' ? numbers ** 2 : numbers;
  const pairs = Math.max(1, Math.floor(BLOCK / perPair));
  const [n1, n2] = [x1.shape[0], x2 ? x2.shape[0] : x1.shape[0]];
  // Of a block, kernels before and after a map, and what is on the way; variances at each of a few dozen places.
  checkBytes(
    `infiniteKernel: ${n1}×${n2} pairs of ${perPair} numbers`,
    16 * n1 * n2 + 8 * (10 * pairs * perPair + 32 * (n1 + n2) * numbers),
    maximumBytes,
    'fewer samples, smaller images or no pooling need less',
  );
  const computation = kernelsOf({ network, input, spatial, batches: [x1, x2 ?? x1], isOne: !x2, pairs }, onProgress);
  const { nngp, ntk } = await inTurns(computation, signal);
  return { nngp: ndarray(nngp, [n1, n2]), ntk: ndarray(ntk, [n1, n2]) };
}

/**
 * A network of the widths given, with parameters of the same meaning: what the kernels of {@link infiniteKernel} are the
 * limit of. `initialize` draws its parameters, whatever scheme it is given.
 *
 * @param shape of a sample: [D] or [C, H, W]
 * @throws ShapeError, InputError when the sample does not fit.
 *
 * @example
 * const { dense, relu, serial } = infinite;
 * const map = serial(dense(4096), relu(), dense(1));
 * const wide = wideNetwork(map, [5]);
 * initialize(wide, pytorchDefault, generator);
 * const { kernel } = await tangentKernel(wide, images);
 * const { ntk } = await infiniteKernel(map, images);
 * console.log(kernelDistance(kernel, ntk) < 0.01); // true
 */
export function wideNetwork(network: KernelMap, shape: Shape): Module {
  checkMap('wideNetwork', network);
  const signal = signalOf('wideNetwork', [1, ...shape]);
  network.infer(signal, () => {});
  return network.network(signal);
}

function signalOf(where: string, [, channels, ...pixels]: Shape): Signal {
  if (channels !== undefined && (pixels.length === 0 || pixels.length === 2)) {
    const hasPixels = pixels.length === 2 ? ([pixels[0], pixels[1]] as const) : undefined;
    return { channels, pixels: hasPixels, gaussian: false, centred: false, source: 'the data' };
  }
  const shape = channels === undefined ? [] : [channels, ...pixels];
  throw new ShapeError(`${where}: expected samples [D] or [C, H, W], got ${formatShape(shape)}`);
}

/** The most pixels of any signal on the way. */
function checkedNetwork(network: KernelMap, input: Signal): { numbers: number } {
  let numbers = pixelCount(input);
  const output = network.infer(input, (signal) => (numbers = Math.max(numbers, pixelCount(signal))));
  if (output.pixels) {
    throw new ShapeError(
      `infiniteKernel: expected outputs that are vectors, got ${formatSignal(output)}; ` +
        'flatten() or globalAveragePool() makes vectors of images',
    );
  }
  return { numbers };
}

interface Request {
  readonly network: KernelMap;
  readonly input: Signal;
  readonly spatial: Spatial;
  readonly batches: readonly [NDArray, NDArray];
  /** Whether the two batches are one: then half of the pairs is computed. */
  readonly isOne: boolean;
  /** How many are computed at a time. */
  readonly pairs: number;
}

type Pairs = readonly (readonly [first: number, second: number])[];

function* kernelsOf(
  { network, input, spatial, batches, isOne, pairs }: Request,
  onProgress: RunOptions['onProgress'],
): Generator<void, { nngp: Float64Array; ntk: Float64Array }> {
  const [n1, n2] = batches.map(({ shape }) => shape[0]);
  const recorded: Float64Array[][] = [];
  const samples = (isOne ? [batches[0]] : batches).flatMap((batch) =>
    Array.from({ length: batch.shape[0] }, (_, i) => sampleOf(batch, i)),
  );
  const products = (block: Pairs) => productsOf(input, spatial, samples, block);
  for (let start = 0; start < samples.length; start += pairs) {
    const block = numbersFrom(start, Math.min(pairs, samples.length - start)).map((i) => [i, i] as const);
    network.apply(products(block), 'same', Variances.record(recorded));
    yield;
  }
  const nngp = new Float64Array(n1 * n2);
  const ntk = new Float64Array(n1 * n2);
  for (let i = 0; i < n1; i++) {
    const first = isOne ? i : 0;
    for (let start = first; start < n2; start += pairs) {
      const columns = numbersFrom(start, Math.min(pairs, n2 - start));
      const block = columns.map((j) => [i, isOne ? j : n1 + j] as const);
      const output = network.apply(products(block), 'same', Variances.read(recorded, block));
      columns.forEach((j, at) => {
        nngp[i * n2 + j] = output.nngp[at];
        ntk[i * n2 + j] = output.ntk[at];
        if (!isOne) return;
        nngp[j * n2 + i] = output.nngp[at];
        ntk[j * n2 + i] = output.ntk[at];
      });
      yield;
    }
    onProgress?.({ done: i + 1, of: n1, stage: 'kernel' });
  }
  return { nngp, ntk };
}

function numbersFrom(start: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => start + i);
}

function sampleOf({ data, shape: [n] }: NDArray, i: number): Float64Array {
  const size = data.length / n;
  return Float64Array.from(data.subarray(i * size, (i + 1) * size));
}

/** The kernels of the data themselves: means over channels of products, and no parameters. */
function productsOf(signal: Signal, spatial: Spatial, samples: readonly Float64Array[], block: Pairs): Covariances {
  const pixels = pixelCount(signal);
  const { channels } = signal;
  const size = spatial === 'all' ? pixels * pixels : pixels;
  const nngp = new Float64Array(block.length * size);
  block.forEach(([first, second], pair) => {
    const [a, b] = [samples[first], samples[second]];
    const target = nngp.subarray(pair * size, (pair + 1) * size);
    for (let c = 0; c < channels * pixels; c += pixels) {
      if (spatial === 'same') {
        for (let p = 0; p < pixels; p++) target[p] += a[c + p] * b[c + p];
        continue;
      }
      for (let p = 0; p < pixels; p++) {
        for (let q = 0; q < pixels; q++) target[p * pixels + q] += a[c + p] * b[c + q];
      }
    }
    for (let e = 0; e < size; e++) target[e] /= channels;
  });
  return { signal, spatial, pairs: block.length, nngp, ntk: new Float64Array(nngp.length) };
}
