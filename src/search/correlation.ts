import { Generator, InputError } from '../tensor/index.ts';

/** Two lists of numbers that belong together, NaN nowhere; infinities are the largest and smallest. */
function requirePairs(name: string, x: readonly number[], y: readonly number[]): void {
  if (x.length !== y.length || x.length < 2) {
    throw new InputError(`${name}: expected two lists of the same length, at least 2, got ${x.length} and ${y.length}`);
  }
  const bad = [...x, ...y].find(Number.isNaN);
  if (bad !== undefined) throw new InputError(`${name}: expected numbers that can be ordered, got NaN`);
}

/** −1, 0 or 1; by comparison, so that infinities have an order, too. */
function compare(a: number, b: number): number {
  return Number(a > b) - Number(a < b);
}

/**
 * Kendall's rank correlation τ-b (Kendall 1945), which corrects for ties:
 *
 *     τ = (C − D) / √((n₀ − n₁)(n₀ − n₂))
 *
 * with C concordant and D discordant pairs, n₀ = n(n − 1)/2 pairs in all, n₁ of them tied in x and n₂ in y. By Knight's
 * method (1966) in time O(n log n): sorted by x, then y, the discordant pairs are the exchanges of a merge sort by y.
 *
 * @returns NaN when x or y are all the same.
 * @throws InputError when the lists differ in length, have fewer than 2 numbers, or hold NaN.
 *
 * @example
 * // Of six pairs five agree, and one does not: (5 − 1) / 6
 * console.log(kendallTau([1, 2, 3, 4], [10, 20, 40, 30]).toFixed(3)); // 0.667
 */
export function kendallTau(x: readonly number[], y: readonly number[]): number {
  requirePairs('kendallTau', x, y);
  const n = x.length;
  const order = [...x.keys()].sort((i, j) => compare(x[i], x[j]) || compare(y[i], y[j]));
  const byY = order.map((i) => y[i]);
  const tiedX = tiedPairs(n, (a, b) => x[order[a]] === x[order[b]]);
  const tiedBoth = tiedPairs(n, (a, b) => x[order[a]] === x[order[b]] && byY[a] === byY[b]);
  const discordant = countInversions(byY); // sorts byY
  const tiedY = tiedPairs(n, (a, b) => byY[a] === byY[b]);
  const pairs = (n * (n - 1)) / 2;
  const concordant = pairs - tiedX - tiedY + tiedBoth - discordant;
  return (concordant - discordant) / Math.sqrt((pairs - tiedX) * (pairs - tiedY));
}

/** Pairs within runs of neighbours that are equal. */
function tiedPairs(n: number, equal: (a: number, b: number) => boolean): number {
  let pairs = 0;
  for (let i = 1, run = 0; i < n; i++) {
    run = equal(i - 1, i) ? run + 1 : 0;
    pairs += run;
  }
  return pairs;
}

/** Sorts a list, and counts the pairs that stood in the wrong order. */
function countInversions(list: number[]): number {
  let [from, to] = [Float64Array.from(list), new Float64Array(list.length)];
  let inversions = 0;
  for (let width = 1; width < list.length; width *= 2) {
    for (let start = 0; start < list.length; start += 2 * width) {
      const middle = Math.min(start + width, list.length);
      const end = Math.min(start + 2 * width, list.length);
      for (let k = start, a = start, b = middle; k < end; k++) {
        if (a < middle && (b === end || from[a] <= from[b])) to[k] = from[a++];
        else {
          inversions += middle - a;
          to[k] = from[b++];
        }
      }
    }
    [from, to] = [to, from];
  }
  from.forEach((value, i) => (list[i] = value));
  return inversions;
}

/**
 * Ranks from 1; equals share the mean of theirs.
 *
 * @example
 * console.log(averageRanks([10, 30, 20, 30])); // [ 1, 3.5, 2, 3.5 ]
 */
export function averageRanks(values: readonly number[]): number[] {
  const order = [...values.keys()].sort((i, j) => compare(values[i], values[j]));
  const ranks = new Array<number>(values.length);
  for (let start = 0, end = 0; start < order.length; start = end) {
    while (end < order.length && values[order[end]] === values[order[start]]) end++;
    for (let k = start; k < end; k++) ranks[order[k]] = (start + 1 + end) / 2;
  }
  return ranks;
}

/**
 * Spearman's rank correlation ρ: Pearson's of the ranks, equals sharing the mean of theirs.
 *
 * @returns NaN when x or y are all the same.
 * @throws InputError as {@link kendallTau} does.
 *
 * @example
 * console.log(spearmanRho([1, 2, 3], [10, 30, 20])); // 0.5
 */
export function spearmanRho(x: readonly number[], y: readonly number[]): number {
  requirePairs('spearmanRho', x, y);
  const [rx, ry] = [averageRanks(x), averageRanks(y)];
  const middle = (x.length + 1) / 2;
  let [xy, xx, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    xy += (rx[i] - middle) * (ry[i] - middle);
    xx += (rx[i] - middle) ** 2;
    yy += (ry[i] - middle) ** 2;
  }
  return xy / Math.sqrt(xx * yy);
}

/** A statistic with its bootstrap interval. */
export interface Estimate {
  readonly value: number;
  /** Ends of the interval. */
  readonly low: number;
  readonly high: number;
}

/** How an interval is found. */
export interface BootstrapOptions {
  /** Resamples; 1000 by default. */
  readonly resamples?: number;
  /** The share of resamples within the interval; 0.95 by default. */
  readonly level?: number;
  /** The random seed; 0 by default. */
  readonly seed?: number;
}

/**
 * A statistic of pairs, and its percentile bootstrap interval (Efron 1979): the same statistic of as many pairs drawn
 * with replacement, many times, and the quantiles of what comes out. Resamples without a value (all x the same) are left
 * out.
 *
 * @example
 * const [x, y] = [[1, 2, 3, 4, 5, 6], [1, 3, 2, 4, 6, 5]];
 * const { value, low, high } = bootstrap(kendallTau, x, y);
 * console.log(value.toFixed(2), low < value, high); // 0.73 true 1
 */
export function bootstrap(
  statistic: (x: readonly number[], y: readonly number[]) => number,
  x: readonly number[],
  y: readonly number[],
  { resamples = 1000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): Estimate {
  const generator = new Generator(seed).fork('bootstrap');
  const values: number[] = [];
  for (let r = 0; r < resamples; r++) {
    const drawn = Array.from(x, () => generator.integer(x.length));
    const value = statistic(
      drawn.map((i) => x[i]),
      drawn.map((i) => y[i]),
    );
    if (!Number.isNaN(value)) values.push(value);
  }
  values.sort(compare);
  const tail = (1 - level) / 2;
  return { value: statistic(x, y), low: quantile(values, tail), high: quantile(values, 1 - tail) };
}

/** The quantile of a sorted list, linear between its values; NaN of an empty one. */
function quantile(sorted: readonly number[], q: number): number {
  if (sorted.length === 0) return NaN;
  const place = q * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}
