import type { CellAccuracy } from '../search/index.ts';

/** What a search has found. */
export interface SearchResult {
  readonly genotype: string;
  /** True accuracies of the cell, where a benchmark has them. */
  readonly accuracy?: CellAccuracy;
  readonly rounds: number;
  readonly candidates: number;
  /** κ that are not resolved, of all measured. */
  readonly unresolved: number;
  /** Rounds in which equal sums of ranks had to be told apart by their order. */
  readonly tiedRounds: number;
}
