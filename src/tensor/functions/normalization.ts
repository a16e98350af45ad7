import { apply } from '../apply.ts';
import type { Tensor } from '../tensor.ts';
import { multiply } from '../primitives/elementwise/arithmetic.ts';
import { add, power, scale, subtract } from './elementwise.ts';
import { ones, reshape, slice } from './movement.ts';
import { scalar } from '../tensor.ts';
import { sizeOf } from '../shape.ts';

/**
 * x̂ = (x − μ) / √(σ² + ε), with the mean μ and the biased variance σ² of each channel over the batch and all pixels.
 *
 * @param x […, N, C, H, W] with N·H·W ≥ 2
 *
 * @example
 * const x = constant(ndarray([1, 3], [2, 1, 1, 1])); // one channel, of mean 2 and variance 1
 * const [y] = await evaluate([standardize(x, 0)]);
 * console.log([...y.data]); // [ -1, 1 ]
 */
export function standardize(x: Tensor, epsilon: number): Tensor {
  return apply('standardize', [x], { epsilon });
}

/**
 * (x − μ) / √(σ² + ε) of each of `rows` rows of consecutive elements, by the row's own mean and biased variance.
 *
 * @param rows divides the number of elements of x
 * @returns the shape of x
 *
 * @example
 * const x = constant(ndarray([1, 3, 10, 30], [2, 2]));
 * const [y] = await evaluate([standardizeRows(x, 2, 0)]);
 * console.log([...y.data]); // [ -1, 1, -1, 1 ]
 */
export function standardizeRows(x: Tensor, rows: number, epsilon: number): Tensor {
  return reshape(standardize(reshape(x, [1, rows, sizeOf(x.shape) / rows, 1]), epsilon), x.shape);
}

/**
 * 1 / √(σ² + ε) of each channel.
 *
 * @param x […, N, C, H, W]
 * @returns […, C]
 *
 * @example
 * const x = constant(ndarray([1, 5], [2, 1, 1, 1])); // mean 3, variance 4
 * const [s] = await evaluate([inverseDeviation(x, 0)]);
 * console.log([...s.data]); // [ 0.5 ]
 */
export function inverseDeviation(x: Tensor, epsilon: number): Tensor {
  return apply('inverseDeviation', [x], { epsilon });
}

/**
 * s · (g − mean(g) − y · mean(g·y)), means over batch and pixels: the derivative of {@link standardize} applied to g,
 * when y is its value and s the inverse deviation. The map is self-adjoint in g.
 *
 * A factor a channel commutes with the means, so one that g carries (batch norm's γ) moves into s: a whole pass over
 * the gradient is saved.
 *
 * @example
 * const x = constant(ndarray([1, 5, 3, 3], [4, 1, 1, 1]));
 * const g = ones([4, 1, 1, 1]); // of the sum of all outputs, which is 0 for any x
 * const [gradient] = await evaluate([standardizeGradient(g, standardize(x, 0), inverseDeviation(x, 0))]);
 * console.log([...gradient.data]); // [ 0, 0, 0, 0 ]
 */
export function standardizeGradient(g: Tensor, y: Tensor, s: Tensor): Tensor {
  const { op } = g;
  if (op.kind === 'primitive' && op.primitive === 'channelScale') {
    const [inner, factor] = g.operands;
    return apply('standardizeGradient', [inner, y, multiply(s, factor)], {});
  }
  return apply('standardizeGradient', [g, y, s], {});
}

/**
 * scale[c]·x + shift[c].
 *
 * @param x […, N, C, H, W]
 * @param scale […, C]
 * @param shift […, C]
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [1, 2, 1, 2])); // two channels of two pixels
 * const [factors, shifts] = [constant(ndarray([10, 100], [2])), constant(ndarray([1, 2], [2]))];
 * const [y] = await evaluate([channelAffine(x, factors, shifts)]);
 * console.log([...y.data]); // [ 11, 21, 302, 402 ]
 */
export function channelAffine(x: Tensor, scale: Tensor, shift: Tensor): Tensor {
  return apply('channelAffine', [x, scale, shift], {});
}

/**
 * factor[c]·x for x of […, N, C, H, W] and factor of […, C]. A factor that x carries already is multiplied by this one.
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [1, 2, 1, 2])); // two channels of two pixels
 * const [y] = await evaluate([channelScale(x, constant(ndarray([10, 100], [2])))]);
 * console.log([...y.data]); // [ 10, 20, 300, 400 ]
 */
export function channelScale(x: Tensor, factor: Tensor): Tensor {
  const { op } = x;
  if (op.kind === 'primitive' && op.primitive === 'channelScale') {
    const [inner, own] = x.operands;
    return apply('channelScale', [inner, multiply(own, factor)], {});
  }
  return apply('channelScale', [x, factor], {});
}

/**
 * Σ_{n,h,w} a·b: […, N, C, H, W] twice, to […, C].
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [1, 2, 1, 2])); // two channels of two pixels
 * const [y] = await evaluate([channelInnerProduct(x, x)]);
 * console.log([...y.data]); // [ 5, 25 ]
 */
export function channelInnerProduct(a: Tensor, b: Tensor): Tensor {
  return apply('channelInnerProduct', [a, b], {});
}

/**
 * Σ_{n,h,w} x: […, N, C, H, W] to […, C].
 *
 * @example
 * const x = constant(ndarray([1, 2, 3, 4], [1, 2, 1, 2])); // two channels of two pixels
 * const [y] = await evaluate([channelSum(x)]);
 * console.log([...y.data]); // [ 3, 7 ]
 */
export function channelSum(x: Tensor): Tensor {
  return apply('channelSum', [x], {});
}

/** Batch norm's default ε, PyTorch's. */
export const BATCH_NORM_EPSILON = 1e-5;

/**
 * Batch normalisation by the statistics of the batch itself (Ioffe & Szegedy 2015), as in training:
 * y = γ · x̂ + β. Every output depends on every sample.
 *
 * @param x […, N, C, H, W] with N·H·W ≥ 2
 * @param gamma […, C]
 * @param beta […, C]
 *
 * @example
 * const x = constant(ndarray([1, 3], [2, 1, 1, 1])); // one channel, of mean 2 and variance 1
 * const [gamma, beta] = [constant(ndarray([10], [1])), constant(ndarray([5], [1]))];
 * const [y] = await evaluate([batchNorm(x, gamma, beta, 0)]);
 * console.log([...y.data]); // [ -5, 15 ]
 */
export function batchNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon = BATCH_NORM_EPSILON): Tensor {
  return channelAffine(standardize(x, epsilon), gamma, beta);
}

/** Given statistics of each channel, […, C] both. */
export interface ChannelStatistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/**
 * Batch normalisation by given statistics, as in evaluation: y = γ · (x − mean) / √(variance + ε) + β. Samples stay
 * independent.
 *
 * @example
 * const statistics = { mean: constant(ndarray([2], [1])), variance: constant(ndarray([4], [1])) };
 * const x = constant(ndarray([2, 6], [2, 1, 1, 1]));
 * const [y] = await evaluate([batchNormWith(statistics, x, ones([1]), zeros([1]), 0)]);
 * console.log([...y.data]); // [ 0, 2 ]
 */
export function batchNormWith(
  { mean, variance }: ChannelStatistics,
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  epsilon = BATCH_NORM_EPSILON,
): Tensor {
  const s = power(add(variance, scalar(epsilon, x.dtype)), -0.5);
  // The mean first: x·s − mean·s would cancel where the mean is large beside the deviation.
  return channelAffine(fromChannel(x, mean), multiply(gamma, s), beta);
}

/** x − value[c]. */
function fromChannel(x: Tensor, value: Tensor): Tensor {
  const [c] = value.shape.slice(-1);
  return channelAffine(x, ones([c], x.dtype), scale(value, -1));
}

/**
 * Mean and biased variance of each channel over batch and pixels. Sums are of distances, first from the channel's first
 * value and then from the mean as rounded: nothing cancels, and a constant channel has variance 0 exactly.
 *
 * @param x […, N, C, H, W]
 *
 * @example
 * const { mean, variance } = channelStatistics(constant(ndarray([1, 5], [2, 1, 1, 1])));
 * const [m, v] = await evaluate([mean, variance]);
 * console.log([...m.data], [...v.data]); // [ 3 ] [ 4 ]
 */
export function channelStatistics(x: Tensor): ChannelStatistics {
  const [n, c, h, w] = x.shape.slice(-4);
  const average = (y: Tensor) => scale(channelSum(y), 1 / (n * h * w));
  const only = { start: 0, stop: 1 };
  const start = reshape(slice(x, [only, {}, only, only]), [...x.shape.slice(0, -4), c]);
  const center = add(start, average(fromChannel(x, start)));
  const deviation = fromChannel(x, center);
  const shift = average(deviation);
  const squares = scale(channelInnerProduct(deviation, deviation), 1 / (n * h * w));
  return { mean: add(center, shift), variance: subtract(squares, multiply(shift, shift)) };
}
