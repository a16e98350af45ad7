import { checkOptions, oneOf, checkReal } from '../../check.ts';
import { atMost, forEachCovariance } from './covariances.ts';
import type { KernelMap } from './kernelMap.ts';
import { pixelCount, type Signal, visited } from './signal.ts';
import { PlainLayerNorm } from './modules.ts';
import { checkGaussian } from './nonlinearities.ts';

/** Options of {@link layerNorm}. */
export interface LayerNormMapOptions {
  /** Over the channels of each pixel, the default, or over all of a sample, as PyTorch's `LayerNorm([C, H, W])`. */
  readonly over?: 'channels' | 'sample' | undefined;
  /** Added to the variance; 1e-5 by default. */
  readonly eps?: number | undefined;
}

/**
 * Layer norm without parameters. With infinitely many channels the mean over them is 0 and their variance is no random
 * number any more, nor does it move with a parameter:
 *
 *     K'[p, q] = K[p, q]/√((v(p) + ε)·(v(q) + ε)),   Θ' likewise
 *
 * @throws InputError when an option is out of its range, or its input is not Gaussian.
 */
export function layerNorm(options: LayerNormMapOptions = {}): KernelMap {
  checkOptions('layerNorm', options, ['over', 'eps']);
  const { over = 'channels', eps = 1e-5 } = options;
  oneOf('layerNorm: over', over, ['channels', 'sample']);
  checkReal('layerNorm: eps', eps, { least: 0 });
  const after = (signal: Signal): Signal => ({ ...signal, source: 'layerNorm' });
  return {
    name: 'layerNorm',
    infer: (signal, visit) => {
      checkGaussian('layerNorm', signal);
      return visited(after(signal), visit);
    },
    needs: (wanted) => wanted,
    apply: (given, wanted, variances) => {
      const input = atMost(given, wanted);
      const { first, second } = variances.next(input);
      const scales = (v: Float64Array) =>
        (over === 'channels' ? v : meanOverPixels(v, pixelCount(input.signal))).map((x) => 1 / Math.sqrt(x + eps));
      const [a, b] = [scales(first), scales(second)];
      const scaled = (data: Float64Array) => {
        const result = new Float64Array(data.length);
        forEachCovariance(input, (at, i, j) => (result[at] = data[at] * (a[i] * b[j])));
        return result;
      };
      return { ...input, signal: after(input.signal), nngp: scaled(input.nngp), ntk: scaled(input.ntk) };
    },
    network: () => new PlainLayerNorm(over, eps),
  };
}

/** Each sample's mean in place of its pixels' numbers. */
function meanOverPixels(v: Float64Array, pixels: number): Float64Array {
  const result = new Float64Array(v.length);
  for (let start = 0; start < v.length; start += pixels) {
    let sum = 0;
    for (let i = start; i < start + pixels; i++) sum += v[i];
    result.fill(sum / pixels, start, start + pixels);
  }
  return result;
}
