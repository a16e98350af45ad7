import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { type Dataset, SyntheticDataset } from '../../src/data/index.ts';
import {
  type Entry,
  firstRound,
  fullMask,
  historyOf,
  kappaBatch,
  type Measurement,
  Measurer,
  regionBatches,
  type Round,
  runSearch,
  Search,
  type SearchSettings,
  SEARCH_SPACES,
  type Task,
  totalWork,
  unresolvedCount,
  without,
} from '../../src/search/index.ts';
import { Generator, InputError, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';

const tiny: SearchSettings = {
  space: 'nas-bench-201',
  fidelity: 'paper',
  criteria: 'both',
  paired: false,
  seed: 0,
  data: 'synthetic',
  classes: 3,
  batchSize: 2,
  repeats: 2,
  pruneNumber: 1,
  digits: 3,
  regions: { batches: 2, samples: 10 },
  backend: 'wasm',
  dtype: 'float32',
};
const dataset = new SyntheticDataset({ seed: 1, length: 24, shape: [3, 4, 4] });
const wasm = wasmBackend({ threads: 1 });
afterAll(() => wasm.close());

const run = (changes: Partial<SearchSettings>, entries: readonly Entry[] = []) =>
  runSearch({ settings: { ...tiny, ...changes }, dataset, backend: wasm, entries });

/** Made-up measurements, a function of the request. */
function invent({ round, choice }: Task, { paired, repeats, seed }: SearchSettings): Entry {
  const of = (what: string) =>
    Array.from({ length: repeats }, (_, repeat): Measurement => {
      const where = choice === undefined ? 'all' : `${choice.cell} ${choice.edge} ${choice.op}`;
      const generator = new Generator(seed).fork(`${round.index} ${where} ${what} ${repeat}`);
      const kappa = {
        lambdaMin: 1,
        lambdaMax: 1 + generator.integer(50),
        noiseFloor: 1e-9,
        verdict: 'resolved',
      } as const;
      return { kappa, regions: 1 + generator.integer(30) };
    });
  if (choice === undefined) return { before: of('before') };
  return { ...(!paired && { before: of('before') }), after: of('after') };
}

describe('a search of NAS-Bench-201', () => {
  test('is the same on both backends up to rounding, and ends with one operation per edge', async () => {
    const once = { paired: true, repeats: 1 };
    const fast = await run(once);
    expect(fast.finished.map(({ candidates }) => candidates.length)).toEqual([24, 18, 12]);
    expect(fast.entries).toHaveLength(54 + 3);
    expect(fast.work).toBe(totalWork(fast.space, 1, true));
    expect(fast.genotype).toMatch(/^\|\w+~0\|\+\|\w+~0\|\w+~1\|\+\|\w+~0\|\w+~1\|\w+~2\|$/);
    expect(fast.genotype).not.toContain('none');
    const settings: SearchSettings = { ...tiny, ...once, backend: 'reference', dtype: 'float64' };
    const exact = new Search(settings);
    const measurer = new Measurer(exact.space, settings, dataset, referenceBackend);
    exact.record(await measurer.reference(exact.next!.round));
    for (let i = 0; i < 5; i++) exact.record(await measurer.candidate(exact.next!.round, exact.next!.choice!));
    measurer.dispose();
    exact.entries.forEach((entry, i) => {
      const [a, b] = [entry, fast.entries[i]].map(({ before, after }) => (before ?? after)![0]);
      // Kernels of two images are far from singular, and κ as precise as float32 rows are: about 1e-5.
      expect(a.kappa!.lambdaMax / a.kappa!.lambdaMin / (b.kappa!.lambdaMax / b.kappa!.lambdaMin)).toBeCloseTo(1, 3);
      expect(a.regions).toBe(b.regions);
    });
  });

  test('measures the same, wherever it is resumed', async () => {
    const whole = await run({ repeats: 1 });
    for (const stopped of [25, 50]) {
      const again = await run({ repeats: 1 }, whole.entries.slice(0, stopped));
      expect(again.entries).toEqual(whole.entries);
      expect(again.genotype).toBe(whole.genotype);
    }
  });

  test('replayed with the same measurements is the same search', () => {
    const drawn = fc.record({
      space: fc.constantFrom('nas-bench-201' as const, 'darts' as const),
      fidelity: fc.constantFrom('paper' as const, 'code' as const),
      paired: fc.boolean(),
      seed: fc.nat(1000),
      stop: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(drawn, ({ stop, ...changes }) => {
        const settings: SearchSettings = { ...tiny, ...changes };
        const play = (search: Search) => {
          while (search.next !== undefined) search.record(invent(search.next, settings));
          return search;
        };
        const whole = play(new Search(settings));
        expect(whole.work).toBe(totalWork(whole.space, 1, settings.paired));
        const again = play(new Search(settings, whole.entries.slice(0, Math.floor(stop * whole.entries.length))));
        expect(again.entries).toEqual(whole.entries);
        expect(historyOf(again)).toEqual(historyOf(whole));
        expect(again.genotype).toBe(whole.genotype);
      }),
      { numRuns: 12 },
    );
  });

  test('depends on seed, fidelity, criteria and pairing', async () => {
    const searches: Search[] = [];
    // One round is enough: all but one of the operations of every edge are removed at once.
    for (const changes of [
      {},
      { seed: 1 },
      { fidelity: 'code' },
      { paired: true },
      { criteria: 'kappa' },
      { criteria: 'regions' },
    ] as const) {
      searches.push(await run({ pruneNumber: 3, repeats: 1, ...changes }));
    }
    const [both, , code, paired, kappa, regions] = searches;
    const first = (search: Search) => search.finished[0].candidates[0];
    expect(new Set(searches.map((search) => JSON.stringify(first(search)))).size).toBe(6);
    // A measurement does not depend on the others.
    const firstKappas = (search: Search) => first(search).after.map((measured) => measured.kappa);
    const firstRegions = (search: Search) => first(search).after.map((measured) => measured.regions);
    expect(firstKappas(kappa)).toEqual(firstKappas(both));
    expect(firstRegions(regions)).toEqual(firstRegions(both));
    expect(firstRegions(kappa)).toEqual([undefined]);
    // Paired: all candidates are compared with the same measurements.
    expect(new Set(paired.finished[0].candidates.map(({ before }) => before)).size).toBe(1);
    expect(code.genotype).toMatch(/^\|/);
  });

  test('refuses measurements that are not what it asked for', () => {
    const search = new Search({ ...tiny, paired: true });
    expect(() => search.record({ after: [] })).toThrow(InputError);
    expect(() => search.record({ before: [{ regions: 3 }, { regions: 4 }] })).toThrow(
      /expected 2 measurements of kappa and regions/,
    );
    expect(search.entries).toHaveLength(0);
  });

  test('continues when κ is negative, infinite or NaN', () => {
    const kinds = [
      { lambdaMin: 0, lambdaMax: 0, noiseFloor: 0, verdict: 'lower-bound' },
      { lambdaMin: 0, lambdaMax: 3, noiseFloor: 1e-9, verdict: 'lower-bound' },
      { lambdaMin: -1, lambdaMax: 3, noiseFloor: 1e-9, verdict: 'indefinite' },
      { lambdaMin: 1, lambdaMax: 3, noiseFloor: 1e-9, verdict: 'resolved' },
    ] as const;
    for (const fidelity of ['paper', 'code'] as const) {
      const search = new Search({ ...tiny, fidelity });
      for (let i = 0; search.next !== undefined; i++) {
        const of = (k: number) => ({ kappa: kinds[k % 4], regions: 1 + (k % 3) });
        search.record({ before: [of(i), of(i + 1)], after: [of(3 * i + 2), of(i * i)] });
      }
      expect(search.genotype).toMatch(/^\|/);
      expect(unresolvedCount(search)).toBeGreaterThan(0);
      // Only values that JSON can hold.
      expect(JSON.parse(JSON.stringify(historyOf(search)))).toEqual(historyOf(search));
    }
  });
});

test('a search of DARTS ends with eight edges per cell', async () => {
  const settings = { space: 'darts', criteria: 'regions', repeats: 1, pruneNumber: 6, paired: true } as const;
  const search = await run({ ...settings, regions: { batches: 1, samples: 12 } });
  expect(search.finished).toHaveLength(7);
  expect(search.genotype!.match(/'/g)).toHaveLength(32);
});

describe('what the code of TE-NAS does and its paper does not say', () => {
  const drawn = (settings: SearchSettings, images: Dataset) =>
    new Measurer(SEARCH_SPACES[settings.space], settings, images, wasm);
  test('weights for regions are drawn once per candidate, and in paper in every repeat', async () => {
    // Images of 3×3 pixels and one channel have one crop: all repeats count on the same samples.
    const samples = new SyntheticDataset({ length: 500, shape: [1, 3, 3] });
    const counts = async (fidelity: 'paper' | 'code') => {
      const regions = { batches: 1, samples: samples.length };
      const measurer = drawn({ ...tiny, fidelity, criteria: 'regions', repeats: 6, regions }, samples);
      const round = firstRound(SEARCH_SPACES['nas-bench-201']);
      const entries = [0, 1, 2, 3].map((i) => round.candidates[i]);
      const found: number[][] = [];
      for (const choice of entries) {
        const { before = [] } = await measurer.candidate(round, choice);
        found.push(before.map(({ regions: count }) => count!));
      }
      measurer.dispose();
      return found;
    };
    for (const repeats of await counts('paper')) expect(new Set(repeats).size).toBeGreaterThan(1);
    const code = await counts('code');
    for (const repeats of code) expect(new Set(repeats).size).toBe(1);
    expect(new Set(code.flat()).size).toBeGreaterThan(1);
  });

  test('κ of edges is compared with the network before any of them was removed', async () => {
    const settings: SearchSettings = { ...tiny, space: 'darts', repeats: 1, pruneNumber: 6, criteria: 'kappa' };
    const space = SEARCH_SPACES.darts;
    const mask = fullMask(space);
    const phaseMask = without(mask, []);
    const fewer = without(mask, [{ cell: 0, edge: 2, op: 3 }]);
    const round: Round = { phase: 'edges', index: 3, mask: fewer, phaseMask, candidates: [] };
    const before = async (fidelity: 'paper' | 'code', of: Round) => {
      const measurer = drawn({ ...settings, fidelity, paired: true }, dataset);
      const { before: [measured] = [] } = await measurer.reference(of);
      measurer.dispose();
      return measured.kappa;
    };
    expect(await before('code', round)).toEqual(await before('code', { ...round, mask: phaseMask }));
    expect(await before('paper', round)).not.toEqual(await before('paper', { ...round, mask: phaseMask }));
  });
});

describe('inputs', () => {
  test('of κ are a random batch, and of a region count random crops of one channel', () => {
    const images = kappaBatch(dataset, 5, new Generator(1));
    expect(images.shape).toEqual([5, 3, 4, 4]);
    expect(kappaBatch(dataset, 5, new Generator(1))).toEqual(images);
    expect(kappaBatch(dataset, 5, new Generator(2))).not.toEqual(images);
    const large = new SyntheticDataset({ length: 24, shape: [3, 32, 32] });
    const crops = regionBatches(large, { batches: 3, samples: 20 }, new Generator(1));
    expect(crops.map(({ shape }) => shape)).toEqual([0, 1, 2].map(() => [20, 1, 3, 3]));
    // 60 crops of 24 images: all are different, as the places and channels are.
    const texts = crops.flatMap(({ data }) =>
      Array.from({ length: 20 }, (_, i) => data.slice(9 * i, 9 * i + 9).join()),
    );
    expect(new Set(texts).size).toBe(60);
    expect(() => kappaBatch(dataset, 25, new Generator(1))).toThrow(
      /synthetic: expected at least 25 images, the batch size, got 24/,
    );
    const oblong = new SyntheticDataset({ length: 4, shape: [3, 8, 6] });
    expect(() => kappaBatch(oblong, 2, new Generator(1))).toThrow(/expected square images, got 8×6/);
  });

  test('are evaluated by supernets of the sizes in TE-NAS', () => {
    for (const space of Object.values(SEARCH_SPACES)) {
      const mask = space.cells.map(() => space.edges.map(() => space.operations.map((_, op) => op === 1)));
      const names = (purpose: 'kappa' | 'regions') => [...space.supernet(mask, purpose, 10).namedParameters().keys()];
      const cells = (purpose: 'kappa' | 'regions') =>
        new Set(names(purpose).flatMap((name) => /^cells\.(\d+)/.exec(name)?.[1] ?? [])).size;
      expect(cells('kappa')).toBe(space.name === 'darts' ? 2 : 5);
      expect(cells('regions')).toBe(space.name === 'darts' ? 2 : 1);
    }
  });
});
