import { type CellAccuracy, type Search, unresolvedCount } from '../search/index.ts';

/** What a search has found. */
export interface SearchResult {
  readonly genotype: string;
  /** True accuracies of the cell, where a benchmark has them. */
  readonly accuracy?: CellAccuracy;
  readonly rounds: number;
  readonly candidates: number;
  /** κ that are not resolved, of all measured. */
  readonly unresolved: number;
  /** Rounds in which equal sums of ranks were ranked by their order. */
  readonly tiedRounds: number;
}

/**
 * What a search has found that is at its end.
 *
 * @param accuracy of its cell, where it is known
 *
 * @example
 * const [search, all] = [new Search(settings), [{ regions: 100 }]];
 * for (; search.next; search.record(search.next.choice ? { after: all } : { before: all })); // as if all were alike
 * const { genotype, rounds, candidates } = searchResult(search);
 * console.log(genotype.split('+')[0], rounds, candidates); // |avg_pool_3x3~0| 3 54
 */
export function searchResult(search: Search, accuracy?: CellAccuracy): SearchResult {
  const { finished, genotype } = search;
  return {
    genotype: genotype!,
    ...(accuracy && { accuracy }),
    rounds: finished.length,
    candidates: finished.reduce((sum, { candidates }) => sum + candidates.length, 0),
    unresolved: unresolvedCount(search),
    tiedRounds: finished.filter(({ decision }) => decision.tied).length,
  };
}
