/**
 * How TE-NAS (Chen et al. 2021) turns measurements into ranks. All functions are total: for any κ, negative or
 * infinite, there is a rank and never a NaN.
 *
 * @module
 */
import { oneOf } from '../check.ts';
import { numpyRoundSignificant, pairwiseSum } from './numpyArithmetic.ts';

/** The nearest finite number; NaN, which says nothing, becomes 0. */
export function finite(x: number): number {
  if (Number.isNaN(x)) return 0;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, x));
}

/**
 * (before − after) / before, rounded to `digits` decimals: what share of a quantity a change takes away.
 *
 * @param round how it is rounded: as Python rounds a float, or as NumPy does, see {@link numpyRound}.
 *
 * @example
 * console.log(relativeChange(100, 75, 3)); // 0.25
 */
export function relativeChange(before: number, after: number, digits: number, round = roundDecimals): number {
  if (before === after) return 0;
  const difference = before - after;
  const change = Number.isFinite(difference) ? difference / before : 1 - after / before;
  return finite(round(finite(change), digits));
}

/**
 * Rounds to `digits` decimals, an exact half to the even neighbour, as Python's `round` does.
 *
 * @example
 * console.log(roundDecimals(0.125, 2), roundDecimals(0.375, 2)); // 0.12 0.38
 */
export function roundDecimals(x: number, digits: number): number {
  // Only an odd multiple of 2^−(digits + 1) lies exactly between two decimals of that many digits.
  const halves = x * 2 ** (digits + 1);
  if (Number.isInteger(halves) && halves % 2 !== 0) {
    const scaled = x * 10 ** digits;
    const below = Math.floor(scaled);
    if (scaled - below === 0.5) return (below % 2 === 0 ? below : below + 1) / 10 ** digits;
  }
  return Number(x.toFixed(digits)) + 0;
}

/**
 * Rounds to `digits` significant digits; a value that is short of a half by less than 10⁻⁸ is taken for the half and goes
 * away from 0. Means of a few rounded numbers have such values when they should be halves.
 *
 * @example
 * console.log(roundSignificant(12345, 3), roundSignificant(-0.012345, 3)); // 12300 -0.0123
 */
export function roundSignificant(x: number, digits: number): number {
  if (x === 0) return 0;
  return Math.sign(x) * Number((Math.abs(x) + 1e-8).toPrecision(digits));
}

/**
 * The mean, summed as `numpy.mean` does (pairwise from 8 numbers on); finite where the sum overflows, too.
 *
 * @example
 * console.log(meanOf([1, 2, 6]), meanOf([1e308, 1e308])); // 3 1e+308
 */
export function meanOf(values: readonly number[]): number {
  const sum = pairwiseSum(values);
  return finite(Number.isFinite(sum) ? sum / values.length : values.reduce((a, b) => a + b / values.length, 0));
}

/** Which end of a list of scores comes first. */
export type Direction = (typeof DIRECTIONS)[number];

/** All values of {@link Direction}. */
export const DIRECTIONS = ['ascending', 'descending'] as const;

/** How equal two scores must be to share a rank. */
export type TieRule =
  /** Equal after rounding: the order that decides is the order that ties. */
  | 'rounded'
  /** Equal to the last bit, in a list sorted by scores that NumPy rounds, as TE-NAS's code has it. */
  | 'exact';

/** Ranks of scores, and the order they were found in. */
export interface Ranks {
  /** Rank of each score, from 0; equals share one, and the next gets the next number. */
  readonly ranks: readonly number[];
  /** Indices of the scores from the first rank to the last, equals as they came. */
  readonly order: readonly number[];
}

/**
 * Ranks scores by their values rounded to `digits` significant digits.
 *
 * @throws InputError when the direction or the rule on ties is unknown.
 *
 * @example
 * const { ranks, order } = rankScores([0.1, 0.3, 0.3001, 0.2], 'descending', { digits: 3, ties: 'rounded' });
 * console.log(ranks, order); // [ 2, 0, 0, 1 ] [ 1, 2, 3, 0 ]
 */
export function rankScores(
  scores: readonly number[],
  direction: Direction,
  { digits, ties }: { readonly digits: number; readonly ties: TieRule },
): Ranks {
  oneOf('rankScores: direction', direction, DIRECTIONS);
  oneOf('rankScores: ties', ties, ['rounded', 'exact']);
  const round = ties === 'rounded' ? roundSignificant : numpyRoundSignificant;
  const rounded = scores.map((score) => round(score, digits));
  const sign = direction === 'ascending' ? 1 : -1;
  const compared = ties === 'rounded' ? rounded : scores;
  // By comparison, not by difference, which overflows.
  const order = [...scores.keys()].sort(
    (i, j) => sign * (Number(rounded[i] > rounded[j]) - Number(rounded[i] < rounded[j])),
  );
  const ranks = new Array<number>(scores.length).fill(0);
  order.forEach((index, place) => {
    if (place === 0) return;
    const previous = order[place - 1];
    ranks[index] = ranks[previous] + (compared[index] === compared[previous] ? 0 : 1);
  });
  return { ranks, order };
}

/** What one candidate scored; a criterion that is not used is left out. */
export interface Changes {
  /** Mean relative change of κ: the more a removal lowers κ, the sooner it is done. */
  readonly kappa?: number;
  /** Mean relative change of the number of regions: the less a removal lowers it, the sooner it is done. */
  readonly regions?: number;
}

/** The place of one candidate among those it is compared with. */
export interface Standing {
  /** Position in the list that was ranked. */
  readonly index: number;
  readonly kappaRank?: number;
  readonly regionsRank?: number;
  readonly rankSum: number;
}

/**
 * All candidates by the sum of their ranks, the first to be removed first. Equal sums stay in the order of the first
 * criterion (κ, where it is used), and of the list.
 *
 * @example
 * const changes = [{ kappa: 0.1, regions: 0 }, { kappa: 0.2, regions: 0.3 }, { kappa: 0.3, regions: 0.1 }];
 * const standings = rankCandidates(changes, { digits: 3, ties: 'rounded' });
 * console.log(standings.map(({ index, rankSum }) => [index, rankSum])); // [ [ 2, 1 ], [ 0, 2 ], [ 1, 3 ] ]
 */
export function rankCandidates(
  changes: readonly Changes[],
  options: { readonly digits: number; readonly ties: TieRule },
): Standing[] {
  const criterion = (key: keyof Changes, direction: Direction) =>
    changes.length > 0 && changes[0][key] !== undefined
      ? rankScores(
          changes.map((change) => change[key]!),
          direction,
          options,
        )
      : undefined;
  const kappa = criterion('kappa', 'descending');
  const regions = criterion('regions', 'ascending');
  const standings = changes.map((_, index): Standing => ({
    index,
    ...(kappa && { kappaRank: kappa.ranks[index] }),
    ...(regions && { regionsRank: regions.ranks[index] }),
    rankSum: (kappa?.ranks[index] ?? 0) + (regions?.ranks[index] ?? 0),
  }));
  const first = kappa ?? regions;
  return (first?.order ?? []).map((index) => standings[index]).sort((a, b) => a.rankSum - b.rankSum);
}
