import fc from 'fast-check';
import { ArrayDataset, type Dataset, SyntheticDataset } from '../../data/index.ts';
import { WELL_KNOWN_CELLS, parseGenotype } from '../../nn/index.ts';
import {
  CellMeasurer,
  firstRound,
  kappaBatch,
  type Measurement,
  Measurer,
  regionBatches,
  type Round,
  SEARCH_SPACES,
  type SearchSettings,
  type SweepSettings,
} from '../../search/index.ts';
import { type Backend, Generator } from '../../tensor/index.ts';
import { law, type Law } from '../law.ts';
import { dataSource, holds, near, same } from './measures.ts';

// Which measurements share weights, and which share images.

/**
 * Four images that are their own mirror images, of one crop each: a batch of all four is the same but for its order, so
 * that κ's of two networks differ by rounding alone exactly where their weights are the same.
 */
const alike = () =>
  new ArrayDataset({
    name: 'alike',
    shape: [3, 3, 3],
    images: Float32Array.from({ length: 4 * 27 }, (_, i) => Math.sin(1 + i - (i % 3) + (i % 3) * (2 - (i % 3)))),
  });

/** How many different values there are: rounding parts equal ones by about 1e-6, drawing by far more. */
function distinct(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.filter((value, i) => i === 0 || value > sorted[i - 1] * (1 + 1e-4)).length;
}

const largest = (measurements: readonly Measurement[] | undefined) =>
  (measurements ?? []).map(({ kappa }) => kappa!.lambdaMax);

/** Notes the images that are asked for. */
function noted(length: number): { readonly dataset: Dataset; readonly asked: number[] } {
  const images = new SyntheticDataset({ seed: 2, length, shape: [3, 3, 3] });
  const asked: number[] = [];
  const get = (index: number) => {
    asked.push(index);
    return images.get(index);
  };
  return { dataset: { name: images.name, shape: images.shape, length, get }, asked };
}

const space = SEARCH_SPACES['nas-bench-201'];

const settingsOf = (seed: number, changes: Partial<SearchSettings>): SearchSettings => ({
  ...{ space: 'nas-bench-201', fidelity: 'paper', criteria: 'kappa', paired: false, seed, data: 'law', classes: 2 },
  ...{ batchSize: 4, repeats: 2, pruneNumber: 1, digits: 3, regions: { batches: 1, samples: 8 } },
  ...{ backend: 'wasm', dtype: 'float32' },
  ...changes,
});

const seeds32 = fc.integer({ min: 0, max: 1000 });

const searches: Law<Backend> = law({
  name: 'draws of a search',
  statement:
    'Weights and images are drawn anew for each repeat, candidate and round as the fidelity says, and shared by both networks of a comparison.',
  share: 0.05,
  cases: { seeds: seeds32 },
  check: async (backend, seed) => {
    const [dtype] = backend.dtypes;
    const measurer = (changes: Partial<SearchSettings>, dataset: Dataset = alike()) =>
      new Measurer(space, settingsOf(seed, { dtype, ...changes }), dataset, backend);
    const round = firstRound(space);
    // `none` is not in the mask: without it the network stays the same, and so do its measurements if its draws do.
    const [nothing, another] = [0, 4].map((edge) => ({ cell: 0, edge, op: 0 }));
    const of = async (which: Measurer, changes: Partial<Round> = {}, choice = nothing) =>
      largest((await which.candidate({ ...round, ...changes }, choice)).before);
    const [paper, code, paired] = [
      measurer({}),
      measurer({ fidelity: 'code' }),
      measurer({ paired: true, criteria: 'both' }),
    ];
    const first = await of(code);
    const onPaper = [...(await of(paper)), ...(await of(paper, {}, another)), ...(await of(paper, { index: 1 }))];
    const inCode = [...first, ...(await of(code, {}, another))];
    const edges = [
      ...(await of(code, { phase: 'edges', index: 2 })),
      ...(await of(code, { phase: 'edges', index: 3 })),
    ];
    const { before } = await paired.reference(round);
    const [one, other] = [await paired.candidate(round, nothing), await paired.candidate(round, another)];
    const found = [
      same('weights on paper', distinct(onPaper), 6),
      same('weights in code', distinct(inCode), 1),
      same('weights of rounds in code', distinct([...first, ...(await of(code, { index: 1 }))]), 2),
      same('weights of edges in code', [distinct(edges), distinct([...edges, ...first])], [1, 2]),
      same('paired candidates', [one, other], [{ after: before }, { after: before }]),
    ];
    for (const which of [paper, code, paired]) which.dispose();
    for (const fidelity of ['paper', 'code'] as const) {
      for (const criteria of ['kappa', 'regions'] as const) {
        const { dataset, asked } = noted(100);
        const which = measurer({ fidelity, criteria }, dataset);
        const { before: was, after } = await which.candidate(round, nothing);
        const size = criteria === 'kappa' ? 4 : 8;
        const drawn = Array.from({ length: 4 }, (_, i) => asked.slice(i * size, (i + 1) * size).join());
        found.push(
          same(`both networks, ${fidelity}`, after, was),
          same(`images for ${criteria}, ${fidelity}`, [new Set(drawn).size, asked.length], [2, 4 * size]),
        );
        which.dispose();
      }
    }
    return found;
  },
  source: dataSource,
});

const sweeps: Law<Backend> = law({
  name: 'draws of a sweep',
  statement: 'Every repeat of a cell has weights of its own, the same for all cells, and crops of its own.',
  share: 0.1,
  cases: { seeds: seeds32 },
  check: async (backend, seed) => {
    const settings: SweepSettings = {
      ...{ data: 'law', channels: 2, cells: 1, classes: 2, batchSize: 4, repeats: 3, seed },
      ...{ regions: { batches: 2, samples: 8 }, backend: 'wasm', dtype: backend.dtypes[0] },
      mode: 'train',
      init: 'paper',
    };
    const cell = parseGenotype(WELL_KNOWN_CELLS['all 3×3 convolutions']);
    const measurer = new CellMeasurer(settings, alike());
    const { kappas, regions } = await measurer.measure(cell, backend);
    const { dataset, asked } = noted(100);
    new CellMeasurer(settings, dataset);
    const crops = asked.slice(3 * 4);
    const batches = Array.from({ length: 6 }, (_, i) => crops.slice(8 * i, 8 * i + 8).join());
    return [
      same('weights', distinct(kappas.map(({ lambdaMax }) => lambdaMax)), 3),
      same('the same again', (await measurer.measure(cell, backend)).kappas, kappas),
      same('regions', regions.length, 3),
      same('crops', [new Set(batches).size, crops.length], [6, 48]),
    ];
  },
  source: dataSource,
});

/** Images of 16×16 pixels, each of which tells its image, channel and place. */
const places = (count: number) =>
  new ArrayDataset({
    name: 'places',
    shape: [3, 16, 16],
    images: Float32Array.from({ length: count * 768 }, (_, i) => i + 1),
  });

const batches: Law<Backend> = law({
  name: 'draws of batches',
  statement:
    'A batch for κ is flipped half of the time and shifted by up to an eighth; crops and channels for regions are those of each sample.',
  share: 0.2,
  cases: { seeds: seeds32 },
  check: async (_, seed) => {
    const { data } = kappaBatch(places(60), 60, new Generator(seed));
    const [flips, shifts, images] = [new Set<number>(), new Set<number>(), new Set<number>()];
    let flipped = 0;
    for (let i = 0; i < 60; i++) {
      // A pixel in the middle, which no frame reaches, and its right neighbour.
      const [here, right] = [data[i * 768 + 8 * 16 + 8] - 1, data[i * 768 + 8 * 16 + 9] - 1];
      const direction = right - here;
      flips.add(direction);
      flipped += Number(direction < 0);
      images.add(Math.floor(here / 768));
      shifts.add(Math.floor((here % 256) / 16) - 8);
    }
    const read = regionBatches(places(1), { batches: 2, samples: 16 }, new Generator(seed)).map((batch) =>
      Array.from({ length: 16 }, (__, i) => batch.data[9 * i] - 1),
    );
    const [first, second] = read;
    const equal = first.filter((value, i) => value % 256 === second[i] % 256).length;
    const few = regionBatches(places(5), { batches: 1, samples: 10 }, new Generator(seed))[0];
    const used = Array.from({ length: 10 }, (__, i) => Math.floor((few.data[9 * i] - 1) / 768));
    return Promise.resolve([
      same('neighbours', [...flips].sort(), [-1, 1]),
      // Binomial(60, ½): beyond 25 of its mean lies one draw in 10⁹.
      near('flips', flipped, 30, 25),
      same('every image once', images.size, 60),
      same(
        'shifts',
        [...shifts].sort((a, b) => a - b),
        [-2, -1, 0, 1, 2],
      ),
      // Two of 196 places are the same with probability 1/196: 5 of 16 with one of 10⁸.
      holds('crops of their own', equal < 5 && new Set(first.map((value) => value % 256)).size > 8),
      same('channels', [...new Set(read.flat().map((value) => Math.floor(value / 256)))].sort(), [0, 1, 2]),
      holds(
        'channels of their own',
        first.some((value, i) => Math.floor(value / 256) !== Math.floor(second[i] / 256)),
      ),
      same(
        'every image as often',
        [0, 1, 2, 3, 4].map((k) => used.filter((each) => each === k).length),
        [2, 2, 2, 2, 2],
      ),
    ]);
  },
  source: dataSource,
});

/** Laws of what is drawn at random in searches and sweeps. */
export const drawLaws: readonly Law<Backend>[] = [searches, sweeps, batches];
