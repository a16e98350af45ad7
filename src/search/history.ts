import { type Measurement, usableKappa } from './measurement.ts';
import type { FinishedRound, Search } from './search.ts';
import type { Fidelity } from './settings.ts';
import type { Choice, Mask, SearchSpace } from './space.ts';

/** One candidate, in words and numbers. */
export interface CandidateHistory {
  readonly cell: string;
  readonly edge: string;
  readonly operation: string;
  /** κ of every repeat as the search took it, of the network with and without the operation. */
  readonly kappa?: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly regions?: { readonly before: readonly number[]; readonly after: readonly number[] };
  readonly kappaChange?: number;
  readonly regionsChange?: number;
  readonly kappaRank?: number;
  readonly regionsRank?: number;
  readonly rankSum: number;
  readonly pruned: boolean;
  /** Verdicts on κ that are not `resolved`, with how often each came up. */
  readonly unresolved?: Readonly<Record<string, number>>;
}

/** One round, in words and numbers. */
export interface RoundHistory {
  readonly round: number;
  readonly phase: string;
  /** The node whose edges were decided on. */
  readonly node?: string;
  /** Operations of every edge before the round, by kind of cell and edge. */
  readonly operations: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  readonly candidates: readonly CandidateHistory[];
  readonly pruned: readonly string[];
  /** Whether equal sums of ranks were ranked by their order. */
  readonly tied: boolean;
}

/**
 * The rounds that are done.
 *
 * @example
 * const search = new Search(settings); // by numbers of linear regions
 * search.record({ before: [{ regions: 100 }] });
 * for (const { choice } of search.tasks) search.record({ after: [{ regions: choice!.op === 3 ? 50 : 90 }] });
 * const [{ pruned, candidates }] = historyOf(search);
 * console.log(pruned.length, pruned[0], candidates[0].regionsChange); // 6 cell 1<-0 skip_connect 0.1
 */
export function historyOf({ space, finished, settings }: Search): RoundHistory[] {
  return finished.map((round) => roundHistory(space, round, settings.fidelity));
}

/**
 * How many κ of a search rounding has swallowed.
 *
 * @example
 * const search = new Search({ ...settings, criteria: 'kappa' });
 * search.record({ before: [{ kappa: { lambdaMin: -1e-7, lambdaMax: 1, noiseFloor: 1e-6, verdict: 'lower-bound' } }] });
 * console.log(unresolvedCount(search)); // 1
 */
export function unresolvedCount({ entries }: Search): number {
  return entries
    .flatMap(({ before = [], after = [] }) => [...before, ...after])
    .filter(({ kappa }) => kappa !== undefined && kappa.verdict !== 'resolved').length;
}

/**
 * The operations that a mask has, by kind of cell and edge.
 *
 * @example
 * const space = SEARCH_SPACES['nas-bench-201'];
 * const mask = without(fullMask(space), [{ cell: 0, edge: 0, op: 1 }]);
 * console.log(operationsOf(space, mask).cell['1<-0']); // [ 'nor_conv_1x1', 'nor_conv_3x3', 'avg_pool_3x3' ]
 */
export function operationsOf(space: SearchSpace, mask: Mask): Record<string, Record<string, string[]>> {
  return Object.fromEntries(
    mask.map((edges, c) => [
      space.cells[c],
      Object.fromEntries(edges.map((ops, e) => [space.edges[e], space.operations.filter((_, o) => ops[o])])),
    ]),
  );
}

function roundHistory(
  space: SearchSpace,
  { round, candidates, decision }: FinishedRound,
  fidelity: Fidelity,
): RoundHistory {
  const name = ({ cell, edge, op }: Choice) => `${space.cells[cell]} ${space.edges[edge]} ${space.operations[op]}`;
  const gone = new Set(decision.pruned.map(name));
  const standings = new Map(decision.standings.map((standing) => [standing.index, standing]));
  return {
    round: round.index,
    phase: round.phase,
    ...(round.node && { node: `${space.cells[round.node.cell]} ${round.node.group}` }),
    operations: operationsOf(space, round.mask),
    candidates: candidates.map(({ choice, before, after, changes }, i): CandidateHistory => {
      const { rankSum, kappaRank, regionsRank } = standings.get(i)!;
      const unresolved = countUnresolved([...before, ...after]);
      return {
        cell: space.cells[choice.cell],
        edge: space.edges[choice.edge],
        operation: space.operations[choice.op],
        ...(changes.kappa !== undefined && {
          kappa: { before: kappas(before, fidelity), after: kappas(after, fidelity) },
          kappaChange: changes.kappa,
        }),
        ...(changes.regions !== undefined && {
          regions: { before: before.map(({ regions }) => regions!), after: after.map(({ regions }) => regions!) },
          regionsChange: changes.regions,
        }),
        ...(kappaRank !== undefined && { kappaRank }),
        ...(regionsRank !== undefined && { regionsRank }),
        rankSum,
        pruned: gone.has(name(choice)),
        ...(Object.keys(unresolved).length > 0 && { unresolved }),
      };
    }),
    pruned: decision.pruned.map(name),
    tied: decision.tied,
  };
}

function kappas(measurements: readonly Measurement[], fidelity: Fidelity): number[] {
  return measurements.map(({ kappa }) => usableKappa(kappa!, fidelity));
}

function countUnresolved(measurements: readonly Measurement[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kappa } of measurements) {
    if (kappa === undefined || kappa.verdict === 'resolved') continue;
    counts[kappa.verdict] = (counts[kappa.verdict] ?? 0) + 1;
  }
  return counts;
}
