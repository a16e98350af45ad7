import { checkOptions, formatValue, oneOf, checkReal } from '../../check.ts';
import { type Pair, pair, type PaddingOption, ShapeError, sides, type Sides } from '../../tensor/index.ts';
import { atMost, type Covariances } from './covariances.ts';
import type { KernelMap } from './kernelMap.ts';
import { type Affine, ScaledConvolution, ScaledLinear } from './modules.ts';
import { formatSignal, type Signal, visited } from './signal.ts';
import { alongBoth, alongOne, type Taps, tapsOf } from './windows.ts';

/** How the weights of a linear layer are drawn and trained. */
export interface AffineOptions {
  /** σw; 1 by default. */
  readonly weightStd?: number | undefined;
  /** σb ≥ 0; without it there is no bias. */
  readonly biasStd?: number | undefined;
  /**
   * With n inputs of an output, z = Σ over these:
   *
   * - `ntk` (default): y = σw/√n·W·z + σb·b with W and b from N(0, 1). The tangent kernel has a limit, whatever the width;
   * - `standard`: y = W·z + b with W from N(0, σw²/n) and b from N(0, σb²), as PyTorch's layers are. The tangent kernel
   *   grows with the widths: what is computed is its leading term at those given (Sohl-Dickstein et al. 2020).
   */
  readonly parameterization?: 'ntk' | 'standard' | undefined;
}

const AFFINE = ['weightStd', 'biasStd', 'parameterization'] as const;

function checkedAffine(where: string, width: number, options: AffineOptions): Affine {
  const { weightStd = 1, biasStd, parameterization = 'ntk' } = options;
  if (!Number.isInteger(width) || width < 1) {
    throw new ShapeError(`${where}: width: expected an integer ≥ 1, got ${formatValue(width)}`);
  }
  checkReal(`${where}: weightStd`, weightStd, { least: 0 });
  if (biasStd !== undefined) checkReal(`${where}: biasStd`, biasStd, { least: 0 });
  oneOf(`${where}: parameterization`, parameterization, ['ntk', 'standard']);
  return { width, weightStd, biasStd, parameterization };
}

/**
 * The kernels after a linear layer, of those before it, averaged over its n inputs:
 *
 *     K' = σw²·K + σb²,   Θ' = σw²·Θ + (n·K + 1 | σw²·K + σb²)     (standard | NTK parametrisation; 0 for 1 without bias)
 */
function affine(
  { weightStd, biasStd, parameterization }: Affine,
  n: number,
  input: Pick<Covariances, 'nngp' | 'ntk'>,
): Pick<Covariances, 'nngp' | 'ntk'> {
  const [w, b] = [weightStd ** 2, (biasStd ?? 0) ** 2];
  const nngp = input.nngp.map((k) => w * k + b);
  const isStandard = parameterization === 'standard';
  const ofBias = biasStd === undefined ? 0 : 1;
  const own = (at: number) => (isStandard ? n * input.nngp[at] + ofBias : nngp[at]);
  return { nngp, ntk: input.ntk.map((theta, at) => w * theta + own(at)) };
}

/**
 * A fully connected layer, of vectors.
 *
 * @param width its outputs. In the NTK parametrisation no kernel depends on it.
 * @throws ShapeError, InputError when an argument is out of its range; ShapeError when it is given images.
 *
 * @example
 * serial(dense(512), relu(), dense(10, { weightStd: 1.5, biasStd: 0.1 }));
 */
export function dense(width: number, options: AffineOptions = {}): KernelMap {
  checkOptions('dense', options, AFFINE);
  const settings = checkedAffine('dense', width, options);
  return {
    name: 'dense',
    infer: (signal, visit) => {
      if (signal.pixels) {
        throw new ShapeError(
          `dense: expected vectors, as flatten() or globalAveragePool() make of images, got ${formatSignal(signal)}`,
        );
      }
      return visited({ channels: width, gaussian: true, centred: true, source: 'dense' }, visit);
    },
    needs: () => 'same',
    apply: (input) => ({
      ...input,
      signal: { channels: width, gaussian: true, centred: true, source: 'dense' },
      ...affine(settings, input.signal.channels, input),
    }),
    network: ({ channels }) => new ScaledLinear(channels, settings),
  };
}

/** Options of {@link conv}. */
export interface ConvOptions extends AffineOptions {
  /** 1 by default. */
  readonly stride?: number | Pair | undefined;
  /**
   * Zeros around the image. `valid` (default): none; `same`: as many as make the size the image's over the stride, rounded
   * up, of an odd number the larger part after the image; or PyTorch's.
   */
  readonly padding?: 'valid' | 'same' | PaddingOption | undefined;
}

/**
 * A convolution of images. Its kernels average over the pixels of its window, zeros of padding among them (Novak et al.
 * 2019; Arora et al. 2019):
 *
 *     K̄[p, q] = (1/k)·Σ_δ K[p·stride + δ − padding, q·stride + δ − padding]     with the k offsets δ of the kernel
 *
 * @param width its output channels. In the NTK parametrisation no kernel depends on it.
 * @throws ShapeError, InputError when an argument is out of its range; ShapeError when it is given vectors or too small
 * images.
 *
 * @example
 * serial(conv(64, 3, { padding: 'same' }), relu(), globalAveragePool(), dense(10));
 */
export function conv(width: number, kernelSize: number | Pair, options: ConvOptions = {}): KernelMap {
  checkOptions('conv', options, [...AFFINE, 'stride', 'padding']);
  const settings = checkedAffine('conv', width, options);
  const kernel = pair('conv: kernelSize', kernelSize, 1);
  const stride = pair('conv: stride', options.stride ?? 1, 1);
  const { padding = 'valid' } = options;
  const declared = padding === 'valid' ? 0 : padding;
  if (typeof declared === 'string') oneOf('conv: padding', padding, ['valid', 'same']);
  const fixed = typeof declared === 'string' ? undefined : sides('conv: padding', declared);
  const paddingOf = (signal: Signal): Sides => {
    if (fixed) return fixed;
    const [h, w] = signal.pixels!;
    return [samePadding(h, kernel[0], stride[0]), samePadding(w, kernel[1], stride[1])];
  };
  const tapsFor = (signal: Signal): readonly [Taps, Taps] => {
    const padded = paddingOf(signal);
    const [h, w] = signal.pixels!;
    return [tapsOf(h, kernel[0], stride[0], padded[0]), tapsOf(w, kernel[1], stride[1], padded[1])];
  };
  const output = (signal: Signal): Signal => {
    const [rows, columns] = tapsFor(signal);
    return { channels: width, pixels: [rows.outputs, columns.outputs], gaussian: true, centred: true, source: 'conv' };
  };
  return {
    name: 'conv',
    infer: (signal, visit) => {
      if (!signal.pixels) throw new ShapeError(`conv: expected images [C, H, W], got ${formatSignal(signal)}`);
      const result = output(signal);
      if (result.pixels![0] < 1 || result.pixels![1] < 1) {
        throw new ShapeError(
          `conv: expected images of at least the kernel's size ${kernel.join('×')}, padding included, got ${formatSignal(signal)}`,
        );
      }
      return visited(result, visit);
    },
    needs: (wanted) => wanted,
    apply: (given, wanted) => {
      const input = atMost(given, wanted);
      const [rows, columns] = tapsFor(input.signal);
      const [, w] = input.signal.pixels!;
      const window = kernel[0] * kernel[1];
      const averaged = (data: Float64Array) => {
        const sums =
          wanted === 'same'
            ? alongOne(alongOne(data, rows, w), columns, 1)
            : alongBoth(alongBoth(data, rows, w, w), columns, rows.outputs, 1);
        return sums.map((sum) => sum / window);
      };
      const means = { nngp: averaged(input.nngp), ntk: averaged(input.ntk) };
      return { ...input, signal: output(input.signal), ...affine(settings, input.signal.channels * window, means) };
    },
    network: (signal) =>
      new ScaledConvolution(signal.channels, kernel, { stride, padding: paddingOf(signal) }, settings),
  };
}

function samePadding(extent: number, kernel: number, stride: number): Pair {
  const total = Math.max(0, (Math.ceil(extent / stride) - 1) * stride + kernel - extent);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
