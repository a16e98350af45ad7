import type { CandidateKernel } from './candidates.ts';
import type { NamedFactor } from './factors.ts';
import type { Mistake } from './mistake.ts';
import { permutationOf } from './permutation.ts';

/** A kernel that somebody else computed, and what it is compared by. */
export interface Target {
  /** [size, size] */
  readonly sent: Float64Array;
  readonly size: number;
  /** Rows of a sample: K for all pairs of outputs, and 1 else. */
  readonly rowsPerSample: number;
  /** How far entries may be off, relative to the lengths of their rows. */
  readonly tolerance: number;
  /** As far as float32 may be off, where more precise numbers were sent; else the tolerance itself. */
  readonly rounded: number;
  readonly factors: readonly NamedFactor[];
}

/** What makes the kernel that was sent out of another one: nothing, or mistakes that the numbers themselves tell. */
export interface Match {
  readonly mistakes: readonly Mistake[];
  /** The largest difference that is left, relative to the lengths of the rows. */
  readonly difference: number;
  /** Whether the factor is none of the usual ones, so that it explains nothing. */
  readonly isUnnamed: boolean;
}

const FLOAT32: Mistake = {
  kind: 'float32',
  name: 'the kernel was computed in float32 throughout',
  explanation:
    'The numbers are right to the rounding of float32 and no further, though they were sent in float64. ' +
    'Compute rows, or at least their products, in float64, where small eigenvalues matter.',
};

/** How a kernel becomes the one that was sent, by up to two of: a factor, an order of samples, rounding. Best first. */
export function matchesOf(candidate: CandidateKernel, target: Target): Match[] {
  const plain = differenceOf(candidate, target, 1);
  const direct = judged(plain, target, []);
  if (direct) return [direct];
  // A kernel of nothing but rounding, such as that of the sum of probabilities, has no scale and no order.
  if (differenceOf(candidate, { ...target, sent: new Float64Array(target.sent.length) }, 1) <= 100 * target.rounded)
    return [];
  return [...scaledMatches(candidate, target), ...permutedMatches(candidate, target)];
}

/** The largest |sent − factor·Θ|, relative to the lengths of the rows. */
export function differenceOf({ matrix, lengths }: CandidateKernel, { sent, size }: Target, factor: number): number {
  let most = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      const off = Math.abs(sent[i * size + j] - factor * matrix[i * size + j]);
      if (off === 0) continue;
      const scale = factor * lengths[i] * lengths[j];
      most = Math.max(most, scale > 0 ? off / scale : Infinity);
    }
  }
  return most;
}

/** The largest |sent − Θ| over the largest |sent|. */
export function relativeDifference({ matrix }: CandidateKernel, { sent }: Target): number {
  const largest = sent.reduce((most, each) => Math.max(most, Math.abs(each)), 0);
  const off = sent.reduce((most, each, e) => Math.max(most, Math.abs(each - matrix[e])), 0);
  return off === 0 ? 0 : off / largest;
}

/** Whether numbers that differ by so much are the same, or the same in float32. */
function judged(difference: number, target: Target, mistakes: readonly Mistake[]): Match | undefined {
  if (difference <= target.tolerance) return { mistakes, difference, isUnnamed: false };
  if (difference <= target.rounded) return { mistakes: [...mistakes, FLOAT32], difference, isUnnamed: false };
  return undefined;
}

function scaledMatches(candidate: CandidateKernel, target: Target): Match[] {
  const { matrix } = candidate;
  let [product, square] = [0, 0];
  matrix.forEach((each, e) => {
    product += each * target.sent[e];
    square += each * each;
  });
  const factor = product / square;
  if (!(factor > 0) || target.size < 2) return [];
  const best = differenceOf(candidate, target, factor);
  if (best > target.rounded) return [];
  const near = target.factors.filter((each) => Math.abs(each.factor / factor - 1) < 1e-2);
  const named = near.flatMap(({ factor: exact, mistake }) => {
    const match = judged(differenceOf(candidate, target, exact), target, [mistake]);
    return match ? [match] : [];
  });
  if (named.length > 0) return named;
  const composed = target.factors.flatMap((first, i) =>
    target.factors.slice(i + 1).flatMap((second) => {
      const difference = differenceOfNear(candidate, target, first.factor * second.factor, factor);
      return difference <= target.tolerance
        ? [{ mistakes: [first.mistake, second.mistake], difference, isUnnamed: false }]
        : [];
    }),
  );
  if (composed.length > 0) return composed;
  if (best > target.tolerance) return [];
  const mistake: Mistake = {
    kind: 'factor',
    name: `the kernel is multiplied by ${factor.toPrecision(10)}, which is none of the usual factors`,
    explanation: 'All entries are off by one factor. κ is the same.',
  };
  return [{ mistakes: [mistake], difference: best, isUnnamed: true }];
}

/** {@link differenceOf} for a factor that is near the best one. */
function differenceOfNear(candidate: CandidateKernel, target: Target, factor: number, best: number): number {
  return Math.abs(factor / best - 1) < 1e-2 ? differenceOf(candidate, target, factor) : Infinity;
}

function permutedMatches(candidate: CandidateKernel, target: Target): Match[] {
  const { sent, size } = target;
  if (size < 2) return [];
  const trace = (matrix: Float64Array) =>
    Array.from({ length: size }, (_, i) => matrix[i * (size + 1)]).reduce((a, b) => a + b);
  const ratio = trace(sent) / trace(candidate.matrix);
  if (!(ratio > 0 && Number.isFinite(ratio))) return [];
  const factors = [
    { factor: 1, mistakes: [] as Mistake[] },
    ...target.factors.map(({ factor, mistake }) => ({ factor, mistakes: [mistake] })),
  ];
  return factors
    .filter(({ factor }) => Math.abs(ratio / factor - 1) < 1e-3)
    .flatMap(({ factor, mistakes }) => {
      const scaled = sent.map((each) => each / factor);
      for (const tolerance of new Set([target.tolerance, target.rounded])) {
        const order = permutationOf(scaled, { ...candidate, tolerance });
        if (order === undefined) continue;
        const permuted = {
          matrix: candidate.matrix.map(
            (_, e) => candidate.matrix[order[Math.floor(e / size)] * size + order[e % size]],
          ),
          lengths: candidate.lengths.map((_, i) => candidate.lengths[order[i]]),
        };
        const match = judged(differenceOf(permuted, target, factor), target, [reordering(order, target), ...mistakes]);
        if (match) return [match];
      }
      return [];
    });
}

function reordering(order: readonly number[], { rowsPerSample: q }: Target): Mistake {
  const samples = Array.from({ length: order.length / q }, (_, i) => Math.floor(order[i * q] / q));
  const isOfSamples = order.every((from, r) => from === samples[Math.floor(r / q)] * q + (r % q));
  const list = (isOfSamples ? samples : order).slice(0, 40).join(', ') + (order.length > 40 ? ', …' : '');
  return {
    kind: isOfSamples ? 'permuted' : 'order of rows',
    name: isOfSamples
      ? `samples are in another order: row i is of sample [${list}][i]`
      : `rows are in another order: row i is row [${list}][i]`,
    explanation:
      'The same kernel in another order. κ is the same. Look for a loader that shuffles, or for sorted rows.',
  };
}
