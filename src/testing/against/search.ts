import { nextTurn, turnIsDue } from '../../turns.ts';
import type { RunOptions } from '../../progress.ts';
import { type Candidates, diagonalOf, candidateKernel } from './candidates.ts';
import type { KernelComputation } from './computation.ts';
import type { Frame } from './frame.ts';
import { type Match, matchesOf, relativeDifference, type Target } from './match.ts';
import type { ComputedMistake, Mistake, MistakenComputation } from './mistake.ts';

/** What explains the kernel that was sent. */
export interface Explanation {
  /** In the order in which they are made. */
  readonly mistakes: readonly Mistake[];
  /** The largest difference that is left, relative to the lengths of the rows of J. */
  readonly difference: number;
}

/** What a search for mistakes has found. */
export interface SearchResult {
  /** Explanations by as few mistakes as will do, the most usual first. */
  readonly explanations: readonly Explanation[];
  /** Single mistakes that come nearest, with the largest difference over the largest entry that was sent. */
  readonly nearest: readonly Explanation[];
  /** How many computations were tried. */
  readonly tried: number;
}

/** What is searched. */
export interface SearchRequest extends RunOptions {
  readonly candidates: Candidates;
  readonly target: Target;
  readonly base: KernelComputation;
  /** The most usual first. */
  readonly mistakes: readonly ComputedMistake[];
  /** How many mistakes are computed together, 1 or 2. */
  readonly together: number;
}

interface Found extends Explanation {
  readonly rank: readonly number[];
}

/** How many explanations, and how many near ones, are reported. */
const [MOST_EXPLANATIONS, MOST_NEAREST] = [6, 3];

/**
 * Tries mistakes one by one, then two by two, those first whose network is computed already. A factor, an order of samples
 * and the rounding of float32 are read off the numbers, and count as mistakes. What is made by one mistake is not looked
 * for among pairs.
 */
export async function searchMistakes(request: SearchRequest): Promise<SearchResult> {
  const search = new Search(request);
  const { base, mistakes } = request;
  await search.try([{ mistakes: [], computation: base }]);
  const singles = mistakes.flatMap((mistake, i) => withMistake({ mistakes: [], computation: base }, mistake, i));
  await search.try(singles);
  if (search.fewest <= 1 || request.together === 1) return search.result();
  // First pairs that leave the network as it is, then pairs of which one changes it, then pairs of which both do.
  for (const [first, second] of [
    [false, false],
    [true, false],
    [true, true],
  ] as const) {
    const firsts = singles.filter(({ mistakes: [mistake] }) => mistake.isOfNetwork === first);
    for (const [done, single] of firsts.entries()) {
      const [place] = single.places;
      const pairs = mistakes.flatMap((mistake, i) =>
        mistake.isOfNetwork === second && (first !== second || place < i) ? withMistake(single, mistake, i) : [],
      );
      await search.try(pairs);
      request.onProgress?.({ done: done + 1, of: firsts.length, stage: 'candidates' });
    }
    if (search.fewest <= 2) break;
  }
  return search.result();
}

interface Ranked extends MistakenComputation {
  readonly places: readonly number[];
}

function withMistake(
  { mistakes, computation, ...rest }: MistakenComputation & { readonly places?: readonly number[] },
  mistake: ComputedMistake,
  place: number,
): Ranked[] {
  const next = mistake.apply(computation);
  return next ? [{ mistakes: [...mistakes, mistake], computation: next, places: [...(rest.places ?? []), place] }] : [];
}

class Search {
  readonly #request: SearchRequest;
  readonly #sortedDiagonal: Float64Array;
  readonly #tried = new Set<string>();
  readonly #found: Found[] = [];
  readonly #near: Explanation[] = [];

  constructor(request: SearchRequest) {
    this.#request = request;
    const { sent, size } = request.target;
    this.#sortedDiagonal = shares(Float64Array.from({ length: size }, (_, i) => sent[i * (size + 1)]));
  }

  /** The fewest mistakes that explain what was sent. A factor without a name explains nothing. */
  get fewest(): number {
    return Math.min(Infinity, ...this.#found.map(({ rank }) => rank[0]));
  }

  async try(computations: readonly (MistakenComputation & { readonly places?: readonly number[] })[]): Promise<void> {
    for (const { mistakes, computation, places = [] } of computations) {
      const key = this.#request.candidates.key(computation);
      if (key === undefined || this.#tried.has(key)) continue;
      this.#tried.add(key);
      if (turnIsDue()) await nextTurn(this.#request.signal);
      const frame = await this.#request.candidates.frame(computation);
      if (frame === undefined || frame.size !== this.#request.target.size) continue;
      const isPair = mistakes.length === 2;
      if (isPair && !this.#mayFit(frame, computation.counts)) continue;
      const kernel = candidateKernel(frame, computation.counts);
      if (!isPair) {
        this.#near.push({ mistakes, difference: relativeDifference(kernel, this.#request.target) });
      }
      for (const match of matchesOf(kernel, this.#request.target)) this.#take(mistakes, places, match);
    }
  }

  result(): SearchResult {
    const fewest = this.fewest;
    const explanations = this.#found
      .filter(({ rank }) => rank[0] === fewest)
      .toSorted((a, b) => compare(a.rank, b.rank))
      .slice(0, MOST_EXPLANATIONS)
      .map(told);
    const nearest = this.#near.toSorted((a, b) => a.difference - b.difference).slice(0, MOST_NEAREST);
    return { explanations, nearest: nearest.map(told), tried: this.#tried.size };
  }

  #take(mistakes: readonly Mistake[], places: readonly number[], match: Match): void {
    const all = [...mistakes, ...match.mistakes];
    if (all.length > 2) return;
    // A factor without a name comes after every explanation that has one.
    const count = match.isUnnamed ? 3 : all.length;
    const isRounded = all.some(({ kind }) => kind === 'float32');
    // Any order of rows that was found comes after those that have a reason.
    const isAnyOrder = match.mistakes.some(({ kind }) => kind === 'order of rows');
    this.#found.push({
      mistakes: all,
      difference: match.difference,
      rank: [count, Number(isRounded), Number(isAnyOrder), all.length, ...places],
    });
  }

  /** Whether a kernel's diagonal, in any order and up to a factor, is that of what was sent. */
  #mayFit(frame: Frame, counts: readonly number[]): boolean {
    const diagonal = diagonalOf(frame, counts);
    const trace = diagonal.reduce((a, b) => a + b, 0);
    let longest = 0;
    for (let i = 0; i < frame.size; i++) {
      longest = Math.max(
        longest,
        counts.reduce((sum, count, p) => sum + count * frame.squares[p][i], 0),
      );
    }
    const slack = (8 * this.#request.target.rounded * longest) / trace;
    return shares(diagonal).every((each, i) => !(Math.abs(each - this.#sortedDiagonal[i]) > slack));
  }
}

/** Numbers in order, as parts of their sum. */
function shares(values: Float64Array): Float64Array {
  const sum = values.reduce((a, b) => a + b, 0);
  return values.map((each) => each / sum).sort();
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((each, i) => each !== b[i]);
  return at < 0 ? a.length - b.length : (a[at] ?? -1) - (b[at] ?? -1);
}

/** An explanation without what it was found by. */
function told({ mistakes, difference }: Explanation): Explanation {
  const words = mistakes.map(({ kind, name, explanation }) => ({ kind, name, explanation }));
  return { mistakes: words, difference };
}
