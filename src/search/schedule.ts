import { type Changes, rankCandidates, type Standing, type TieRule } from './ranking.ts';
import { type Choice, countOn, countOperations, fullMask, type Mask, type SearchSpace, without } from './space.ts';

/** What a round decides on: operations of every edge, or the edges into one node. */
export type Phase = 'operations' | 'edges';

/** What the measurements of a round depend on. */
export interface RoundState {
  readonly phase: Phase;
  /** Counted from 0 over the whole search. */
  readonly index: number;
  /** What the supernet has before the round. */
  readonly mask: Mask;
  /** What the supernet had when the phase began. */
  readonly phaseMask: Mask;
}

/** Candidates that are measured against one network and ranked against each other. */
export interface Round extends RoundState {
  /** The operations whose removal is tried. */
  readonly candidates: readonly Choice[];
  /** Kind of cell and node whose edges are decided on, in the phase `edges`. */
  readonly node?: { readonly cell: number; readonly group: number };
}

/** How a search goes on. */
export interface ScheduleOptions {
  /** Operations that an edge loses in a round. */
  readonly pruneNumber: number;
  /** Decimals of changes, and significant digits by which they are ranked. */
  readonly digits: number;
  readonly ties: TieRule;
}

/** The outcome of a round. */
export interface Decision {
  /** All candidates, the first to go first. */
  readonly standings: readonly Standing[];
  readonly pruned: readonly Choice[];
  /** Whether a candidate that went and one that stayed, between which there was to choose, had equal sums of ranks. */
  readonly tied: boolean;
  readonly mask: Mask;
}

/**
 * The first round of a search.
 *
 * @example
 * const { phase, candidates } = firstRound(SEARCH_SPACES['nas-bench-201']);
 * console.log(phase, candidates.length); // operations 24
 */
export function firstRound(space: SearchSpace): Round {
  const mask = fullMask(space);
  return operationsRound(mask, 0);
}

/**
 * The round after one, or undefined when the search is at its end: rounds on operations until every edge has one, then,
 * where the space has groups, a round for each node with more edges than may stay.
 *
 * @example
 * const space = SEARCH_SPACES['nas-bench-201'];
 * const round = firstRound(space);
 * const gone = round.candidates.filter(({ op }) => op === 1); // every skip connection
 * console.log(nextRound(space, round, without(round.mask, gone))?.candidates.length); // 18
 */
export function nextRound(space: SearchSpace, { phase, index, node, phaseMask }: Round, mask: Mask): Round | undefined {
  if (phase === 'operations' && mask.flat().some((edge) => countOn(edge) > 1)) return operationsRound(mask, index + 1);
  const nodes = space.cells
    .flatMap((_, cell) => space.groups.map((_, group) => ({ cell, group })))
    .filter(({ group }) => space.groups[group].length > space.incoming);
  const at =
    node === undefined ? 0 : nodes.findIndex(({ cell, group }) => cell === node.cell && group === node.group) + 1;
  if (at >= nodes.length) return undefined;
  const { cell, group } = nodes[at];
  const candidates = space.groups[group].flatMap((edge) => choicesOf(mask, cell, edge));
  const began = phase === 'edges' ? phaseMask : mask;
  return { phase: 'edges', index: index + 1, mask, phaseMask: began, candidates, node: nodes[at] };
}

function operationsRound(mask: Mask, index: number): Round {
  const candidates = mask.flatMap((edges, cell) =>
    edges.flatMap((edge, e) => (countOn(edge) > 1 ? choicesOf(mask, cell, e) : [])),
  );
  return { phase: 'operations', index, mask, phaseMask: mask, candidates };
}

function choicesOf(mask: Mask, cell: number, edge: number): Choice[] {
  return mask[cell][edge].flatMap((on, op) => (on ? [{ cell, edge, op }] : []));
}

/**
 * Ranks a round's candidates and removes the first of each edge (`prune_func_rank` in TE-NAS), or all of a node's but as
 * many as may stay (`prune_func_rank_group`).
 *
 * @param changes of the round's candidates, in their order.
 *
 * @example
 * const space = SEARCH_SPACES['nas-bench-201'];
 * const round = firstRound(space);
 * const changes = round.candidates.map(({ op }) => ({ kappa: op === 1 ? 0.5 : 0 })); // less κ without skip connections
 * const { pruned } = decide(space, round, changes, { pruneNumber: 1, digits: 3, ties: 'rounded' });
 * console.log(pruned.length, space.operations[pruned[0].op]); // 6 skip_connect
 */
export function decide(
  space: SearchSpace,
  { phase, mask, candidates }: Round,
  changes: readonly Changes[],
  { pruneNumber, digits, ties }: ScheduleOptions,
): Decision {
  const standings = rankCandidates(changes, { digits, ties });
  const rivals = new Map<string, { readonly all: Standing[]; readonly leave: number }>();
  for (const standing of standings) {
    const { cell, edge } = candidates[standing.index];
    const key = phase === 'operations' ? `${cell} ${edge}` : 'node';
    const leave = phase === 'operations' ? Math.max(1, countOn(mask[cell][edge]) - pruneNumber) : space.incoming;
    const entry = rivals.get(key) ?? { all: [], leave };
    entry.all.push(standing);
    rivals.set(key, entry);
  }
  const parted = [...rivals.values()].map(({ all, leave }) => {
    const goes = Math.max(0, all.length - leave);
    const tied = goes > 0 && goes < all.length && all[goes - 1].rankSum === all[goes].rankSum;
    return { gone: all.slice(0, goes), tied };
  });
  const pruned = parted.flatMap(({ gone }) => gone.map(({ index }) => candidates[index]));
  return { standings, pruned, tied: parted.some(({ tied }) => tied), mask: without(mask, pruned) };
}

/**
 * How many operations all networks of a search hold together, those of candidates and those they are compared with: what
 * a search costs, in a unit that grows with the size of its networks. Which operations go does not change it.
 *
 * @example
 * const space = SEARCH_SPACES['nas-bench-201'];
 * console.log(totalWork(space, 1, true), totalWork(space, 1, false)); // 1044 2034
 */
export function totalWork(space: SearchSpace, pruneNumber: number, paired: boolean): number {
  let work = 0;
  for (let round: Round | undefined = firstRound(space); round !== undefined;) {
    work += roundWork(round, paired);
    const changes = round.candidates.map(() => ({ kappa: 0 }));
    const { mask }: Decision = decide(space, round, changes, { pruneNumber, digits: 3, ties: 'rounded' });
    round = nextRound(space, round, mask);
  }
  return work;
}

/** The part of {@link totalWork} that is one round's. */
export function roundWork({ mask, candidates }: Round, paired: boolean): number {
  return referenceWork(mask) * (paired ? 1 : candidates.length) + candidates.length * candidateWork(mask);
}

/** Operations of the network that a candidate is compared with. */
export function referenceWork(mask: Mask): number {
  return countOperations(mask);
}

/** Operations of a candidate's own network. */
export function candidateWork(mask: Mask): number {
  return countOperations(mask) - 1;
}
