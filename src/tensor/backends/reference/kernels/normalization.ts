import type { FloatArray } from '../../../array.ts';
import { type Kernel, overLeading } from '../kernel.ts';
import type { Shape } from '../../../shape.ts';
import type { NormalizationPrimitives } from '../../../primitives/normalization.ts';

/** The pixels of one channel: `batch` runs of `pixels` elements, `step` apart, the first at `start`. */
interface Channel {
  readonly start: number;
  readonly batch: number;
  readonly pixels: number;
  readonly step: number;
}

function channels([n, c, h, w]: Shape): Channel[] {
  return Array.from({ length: c }, (_, channel) => ({
    start: channel * h * w,
    batch: n,
    pixels: h * w,
    step: c * h * w,
  }));
}

/** Σ over a channel of a, of (a − center)², or of any product: `term` gives the summand at an offset. */
function sumOver({ start, batch, pixels, step }: Channel, term: (offset: number) => number): number {
  let sum = 0;
  for (let n = 0; n < batch; n++) {
    const first = start + n * step;
    for (let i = first; i < first + pixels; i++) sum += term(i);
  }
  return sum;
}

function writeOver(
  { start, batch, pixels, step }: Channel,
  output: FloatArray,
  value: (offset: number) => number,
): void {
  for (let n = 0; n < batch; n++) {
    const first = start + n * step;
    for (let i = first; i < first + pixels; i++) output[i] = value(i);
  }
}

/** What a channel is normalised by. */
interface Moments {
  readonly center: number;
  readonly shift: number;
  readonly inverse: number;
}

/**
 * x − μ as (x − center) − shift, and 1/√(σ² + ε). Sums are of distances: from the channel's first value, which gives a
 * mean to a rounding, the center; then from the center. So nothing cancels, and a constant channel has μ = x exactly.
 */
function moments(channel: Channel, x: FloatArray, epsilon: number): Moments {
  const count = channel.batch * channel.pixels;
  const start = x[channel.start];
  const center = start + sumOver(channel, (i) => x[i] - start) / count;
  const shift = sumOver(channel, (i) => x[i] - center) / count;
  // Σ(x − center)² = Σ(x − μ)² + count·shift².
  const variance = Math.max(0, sumOver(channel, (i) => (x[i] - center) ** 2) / count - shift ** 2);
  return { center, shift, inverse: 1 / Math.sqrt(variance + epsilon) };
}

export const normalizationKernels: { [P in keyof NormalizationPrimitives]: Kernel<NormalizationPrimitives[P]> } = {
  standardize: overLeading(
    () => [4, 4],
    ({ epsilon }, [shape]) =>
      (output, [x]) => {
        for (const channel of channels(shape)) {
          const { center, shift, inverse } = moments(channel, x, epsilon);
          writeOver(channel, output, (i) => (x[i] - center - shift) * inverse);
        }
      },
  ),
  inverseDeviation: overLeading(
    () => [4, 1],
    ({ epsilon }, [shape]) =>
      (output, [x]) => {
        channels(shape).forEach((channel, c) => (output[c] = moments(channel, x, epsilon).inverse));
      },
  ),
  standardizeGradient: overLeading(
    () => [4, 4, 1, 4],
    (_, [shape]) =>
      (output, [g, y, s]) => {
        channels(shape).forEach((channel, c) => {
          const count = channel.batch * channel.pixels;
          const meanG = sumOver(channel, (i) => g[i]) / count;
          const meanGY = sumOver(channel, (i) => g[i] * y[i]) / count;
          writeOver(channel, output, (i) => s[c] * (g[i] - meanG - y[i] * meanGY));
        });
      },
  ),
  channelAffine: overLeading(
    () => [4, 1, 1, 4],
    (_, [shape]) =>
      (output, [x, scale, shift]) => {
        channels(shape).forEach((channel, c) => writeOver(channel, output, (i) => scale[c] * x[i] + shift[c]));
      },
  ),
  channelScale: overLeading(
    () => [4, 1, 4],
    (_, [shape]) =>
      (output, [x, scale]) => {
        channels(shape).forEach((channel, c) => writeOver(channel, output, (i) => scale[c] * x[i]));
      },
  ),
  channelInnerProduct: overLeading(
    () => [4, 4, 1],
    (_, [shape]) =>
      (output, [a, b]) => {
        channels(shape).forEach((channel, c) => (output[c] = sumOver(channel, (i) => a[i] * b[i])));
      },
  ),
  channelSum: overLeading(
    () => [4, 1],
    (_, [shape]) =>
      (output, [x]) => {
        channels(shape).forEach((channel, c) => (output[c] = sumOver(channel, (i) => x[i])));
      },
  ),
};
