import { type KernelText, lanes, literal } from '../kernelText.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';
import { cutLoops, LONGEST, pieceOf } from '../pieces.ts';
import { mapViews, perLane, readView, type View } from '../strided.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../../shape.ts';
import type { NormalizationPrimitives } from '../../../primitives/normalization.ts';

// Sums over a channel are taken in two kernels: first over the pixels of each sample, or over pieces of them, four side by
// side, one texel for each piece; then over samples, pieces and lanes. So there is work for many threads, and no sum is
// long.

/** The sizes of a batch: leading dimensions, samples, channels, pixels. */
interface Batch {
  readonly leading: Shape;
  readonly n: number;
  readonly c: number;
  readonly pixels: number;
}

/** The batch that operands of shape […, n, c, h, w] make under the given leading dimensions. */
function batchOf(leading: Shape, { shape }: Operand): Batch {
  const [n, c, h, w] = shape.slice(-4);
  return { leading, n, c, pixels: h * w };
}

/** An operand […, n, c, h, w] read under [leading, n, c, pixels]. */
function images(operand: Operand, { leading, n, c, pixels }: Batch): View {
  const own = operand.shape.slice(0, -4);
  return { operand, strides: broadcastStrides([...own, n, c, pixels], [...leading, n, c, pixels]) };
}

/** An operand […, c] read under [leading, n, c, pixels]. */
function channels(operand: Operand, { leading, n, c, pixels }: Batch): View {
  const own = operand.shape.slice(0, -1);
  return { operand, strides: broadcastStrides([...own, 1, c, 1], [...leading, n, c, pixels]) };
}

/** The same strides under [leading, c, n]: of a sample's channel as a whole. */
function ofChannel({ strides }: View): number[] {
  const rank = strides.length - 3;
  return [...strides.slice(0, rank), strides[rank + 1], strides[rank]];
}

/**
 * Σ over a channel of several terms at once.
 *
 * @param operands batches first, then values a channel.
 * @param terms the summands, from an element of each batch and the channel's values.
 * @returns for each term its partial sums.
 */
function partialSums(
  lower: Lowering,
  batch: Batch,
  operands: { readonly batches: readonly Operand[]; readonly values?: readonly Operand[] },
  terms: readonly ((values: readonly string[], channel: readonly string[]) => string)[],
): PartialSums[] {
  const { leading, n, c, pixels } = batch;
  const { batches, values = [] } = operands;
  const whole = pixels % 4 === 0;
  const views = [...batches.map((operand) => images(operand, batch)), ...values.map((v) => channels(v, batch))];
  const strides = views.map(ofChannel);
  const all = [...batches, ...values];
  const unique = [...new Map(all.map((operand) => [operand.id, operand])).values()];
  const numberOf = (operand: Operand) => unique.findIndex(({ id }) => id === operand.id);

  const cut = cutLoops([whole ? pixels / 4 : pixels]);
  const planes = lower.planes(terms.length, [...leading, c, n, cut.count, 4], unique, (k, first, end) => {
    const [image, number] = k.divide(k.t, cut.count);
    const at = k.offsets(image, [...leading, c, n], strides);
    const perChannel = values.map((operand, i) => k.element(numberOf(operand), at[batches.length + i]));
    const sums = terms.slice(first, end).map(() => lanes(() => k.variable()));
    const starts = batches.map((_, i) => (whole ? k.divide(at[i], 4)[0] : at[i]));
    pieceOf(k, cut, number).loop(0, (i) => {
      const index = (start: string) => k.value(`${start} + ${i}`);
      const read = batches.map((operand, j) => {
        const number = numberOf(operand);
        if (whole) return k.texel(number, index(starts[j]));
        return [k.element(number, index(starts[j]))];
      });
      terms.slice(first, end).forEach((term, m) => {
        read[0].forEach((_, lane) => {
          const sum = sums[m][lane];
          const summand = term(
            read.map((lanesOf) => lanesOf[lane]),
            perChannel,
          );
          k.line(`${sum} = ${sum} + ${summand};`);
        });
      });
    });
    return sums;
  });
  return planes.map((sums) => fewer(lower, { sums, parts: n * cut.count }, sizeOf(leading) * c));
}

/** Partial sums of channels, `parts` texels for each: [channels, parts, 4]. */
interface PartialSums {
  readonly sums: Operand;
  readonly parts: number;
}

/** The partial sums that a thread adds up at most: it may do so for four channels, and for two sums. */
const MOST_PARTS = LONGEST / 8;

/** Partial sums added up to as few as one thread can add. */
function fewer(lower: Lowering, { sums, parts }: PartialSums, channelCount: number): PartialSums {
  if (parts <= MOST_PARTS) return { sums, parts };
  const cut = cutLoops([parts], 8);
  const shorter = lower.scratchKernel([channelCount, cut.count, 4], [sums], (k) => {
    const [channel, number] = k.divide(k.t, cut.count);
    const totals = lanes(() => k.variable());
    pieceOf(k, cut, number).loop(0, (i) => {
      const values = k.texel(0, k.value(`${channel} * ${parts} + ${i}`));
      totals.forEach((total, lane) => k.line(`${total} = ${total} + ${values[lane]};`));
    });
    return totals;
  });
  return fewer(lower, { sums: shorter, parts: cut.count }, channelCount);
}

/** Σ over the parts and lanes of a channel's partial sums; the channel, with its leading dimensions, is at `position`. */
function total(k: KernelText, number: number, parts: number, position: string): string {
  const sum = k.variable();
  k.loop(parts, (i) => {
    const [a, b, x, y] = k.texel(number, k.value(`${position} * ${parts} + ${i}`));
    k.line(`${sum} = ${sum} + ((${a} + ${b}) + (${x} + ${y}));`);
  });
  return sum;
}

/**
 * A function of a channel's sums, for every channel: into an output if one is given.
 *
 * @param sums partial sums, as `partialSums` gives them.
 * @param values arrays […, c] of the same leading dimensions, which the function reads, too.
 */
function finish(
  lower: Lowering,
  batch: Batch,
  sums: readonly PartialSums[],
  of: (sums: readonly string[], values: readonly string[]) => string,
  { values = [], output }: { readonly values?: readonly Operand[]; readonly output?: Operand | undefined } = {},
): Operand {
  const shape = [...batch.leading, batch.c];
  const write = (k: KernelText) =>
    perLane(k, sizeOf(shape), (position) => {
      const totals = sums.map(({ parts }, i) => total(k, i, parts, position));
      const read = values.map((_, i) => k.element(sums.length + i, position));
      return k.value(of(totals, read));
    });
  const operands = [...sums.map((each) => each.sums), ...values];
  if (output === undefined) return lower.scratchKernel(shape, operands, write);
  lower.kernel(output, operands, write);
  return output;
}

/** The first value of each channel. */
function firstValues(lower: Lowering, { leading, n, c, pixels }: Batch, x: Operand): Operand {
  const shape = [...leading, c];
  const { strides } = images(x, { leading, n, c, pixels });
  const view = { operand: x, strides: [...strides.slice(0, -3), strides[strides.length - 2]] };
  return lower.scratchKernel(shape, [x], (k) => readView(k, 0, shape, view));
}

/**
 * Center, shift and 1/√(σ² + ε) of each channel: the mean is center + shift, and its two parts are kept apart.
 *
 * Nothing cancels, however large the mean is. Sums are of distances: from the channel's first value, which gives a mean
 * to a rounding, the center; then from the center. A constant channel has distances of exactly 0.
 */
function moments(
  lower: Lowering,
  batch: Batch,
  x: Operand,
  epsilon: number,
  output?: Operand,
): { center: Operand; shift: Operand; inverse: Operand } {
  const count = batch.n * batch.pixels;
  const first = firstValues(lower, batch, x);
  const distance = ([a]: readonly string[], [m]: readonly string[]) => `(${a} - ${m})`;
  const [sums] = partialSums(lower, batch, { batches: [x], values: [first] }, [distance]);
  const center = finish(lower, batch, [sums], ([sum], [start]) => `${start} + ${sum} / ${count}`, { values: [first] });
  const square = (a: readonly string[], m: readonly string[]) => `${distance(a, m)} * ${distance(a, m)}`;
  const deviations = partialSums(lower, batch, { batches: [x], values: [center] }, [distance, square]);
  const shift = finish(lower, batch, [deviations[0]], ([sum]) => `${sum} / ${count}`);
  const inverse = finish(
    lower,
    batch,
    [deviations[1]],
    // Σ(x − center)² = Σ(x − μ)² + count·shift².
    ([sum], [s]) => `1.0 / Math.sqrt(Math.max(${sum} / ${count} - ${s} * ${s}, 0.0) + ${literal(epsilon)})`,
    { values: [shift], output },
  );
  return { center, shift, inverse };
}

/** Σg and Σg·y, together: the derivatives of batch norm's normalisation and of its scale both take the second. */
function gradientSums(lower: Lowering, batch: Batch, g: Operand, y: Operand): PartialSums[] {
  return partialSums(lower, batch, { batches: [g, y] }, [([a]) => a, ([a, b]) => `${a} * ${b}`]);
}

/** s, mean(g) and mean(g·y) of each channel in one texel: the pass over the batch then reads one, not three. */
function gradientCoefficients(lower: Lowering, batch: Batch, g: Operand, y: Operand, s: Operand): Operand {
  const { leading, n, c, pixels } = batch;
  const own = s.shape.slice(0, -1);
  const strides = broadcastStrides([...own, c], [...leading, c]);
  const both = gradientSums(lower, batch, g, y);
  return lower.scratchKernel([...leading, c, 4], [...both.map(({ sums }) => sums), s], (k) => {
    const [at] = k.offsets(k.t, [...leading, c], [strides]);
    const [meanG, meanGY] = [0, 1].map((i) => k.value(`${total(k, i, both[i].parts, k.t)} / ${n * pixels}`));
    return [k.element(2, at), meanG, meanGY, '0.0'];
  });
}

function leadingOf({ shape }: Operand, coreRank: number): Shape {
  return shape.slice(0, shape.length - coreRank);
}

/** Element by element over a batch, with values a channel. */
function affine(
  lower: Lowering,
  output: Operand,
  batches: readonly Operand[],
  values: readonly Operand[],
  f: (...values: string[]) => string,
): void {
  const batch = batchOf(leadingOf(output, 4), batches[0]);
  const { leading, n, c, pixels } = batch;
  const views = [...batches.map((x) => images(x, batch)), ...values.map((v) => channels(v, batch))];
  mapViews(lower, output, [...leading, n, c, pixels], views, f);
}

export const normalizationGpu: { [P in keyof NormalizationPrimitives]: GpuKernel<NormalizationPrimitives[P]> } = {
  standardize(lower, { epsilon }, output, [x]) {
    const { center, shift, inverse } = moments(lower, batchOf(leadingOf(output, 4), x), x, epsilon);
    affine(lower, output, [x], [center, shift, inverse], (a, c, d, s) => `(${a} - ${c} - ${d}) * ${s}`);
  },
  inverseDeviation(lower, { epsilon }, output, [x]) {
    moments(lower, batchOf(leadingOf(output, 1), x), x, epsilon, output);
  },
  standardizeGradient(lower, _, output, [g, y, s]) {
    const batch = batchOf(leadingOf(output, 4), g);
    const { leading, n, c, pixels } = batch;
    const coefficients = gradientCoefficients(lower, batch, g, y, s);
    const shape = [...leading, n, c, pixels];
    const ofChannels = broadcastStrides([...leading, 1, c, 1], shape);
    lower.kernel(output, [g, y, coefficients], (k) => {
      const [a, b] = [g, y].map((operand, i) => readView(k, i, shape, images(operand, batch)));
      const whole = pixels % 4 === 0;
      const channelAt = (position: string, extents: Shape) => k.texel(2, k.offsets(position, extents, [ofChannels])[0]);
      const shared = whole ? channelAt(k.t, [...leading, n, c, pixels / 4]) : undefined;
      return perLane(k, sizeOf(shape), (position, lane) => {
        const [f, m, q] = shared ?? channelAt(position, shape);
        return k.value(`${f} * (${a[lane]} - ${m} - ${b[lane]} * ${q})`);
      });
    });
  },
  channelAffine: (lower, _, output, [x, scale, shift]) =>
    affine(lower, output, [x], [scale, shift], (a, f, b) => `${f} * ${a} + ${b}`),
  channelScale: (lower, _, output, [x, factor]) => affine(lower, output, [x], [factor], (a, f) => `${f} * ${a}`),
  channelInnerProduct(lower, _, output, [a, b]) {
    const batch = batchOf(leadingOf(output, 1), a);
    finish(lower, batch, [gradientSums(lower, batch, a, b)[1]], ([sum]) => sum, { output });
  },
  channelSum(lower, _, output, [x]) {
    const batch = batchOf(leadingOf(output, 1), x);
    finish(lower, batch, partialSums(lower, batch, { batches: [x] }, [([a]) => a]), ([sum]) => sum, { output });
  },
};
