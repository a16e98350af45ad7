import fc from 'fast-check';
import {
  averageRanks,
  canonicalForm,
  cellAt,
  CELL_COUNT,
  type Changes,
  changesOf,
  decide,
  firstRound,
  fullMask,
  kendallTau,
  type KappaMeasurement,
  nextRound,
  numpyRound,
  pairwiseSum,
  rankCandidates,
  rankScores,
  representativeOf,
  type Round,
  roundDecimals,
  SEARCH_SPACES,
  type SearchSpace,
  spearmanRho,
  totalWork,
  usableKappa,
} from '../../search/index.ts';
import { type Backend, Generator } from '../../tensor/index.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { law, type Law, type Measured } from '../law.ts';
import { dataSource, holds, near, same } from './measures.ts';

const scores = fc.array(fc.constantFrom(0, 0.1234, 0.1232, -0.5, 2, 2.0001, 31.4159, 1e6, -7), {
  minLength: 2,
  maxLength: 9,
});

/** x to a number of significant digits, by its decimals; the scores above have no ties. */
const significant = (x: number, digits: number) => Number(x.toPrecision(digits));

const ranks: Law<Backend> = law({
  name: 'ranks of scores',
  statement:
    'A rank is the number of different better scores, after rounding; candidates go by the sum of their ranks, then by the first criterion, then as they came.',
  cases: { scores: fc.record({ kappa: scores, seed: seeds }) },
  check: async (_, { kappa, seed }) => {
    const generator = new Generator(seed);
    const regions = kappa.map(() => [1, 0.25, -3][generator.integer(3)]);
    const options = { digits: 3, ties: 'rounded' } as const;
    const due = (list: readonly number[], sign: number) => {
      const rounded = list.map((x) => significant(x, 3));
      return rounded.map((x) => new Set(rounded.filter((y) => sign * y < sign * x)).size);
    };
    const [down, up] = [due(kappa, -1), due(regions, 1)];
    const sums = down.map((rank, i) => rank + up[i]);
    const order = [...kappa.keys()].sort((i, j) => sums[i] - sums[j] || down[i] - down[j] || i - j);
    const standings = rankCandidates(
      kappa.map((k, i): Changes => ({ kappa: k, regions: regions[i] })),
      options,
    );
    return Promise.resolve([
      same('descending', rankScores(kappa, 'descending', options).ranks, down),
      same('ascending', rankScores(regions, 'ascending', options).ranks, up),
      same(
        'candidates',
        standings.map(({ index }) => index),
        order,
      ),
      same(
        'sums',
        standings.map(({ rankSum }) => rankSum),
        order.map((i) => sums[i]),
      ),
    ]);
  },
  source: dataSource,
});

const changes: Law<Backend> = law({
  name: 'changes of measurements',
  statement:
    'A change is the mean over the repeats of (before − after)/before, each rounded; κ that is not resolved counts as the fidelity says.',
  cases: { repeats: fc.record({ repeats: extent(4), seed: seeds }) },
  check: async (_, { repeats, seed }) => {
    const generator = new Generator(seed);
    const kappa = (): KappaMeasurement => ({
      lambdaMin: generator.uniform(0.5, 1),
      lambdaMax: generator.uniform(1, 30),
      noiseFloor: 1e-9,
      verdict: 'resolved',
    });
    const measured = () =>
      Array.from({ length: repeats }, () => ({ kappa: kappa(), regions: 1 + generator.integer(40) }));
    const [before, after] = [measured(), measured()];
    const got = changesOf(before, after, { fidelity: 'paper', digits: 3 });
    const mean = (value: (i: number) => number) =>
      Array.from({ length: repeats }, (__, i) => value(i)).reduce((a, b) => a + b, 0) / repeats;
    const ratio = ({ lambdaMax, lambdaMin }: KappaMeasurement) => lambdaMax / lambdaMin;
    const change = (was: number, is: number) => (was - is) / was;
    const lost = { ...kappa(), lambdaMin: 1e-12, lambdaMax: 8, noiseFloor: 2 ** -20 } as const;
    return Promise.resolve([
      // Rounded to three decimals, each by at most half a thousandth; means of such lie on a grid.
      near(
        'κ',
        got.kappa!,
        mean((i) => change(ratio(before[i].kappa), ratio(after[i].kappa))),
        5.001e-4,
      ),
      near(
        'regions',
        got.regions!,
        mean((i) => change(before[i].regions, after[i].regions)),
        5.001e-4,
      ),
      near('on the grid', Math.round(got.kappa! * 1000 * repeats), got.kappa! * 1000 * repeats, 1e-6),
      same('a lower bound', usableKappa({ ...lost, verdict: 'lower-bound' }, 'paper'), 8 * 2 ** 20),
      same('indefinite', usableKappa({ ...lost, verdict: 'indefinite' }, 'paper'), Number.MAX_VALUE),
      same('as the code has it', usableKappa({ ...lost, lambdaMin: -2, verdict: 'indefinite' }, 'code'), -4),
      same(
        'zero by the code',
        usableKappa({ ...lost, lambdaMin: 0, lambdaMax: 0, verdict: 'lower-bound' }, 'code'),
        100000,
      ),
    ]);
  },
  source: dataSource,
});

/** x rounded to decimals by its exact value, an exact half to the even neighbour. */
function exactlyRounded(x: number, digits: number): number {
  // x = m·2ᵉ with a whole m, so that x·10ᵈ is a fraction of whole numbers.
  let [m, e] = [x, 0];
  while (!Number.isInteger(m)) [m, e] = [m * 2, e + 1];
  const [numerator, denominator] = [BigInt(m) * 10n ** BigInt(digits), 2n ** BigInt(e)];
  const below =
    numerator >= 0n || numerator % denominator === 0n ? numerator / denominator : numerator / denominator - 1n;
  const twice = 2n * (numerator - below * denominator);
  const up = twice > denominator || (twice === denominator && below % 2n !== 0n);
  return Number(up ? below + 1n : below) / 10 ** digits;
}

const rounding: Law<Backend> = law({
  name: 'rounding as Python and NumPy have it',
  statement:
    "Python's rounding is that of the exact value, NumPy's that of the product; sums are pairwise from eight numbers on.",
  cases: {
    numbers: fc.record({
      x: fc.oneof(
        fc.double({ min: -50, max: 50, noNaN: true }),
        fc.integer({ min: -4000, max: 4000 }).map((k) => k / 16),
      ),
      digits: extent(3),
      seed: seeds,
      length: extent(40),
    }),
  },
  check: async (_, { x, digits, seed, length }) => {
    const tiny = Math.abs(x) < 1e-4 ? 0 : x; // whose fractions have a thousand binary places
    const scaled = tiny * 10 ** digits;
    const floor = Math.floor(scaled);
    const even = scaled - floor === 0.5 ? (floor % 2 === 0 ? floor : floor + 1) : Math.round(scaled);
    const list = Array.from({ length }, (__, i) => new Generator(seed).fork(i).uniform(-1, 1));
    const lanes = Array.from({ length: 8 }, (__, lane) =>
      list.slice(0, length - (length % 8)).filter((___, i) => i % 8 === lane),
    );
    const [a, b, c, d, e, f, g, h] = lanes.map((own) => own.reduce((sum, value) => sum + value, 0));
    const tail = list.slice(length - (length % 8));
    const due =
      length < 8 ? list.reduce((s, v) => s + v, 0) : tail.reduce((s, v) => s + v, a + b + (c + d) + (e + f + (g + h)));
    return Promise.resolve([
      near('Python', roundDecimals(tiny, digits), exactlyRounded(tiny, digits), 0),
      near('NumPy', numpyRound(tiny, digits), even / 10 ** digits, 0),
      near('a sum', pairwiseSum(list), due, 0),
    ]);
  },
  source: dataSource,
});

const correlations: Law<Backend> = law({
  name: 'rank correlations',
  statement: "Kendall's τ-b and Spearman's ρ are what their definitions give pair by pair.",
  cases: { pairs: fc.record({ n: fc.integer({ min: 3, max: 24 }), values: extent(9, 2), seed: seeds }) },
  check: async (_, { n, values, seed }) => {
    const generator = new Generator(seed);
    const x = Array.from({ length: n }, (__, i) => (i < 2 ? i : generator.integer(values)));
    const y = Array.from({ length: n }, (__, i) => (i < 2 ? i : generator.integer(values)));
    let [agreement, tiedX, tiedY, pairs] = [0, 0, 0, 0];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        pairs += 1;
        agreement += Math.sign(x[i] - x[j]) * Math.sign(y[i] - y[j]);
        tiedX += Number(x[i] === x[j]);
        tiedY += Number(y[i] === y[j]);
      }
    }
    const ranksOf = (list: readonly number[]) =>
      list.map((a) => 1 + list.filter((b) => b < a).length + (list.filter((b) => b === a).length - 1) / 2);
    const pearson = (a: readonly number[], b: readonly number[]) => {
      const mean = (n + 1) / 2;
      const cross = (c: readonly number[], d: readonly number[]) =>
        c.reduce((sum, value, i) => sum + (value - mean) * (d[i] - mean), 0);
      return cross(a, b) / Math.sqrt(cross(a, a) * cross(b, b));
    };
    return Promise.resolve([
      near('τ', kendallTau(x, y), agreement / Math.sqrt((pairs - tiedX) * (pairs - tiedY)), 1e-14),
      same('ranks', averageRanks(x), ranksOf(x)),
      near('ρ', spearmanRho(x, y), pearson(ranksOf(x), ranksOf(y)), 1e-13),
    ]);
  },
  source: dataSource,
});

/** A round's outcome, judged from its candidates and their places alone. */
function judge(
  space: SearchSpace,
  round: Round,
  pruneNumber: number,
  seed: number,
): { found: Measured[]; mask: Round['mask'] } {
  const generator = new Generator(seed).fork(round.index);
  const drawn = round.candidates.map((): Changes => ({
    kappa: generator.integer(6) / 8,
    regions: generator.integer(3) / 4,
  }));
  const options = { pruneNumber, digits: 3, ties: 'rounded' } as const;
  const { standings, pruned, tied, mask } = decide(space, round, drawn, options);
  const keyOf = (i: number) =>
    round.phase === 'operations' ? `${round.candidates[i].cell} ${round.candidates[i].edge}` : '';
  const groups = new Map<string, number[]>();
  for (const { index } of standings) groups.set(keyOf(index), [...(groups.get(keyOf(index)) ?? []), index]);
  let anyTied = false;
  const gone = [...groups.values()].flatMap((all) => {
    const stay =
      round.phase === 'operations' ? Math.max(1, all.length - pruneNumber) : Math.min(all.length, space.incoming);
    const sum = (i: number) => standings.find(({ index }) => index === i)!.rankSum;
    const goes = all.slice(0, all.length - stay);
    if (goes.length > 0 && sum(goes[goes.length - 1]) === sum(all[goes.length])) anyTied = true;
    return goes.map((i) => round.candidates[i]);
  });
  const off = (choice: (typeof gone)[number]) => !mask[choice.cell][choice.edge][choice.op];
  const count = (m: Round['mask']) => m.flat(2).filter(Boolean).length;
  const found = [
    same(`round ${round.index}: what goes`, pruned, gone),
    same(`round ${round.index}: tied`, tied, anyTied),
    holds(`round ${round.index}: it is off`, gone.every(off) && count(mask) === count(round.mask) - gone.length),
  ];
  return { found, mask };
}

const schedules: Law<Backend> = law({
  name: 'rounds of a search',
  statement:
    'In every round the first of each edge go, until one operation is left on each, and of each node all edges but those that may stay.',
  share: 0.3,
  cases: {
    searches: fc.record({
      name: fc.constantFrom('nas-bench-201' as const, 'darts' as const),
      pruneNumber: extent(3),
      seed: seeds,
    }),
  },
  check: async (_, { name, pruneNumber, seed }) => {
    const space = SEARCH_SPACES[name];
    const found: Measured[] = [];
    let mask = fullMask(space);
    let index = 0;
    let work = [0, 0];
    let phaseMask = mask;
    let phase = 'operations';
    for (let round: Round | undefined = firstRound(space); round !== undefined; round = nextRound(space, round, mask)) {
      if (round.phase !== phase) [phase, phaseMask] = [round.phase, mask];
      found.push(same('the number of the round', round.index, index++), same('its mask', round.mask, mask));
      if (phase === 'edges') found.push(same('the mask of its phase', round.phaseMask, phaseMask));
      const on = (cell: number, edge: number) => round.mask[cell][edge].filter(Boolean).length;
      const open = round.candidates.every(
        ({ cell, edge, op }) => round.mask[cell][edge][op] && (phase === 'edges' || on(cell, edge) > 1),
      );
      found.push(holds('candidates', open));
      const before = mask.flat(2).filter(Boolean).length;
      const candidates = round.candidates.length;
      work = [work[0] + before * candidates + candidates * (before - 1), work[1] + before + candidates * (before - 1)];
      const judged = judge(space, round, pruneNumber, seed);
      found.push(...judged.found);
      ({ mask } = judged);
      if (index > 100) return Promise.resolve([holds('it ends', false)]);
    }
    const left = mask.map((edges) => edges.filter((edge) => edge.some(Boolean)));
    found.push(
      holds(
        'one operation an edge',
        left.flat().every((edge) => edge.filter(Boolean).length === 1),
      ),
    );
    for (const [cell, edges] of mask.entries()) {
      for (const group of space.groups) {
        const stay = group.filter((edge) => edges[edge].some(Boolean)).length;
        found.push(same(`edges into a node of cell ${cell}`, stay, Math.min(group.length, space.incoming)));
      }
    }
    found.push(same('the work of it', totalWork(space, pruneNumber, false), work[0]));
    found.push(same('the work of paired candidates', totalWork(space, pruneNumber, true), work[1]));
    return Promise.resolve(found);
  },
  source: dataSource,
});

/** A cell as a function of numbers: operations are multiplications by numbers of their own. */
function valueOf(cell: readonly (readonly string[])[]): number {
  const weights: Readonly<Record<string, number>> = {
    none: 0,
    skip_connect: 1,
    nor_conv_1x1: 1.37,
    nor_conv_3x3: 2.11,
    avg_pool_3x3: 0.73,
  };
  const nodes = [1];
  for (const edges of cell) nodes.push(edges.reduce((sum, op, from) => sum + weights[op] * nodes[from], 0));
  return nodes[nodes.length - 1];
}

const cells: Law<Backend> = law({
  name: 'cells that compute the same',
  statement: 'Cells of one form compute the same, and are represented by the first of them.',
  share: 2,
  cases: { cells: fc.nat(CELL_COUNT - 1) },
  check: async (_, index) => {
    const cell = cellAt(index);
    const first = representativeOf(cell);
    return Promise.resolve([
      same('the form', canonicalForm(first), canonicalForm(cell)),
      near('the function', valueOf(first), valueOf(cell), 1e-12 * Math.abs(valueOf(cell))),
      same('of the first', representativeOf(first), first),
    ]);
  },
  source: dataSource,
});

/** Laws of what a search makes of its measurements. */
export const rankingLaws: readonly Law<Backend>[] = [ranks, changes, rounding, correlations, schedules, cells];
