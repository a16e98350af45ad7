import { afterAll, describe, expect, test } from 'vitest';
import { ArrayDataset, type Dataset, SyntheticDataset } from '../../src/data/index.ts';
import { Conv2d, initialize, parseGenotype } from '../../src/nn/index.ts';
import {
  CellMeasurer,
  firstRound,
  kappaBatch,
  type Measurement,
  Measurer,
  REGION_SCHEMES,
  regionBatches,
  repeatBatches,
  type Round,
  SEARCH_SPACES,
  type SearchSettings,
  type SweepSettings,
} from '../../src/search/index.ts';
import { Generator, type NDArray, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';

// Which measurements share weights, and which share images.

const wasm = wasmBackend({ threads: 1 });
afterAll(() => wasm.close());

/**
 * Four images that are their own mirror images; of 3×3 pixels they have one crop. A batch of all four is the same but for
 * its order, so that κ's of two networks differ by rounding alone exactly when their weights are the same.
 */
const same = new ArrayDataset({
  name: 'same',
  shape: [3, 3, 3],
  images: Float32Array.from({ length: 4 * 27 }, (_, i) => Math.sin(1 + i - (i % 3) + (i % 3) * (2 - (i % 3)))),
});

/** The number of distinct values; rounding to float32 separates equal ones by about 1e-6, a new draw by far more. */
function distinct(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.filter((value, i) => i === 0 || value > sorted[i - 1] * (1 + 1e-4)).length;
}

/** Records the images that are requested. */
class Noted implements Dataset {
  readonly asked: number[] = [];
  readonly #of: Dataset;
  readonly name;
  readonly shape;
  readonly length;

  constructor(of: Dataset) {
    this.#of = of;
    ({ name: this.name, shape: this.shape, length: this.length } = of);
  }

  get(index: number) {
    this.asked.push(index);
    return this.#of.get(index);
  }
}

test('weights for regions are drawn by fan-in in fidelity paper, and as PyTorch draws them in code', () => {
  // 4 channels to 64 by 3×3: 36 inputs and 576 outputs. 2,304 draws: five standard errors of a variance are 15 %.
  const drawn = (fidelity: 'paper' | 'code') => {
    const layer = new Conv2d(4, 64, 3);
    initialize(layer, REGION_SCHEMES[fidelity], new Generator(3));
    const squares = [...layer.weight.value.data].map((x) => x * x);
    const bias = Math.max(...layer.bias!.value.data.map(Math.abs));
    return { variance: squares.reduce((a, b) => a + b) / squares.length, bias };
  };
  const [paper, code] = [drawn('paper'), drawn('code')];
  expect(Math.abs(paper.variance / (2 / 36) - 1)).toBeLessThan(0.15);
  expect(paper.bias).toBe(0);
  expect(Math.abs(code.variance / (1 / (3 * 36)) - 1)).toBeLessThan(0.15);
  expect(code.bias).toBeGreaterThan(0);
});

describe('a search', () => {
  const space = SEARCH_SPACES['nas-bench-201'];
  const round = firstRound(space);
  const settings: SearchSettings = {
    space: 'nas-bench-201',
    fidelity: 'paper',
    criteria: 'kappa',
    paired: false,
    seed: 0,
    data: 'test',
    classes: 3,
    batchSize: 4,
    repeats: 3,
    pruneNumber: 1,
    digits: 3,
    regions: { batches: 1, samples: 40 },
    backend: 'wasm',
    dtype: 'float32',
  };
  const measurer = (changes: Partial<SearchSettings>, dataset: Dataset = same) =>
    new Measurer(space, { ...settings, ...changes }, dataset, wasm);
  const largest = (measurements: readonly Measurement[] | undefined) =>
    measurements!.map(({ kappa }) => kappa!.lambdaMax);
  // `none` is not in the mask: without it the network stays the same, and so do its measurements if its draws do.
  const [nothing, nothingElse] = [0, 4].map((edge) => ({ cell: 0, edge, op: 0 }));

  test('of fidelity paper draws weights for κ in every repeat, of code once per round', async () => {
    const [paper, code] = [measurer({}), measurer({ fidelity: 'code' })];
    const of = async (which: Measurer, changes: Partial<Round>, choice = nothing) =>
      largest((await which.candidate({ ...round, ...changes }, choice)).before);
    expect(distinct([...(await of(paper, {})), ...(await of(paper, {}, nothingElse))])).toBe(6);
    const first = await of(code, {});
    expect(distinct([...first, ...(await of(code, {}, nothingElse))])).toBe(1);
    const second = await of(code, { index: 1 });
    expect(distinct([...first, ...second])).toBe(2);
    // TE-NAS decides on all nodes' edges in one call, whose weights are drawn at its beginning.
    const edges = [await of(code, { phase: 'edges', index: 2 }), await of(code, { phase: 'edges', index: 3 })];
    expect(distinct(edges.flat())).toBe(1);
    expect(distinct([...edges.flat(), ...first, ...second])).toBe(3);
    const onPaper = [await of(paper, { phase: 'edges', index: 2 }), await of(paper, { phase: 'edges', index: 3 })];
    expect(distinct(onPaper.flat())).toBe(6);
    paper.dispose();
    code.dispose();
  });

  test('measures both networks of a comparison on the same weights and images', async () => {
    const images = new SyntheticDataset({ seed: 2, length: 50, shape: [3, 8, 8] });
    for (const fidelity of ['paper', 'code'] as const) {
      const unpaired = measurer({ criteria: 'both', fidelity }, images);
      const entries = [await unpaired.candidate(round, nothing), await unpaired.candidate(round, nothingElse)];
      for (const { before, after } of entries) expect(after).toEqual(before);
      // Candidates are measured on different images.
      expect(distinct(entries.flatMap(({ before }) => largest(before)))).toBe(6);
      unpaired.dispose();

      const paired = measurer({ criteria: 'both', fidelity, paired: true }, images);
      const { before } = await paired.reference(round);
      for (const choice of [nothing, nothingElse]) {
        expect(await paired.candidate(round, choice)).toEqual({ after: before });
      }
      expect(distinct(largest(before))).toBe(3);
      paired.dispose();
    }
  });

  test('draws images for κ and for regions in every repeat, in both fidelities', async () => {
    const { batchSize, repeats } = settings;
    const samples = 8;
    for (const fidelity of ['paper', 'code'] as const) {
      for (const criteria of ['kappa', 'regions'] as const) {
        const images = new Noted(new SyntheticDataset({ seed: 2, length: 100, shape: [3, 3, 3] }));
        const which = measurer({ fidelity, criteria, regions: { batches: 1, samples } }, images);
        await which.candidate(round, nothing);
        const size = criteria === 'kappa' ? batchSize : samples;
        const batches = Array.from({ length: 2 * repeats }, (_, i) => images.asked.slice(i * size, (i + 1) * size));
        expect(images.asked).toHaveLength(2 * repeats * size);
        // Before and after of a repeat are of the same images, and no two repeats are.
        expect(new Set(batches.map(String)).size).toBe(repeats);
        which.dispose();
      }
    }
  });
});

describe('a sweep', () => {
  const settings: SweepSettings = {
    data: 'test',
    channels: 2,
    cells: 1,
    classes: 3,
    batchSize: 4,
    repeats: 4,
    mode: 'train',
    init: 'paper',
    seed: 0,
    regions: { batches: 2, samples: 8 },
    backend: 'wasm',
    dtype: 'float32',
  };
  const cell = parseGenotype('|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|');

  test('draws weights in every repeat, the same for every cell that shares them', async () => {
    const measurer = new CellMeasurer(settings, same);
    const { kappas } = await measurer.measure(cell, wasm);
    expect(distinct(kappas.map(({ lambdaMax }) => lambdaMax))).toBe(4);
    expect(await measurer.measure(cell, wasm)).toMatchObject({ kappas });
  });

  test('draws crops in every repeat and every batch', () => {
    const images = new Noted(new SyntheticDataset({ seed: 2, length: 100, shape: [3, 3, 3] }));
    new CellMeasurer(settings, images);
    const crops = images.asked.slice(settings.repeats * settings.batchSize);
    expect(crops).toHaveLength(4 * 2 * 8);
    const batches = Array.from({ length: 8 }, (_, i) => crops.slice(8 * i, 8 * i + 8));
    expect(new Set(batches.map(String)).size).toBe(8);
  });
});

test('a search and a sweep compute in the precision that they state', async () => {
  const floorOf = async (dtype: 'float32' | 'float64') => {
    const space = SEARCH_SPACES['nas-bench-201'];
    const common = { data: 'test', classes: 3, batchSize: 4, repeats: 1, seed: 0, backend: 'reference', dtype };
    const regions = { batches: 1, samples: 8 };
    const measurer = new Measurer(
      space,
      {
        ...common,
        regions,
        space: space.name,
        fidelity: 'paper',
        criteria: 'kappa',
        paired: true,
        pruneNumber: 1,
        digits: 3,
      },
      same,
      referenceBackend,
    );
    const { before } = await measurer.reference(firstRound(space));
    measurer.dispose();
    const cell = parseGenotype('|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|skip_connect~2|');
    const sweep = { ...common, regions, channels: 2, cells: 1, mode: 'train', init: 'paper' } as const;
    const { kappas } = await new CellMeasurer(sweep, same).measure(cell, referenceBackend);
    return [before![0].kappa!, kappas[0]].map(({ noiseFloor, lambdaMax }) => noiseFloor / lambdaMax);
  };
  const [single, double] = [await floorOf('float32'), await floorOf('float64')];
  single.forEach((floor, i) => expect(floor / double[i]).toBeGreaterThan(1));
});

describe('a batch', () => {
  test('for κ has about half of its images mirrored', () => {
    // Of 3×3 pixels there is one crop; column x of every image has the values i + x/4.
    const images = new ArrayDataset({
      name: 'columns',
      shape: [1, 3, 3],
      images: Float32Array.from({ length: 200 * 9 }, (_, i) => Math.floor(i / 9) + (i % 3) / 4),
    });
    const { data } = kappaBatch(images, 200, new Generator(5));
    const seen = { whole: new Set<number>(), mirrored: 0 };
    for (let i = 0; i < 200; i++) {
      const row = [...data.subarray(9 * i, 9 * i + 3)];
      const image = Math.floor(row[0]);
      seen.whole.add(image);
      if (row[0] > row[2]) seen.mirrored += 1;
      expect(row[0] > row[2] ? row.toReversed() : row).toEqual([image, image + 0.25, image + 0.5]);
    }
    expect(seen.whole.size).toBe(200);
    // Binomial(200, ½): mean 100, deviation 7.07. Beyond five deviations lie fewer than one draw in a million.
    expect(Math.abs(seen.mirrored - 100)).toBeLessThan(36);
  });

  test('for regions is normalised as its data set says', () => {
    const images = Float32Array.from({ length: 27 }, (_, i) => Math.floor(i / 9) + 1);
    const normalization = { mean: [0.5, 1, 1], std: [0.25, 0.5, 4] };
    const plain = new ArrayDataset({ name: 'plain', shape: [3, 3, 3], images });
    const dataset = new ArrayDataset({ name: 'normalised', shape: [3, 3, 3], images, normalization });
    const values = (of: Dataset) => new Set(regionBatches(of, { batches: 1, samples: 30 }, new Generator(1))[0].data);
    expect([...values(plain)].sort()).toEqual([1, 2, 3]);
    // (1 − 0.5)/0.25, (2 − 1)/0.5, (3 − 1)/4.
    expect([...values(dataset)].sort()).toEqual([0.5, 2]);
  });

  test('of a repeat is full, however few images an epoch has left', () => {
    const five = new SyntheticDataset({ seed: 3, length: 5, shape: [3, 3, 3] });
    expect(repeatBatches(five, 3, 4, 1).map(({ shape }) => shape[0])).toEqual([3, 3, 3, 3]);
  });

  const textsOf = (batch: NDArray) => Array.from({ length: 16 }, (_, i) => batch.data.slice(9 * i, 9 * i + 9).join());

  test('for regions has its own crops, even of the same images', () => {
    // One image, all of its pixels different: equal crops would be equal places, of 900. Two batches of 16 at 32 places
    // drawn alike would share them all; drawn independently, 16 pairs share a position with probability 16/900.
    const one = new SyntheticDataset({ seed: 3, length: 1, shape: [1, 32, 32] });
    const [first, second] = regionBatches(one, { batches: 2, samples: 16 }, new Generator(1)).map(textsOf);
    expect(first.filter((text, i) => text === second[i]).length).toBeLessThanOrEqual(1);
    expect(new Set(first).size).toBeGreaterThan(12);
  });

  test('for regions picks its own channels', () => {
    // Channel c is c everywhere, and there is one crop: only the channel is visible.
    const images = Float32Array.from({ length: 27 }, (_, i) => Math.floor(i / 9));
    const channels = new ArrayDataset({ name: 'channels', shape: [3, 3, 3], images });
    const [first, second] = regionBatches(channels, { batches: 2, samples: 16 }, new Generator(1)).map(textsOf);
    // Drawn independently, all 16 are the same with probability 3⁻¹⁶.
    expect(second).not.toEqual(first);
    expect(new Set([...first, ...second]).size).toBe(3);
  });
});
