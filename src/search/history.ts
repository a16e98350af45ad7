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

/** The rounds that are done. */
export function historyOf({ space, finished, settings }: Search): RoundHistory[] {
  return finished.map((round) => roundHistory(space, round, settings.fidelity));
}

/** How many κ of a search rounding has swallowed. */
export function unresolvedCount({ entries }: Search): number {
  return entries
    .flatMap(({ before = [], after = [] }) => [...before, ...after])
    .filter(({ kappa }) => kappa !== undefined && kappa.verdict !== 'resolved').length;
}

/** The operations that a mask has, by kind of cell and edge. */
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
