import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Changes,
  countOperations,
  decide,
  firstRound,
  fullMask,
  nextRound,
  type Round,
  SEARCH_SPACES,
  type SpaceName,
  totalWork,
  without,
} from '../../src/search/index.ts';

const options = { digits: 3, ties: 'rounded', pruneNumber: 1 } as const;
const spaces: readonly SpaceName[] = ['nas-bench-201', 'darts'];

/** All rounds of a search whose scores come from a function. */
function play(name: SpaceName, pruneNumber: number, score: (round: Round, index: number) => Changes) {
  const space = SEARCH_SPACES[name];
  const rounds: Round[] = [];
  let mask = fullMask(space);
  for (let round: Round | undefined = firstRound(space); round !== undefined;) {
    rounds.push(round);
    const changes = round.candidates.map((_, i) => score(round!, i));
    mask = decide(space, round, changes, { ...options, pruneNumber }).mask;
    round = nextRound(space, round, mask);
  }
  return { space, rounds, mask };
}

describe('a round on operations', () => {
  test('removes from every edge the candidate with the lowest sum, as worked out by hand', () => {
    const space = SEARCH_SPACES['nas-bench-201'];
    const round = firstRound(space);
    expect(round.candidates).toHaveLength(24); // 6 edges of 4 operations: none is pruned from the start
    expect(round.candidates[0]).toEqual({ cell: 0, edge: 0, op: 1 });
    // κ: on edge e the removal of operation 1 + e % 4 lowers κ by 0.5, so that rank 0 is shared; all others are rank 1.
    // Regions: all equal, so rank 0 is shared by all.
    const changes = round.candidates.map(({ edge, op }) => ({ kappa: op === 1 + (edge % 4) ? 0.5 : -0.1, regions: 0 }));
    const decision = decide(space, round, changes, options);
    expect(decision.pruned).toEqual([0, 1, 2, 3, 4, 5].map((edge) => ({ cell: 0, edge, op: 1 + (edge % 4) })));
    expect(decision.tied).toBe(false);
    expect(decision.standings.filter(({ rankSum }) => rankSum === 0)).toHaveLength(6);
    expect(decision.standings.filter(({ rankSum }) => rankSum === 1)).toHaveLength(18);
    expect(countOperations(decision.mask)).toBe(18);
  });

  test('breaks ties by κ, then by order, and reports them', () => {
    const space = SEARCH_SPACES['nas-bench-201'];
    const round = firstRound(space);
    const equal = decide(
      space,
      round,
      round.candidates.map(() => ({ kappa: 0, regions: 0 })),
      options,
    );
    expect(equal.pruned.map(({ op }) => op)).toEqual([1, 1, 1, 1, 1, 1]);
    expect(equal.tied).toBe(true);
    // Operation 3 is best for κ and worst for regions, operation 2 the other way round: equal sums, and κ decides.
    const crossed = decide(
      space,
      round,
      round.candidates.map(({ op }) => ({
        kappa: op === 3 ? 1 : op === 2 ? 0 : 0.5,
        regions: op === 3 ? 1 : op === 2 ? 0 : 0.5,
      })),
      options,
    );
    expect(crossed.pruned.map(({ op }) => op)).toEqual([3, 3, 3, 3, 3, 3]);
    expect(crossed.tied).toBe(true);
  });

  test('is tied where the last removed and the first kept have equal sums, and nowhere else', () => {
    const space = SEARCH_SPACES['nas-bench-201'];
    const round = firstRound(space);
    // Ranks of κ within every edge, of operations 1 to 4; κ alone, so that a sum is a rank.
    const tied = (kappas: readonly number[], pruneNumber: number) =>
      decide(
        space,
        round,
        round.candidates.map(({ op }) => ({ kappa: kappas[op - 1] })),
        { ...options, pruneNumber },
      ).tied;
    // [ranks 0, 1, 1, 2]
    expect([1, 2, 3].map((goes) => tied([0.9, 0.5, 0.5, 0.1], goes))).toEqual([false, true, false]);
    // [ranks 0, 0, 1, 1]
    expect([1, 2, 3].map((goes) => tied([0.9, 0.9, 0.1, 0.1], goes))).toEqual([true, false, true]);
    // [ranks 0, 0, 0, 1]
    expect([1, 2, 3].map((goes) => tied([0.9, 0.1, 0.9, 0.9], goes))).toEqual([true, true, false]);
  });

  test('leaves one operation, however many are to be removed', () => {
    const { rounds, mask } = play('nas-bench-201', 7, (_, i) => ({ kappa: i }));
    expect(rounds).toHaveLength(1);
    expect(mask[0].map((edge) => edge.filter(Boolean).length)).toEqual([1, 1, 1, 1, 1, 1]);
  });
});

describe('a round on edges', () => {
  test('keeps the two edges of each node whose removal ranks last', () => {
    // Edges rank in their order: the first of a node go, the last two stay.
    const { space, rounds, mask } = play('darts', 3, ({ phase }, i) => ({ kappa: phase === 'edges' ? -i : i }));
    expect(rounds.map(({ phase, candidates }) => [phase, candidates.length])).toEqual([
      ['operations', 196],
      ['operations', 112],
      ...[3, 4, 5, 3, 4, 5].map((edges) => ['edges', edges]),
    ]);
    expect(rounds[2].node).toEqual({ cell: 0, group: 1 });
    expect(rounds[7].node).toEqual({ cell: 1, group: 3 });
    // Before any edge was removed: TE-NAS's code keeps comparing κ with it.
    expect(rounds[7].phaseMask).toBe(rounds[2].mask);
    for (const edges of mask) {
      const kept = space.edges.filter((_, e) => edges[e].includes(true));
      expect(kept).toEqual(['0<-0', '0<-1', '1<-1', '1<-2', '2<-2', '2<-3', '3<-3', '3<-4']);
    }
  });

  test('gives the genotype in the form of DARTS', () => {
    const { space, mask } = play('darts', 3, ({ phase, candidates }, i) => ({
      kappa: phase === 'edges' ? -i : candidates[i].op === 2 ? -1 : 0,
    }));
    const list =
      "[('sep_conv_3x3', 0), ('sep_conv_3x3', 1), ('sep_conv_3x3', 1), ('sep_conv_3x3', 2), " +
      "('sep_conv_3x3', 2), ('sep_conv_3x3', 3), ('sep_conv_3x3', 3), ('sep_conv_3x3', 4)]";
    expect(space.genotype(mask)).toBe(
      `Genotype(normal=${list}, normal_concat=[2, 3, 4, 5], reduce=${list}, reduce_concat=[2, 3, 4, 5])`,
    );
  });
});

test('an edge with one operation left has no candidates while others are decided', () => {
  const space = SEARCH_SPACES['nas-bench-201'];
  const first = firstRound(space);
  // Edge 0 has only operation 4 left, all others all but one.
  const gone = [1, 2, 3].map((op) => ({ cell: 0, edge: 0, op }));
  const others = [1, 2, 3, 4, 5].map((edge) => ({ cell: 0, edge, op: 1 }));
  const next = nextRound(space, first, without(first.mask, [...gone, ...others]))!;
  expect(next.candidates).toHaveLength(15);
  expect(next.candidates.some(({ edge }) => edge === 0)).toBe(false);
});

test('the work of a search counts the operations of all its networks, the comparison once per round or candidate', () => {
  const space = SEARCH_SPACES['nas-bench-201'];
  const sizes = [24, 18, 12];
  const candidates = sizes.reduce((sum, n) => sum + n * (n - 1), 0);
  expect(totalWork(space, 1, true)).toBe(candidates + 24 + 18 + 12);
  expect(totalWork(space, 1, false)).toBe(candidates + 24 ** 2 + 18 ** 2 + 12 ** 2);
});

describe('a schedule', () => {
  test('ends with one operation per edge and two edges per node, whatever the scores', () => {
    const drawn = fc.record({
      name: fc.constantFrom(...spaces),
      pruneNumber: fc.integer({ min: 1, max: 7 }),
      scores: fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), {
        minLength: 1,
        maxLength: 40,
      }),
    });
    fc.assert(
      fc.property(drawn, ({ name, pruneNumber, scores }) => {
        const { space, rounds, mask } = play(name, pruneNumber, ({ index }, i) => {
          const [kappa, regions] = scores[(7 * index + i) % scores.length];
          return { kappa, regions };
        });
        expect(Math.max(...mask.flat().map((edge) => edge.filter(Boolean).length))).toBe(1);
        expect(countOperations(mask)).toBe(name === 'darts' ? 16 : 6);
        for (const edges of mask) {
          for (const group of space.groups) expect(group.filter((e) => edges[e].includes(true))).toHaveLength(2);
        }
        rounds.forEach((round, i) => expect(round.index).toBe(i));
        expect(rounds.every(({ mask: m }) => m.flat().every((edge) => !edge[0]))).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
