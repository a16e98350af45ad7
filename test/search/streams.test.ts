import { describe, expect, test } from 'vitest';
import { cifarAugmentation, DataLoader, SyntheticDataset } from '../../src/data/index.ts';
import {
  Conv2d,
  formatGenotype,
  initialize,
  Linear,
  parseGenotype,
  Sequential,
  TE_NAS_SCHEMES,
} from '../../src/nn/index.ts';
import {
  bootstrap,
  CellMeasurer,
  firstRound,
  kappaBatch,
  kendallTau,
  type Measurement,
  Measurer,
  randomCells,
  regionBatches,
  repeatBatches,
  type Round,
  SEARCH_SPACES,
  type SearchSettings,
  type SweepSettings,
  without,
} from '../../src/search/index.ts';
import { Generator, referenceBackend } from '../../src/tensor/index.ts';

// A seed draws the same as in earlier versions: a search or a sweep that one of them started can be resumed, and a
// published table can be reproduced. The numbers here were measured when the streams were named.

/** A number that changes with every element and with their order. */
const digest = ({ data }: { readonly data: ArrayLike<number> }) =>
  Array.from(data)
    .reduce((sum, x, i) => sum + x * Math.cos(1 + i), 0)
    .toFixed(4);

describe('data', () => {
  const images = new SyntheticDataset({ seed: 4, length: 6, shape: [3, 32, 32] });

  test('synthetic images, orders of epochs and their augmentation', () => {
    const loader = new DataLoader(images, { batchSize: 4, shuffle: true, seed: 3, augment: cifarAugmentation });
    const epochs = [0, 1].map((epoch) => [...loader.epoch(epoch)].map((batch) => digest(batch.images)));
    expect([digest(images.get(0).image), digest(images.get(5).image), ...epochs.flat()]).toEqual([
      '-2.4731',
      '22.5762',
      '52.1787',
      '10.9962',
      '33.6128',
      '86.4182',
    ]);
  });

  test('batches for κ and for regions', () => {
    const crops = regionBatches(images, { batches: 3, samples: 5 }, new Generator(2));
    const repeats = repeatBatches(images, 3, 3, 8);
    expect([kappaBatch(images, 3, new Generator(2)), ...crops, ...repeats].map(digest)).toEqual([
      '14.1911',
      '2.5769',
      '0.0762',
      '3.6377',
      '60.1550',
      '61.9512',
      '67.9699',
    ]);
  });

  test('weights by the names of parameters', () => {
    const network = new Sequential(new Conv2d(2, 3, 3), new Sequential(new Linear(4, 2)));
    const drawn = (['paper', 'code'] as const).flatMap((scheme) => {
      initialize(network, TE_NAS_SCHEMES[scheme], new Generator(6));
      return [...network.namedParameters().values()].map(({ value }) => digest(value));
    });
    expect(drawn).toEqual(['2.3597', '0.0000', '1.2161', '0.0000', '-1.1905', '-0.0996', '0.1463', '-0.0151']);
  });

  test('cells, and resamples of a bootstrap', () => {
    expect(randomCells(2, 9).map(formatGenotype)).toEqual([
      '|avg_pool_3x3~0|+|avg_pool_3x3~0|nor_conv_1x1~1|+|avg_pool_3x3~0|none~1|nor_conv_1x1~2|',
      '|skip_connect~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|nor_conv_1x1~0|nor_conv_1x1~1|avg_pool_3x3~2|',
    ]);
    const [x, y] = [
      [1, 2, 3, 4, 5, 6, 7],
      [2, 1, 4, 3, 7, 5, 6],
    ];
    const { low, high } = bootstrap(kendallTau, x, y, { resamples: 50, level: 0.5, seed: 3 });
    expect([low, high].map((value) => value.toFixed(6))).toEqual(['0.513889', '0.764706']);
  });
});

/** λmax to four digits, which rounding does not touch, and regions. */
const numbers = (measurements: readonly Measurement[] = []) =>
  measurements.map(({ kappa, regions }) => `${kappa?.lambdaMax.toPrecision(4)} ${regions}`).join(', ');

const dataset = new SyntheticDataset({ seed: 1, length: 12, shape: [3, 4, 4] });

describe('a search', () => {
  const settings: SearchSettings = {
    ...{ space: 'nas-bench-201', fidelity: 'paper', criteria: 'both', paired: false, seed: 5, data: 'test' },
    ...{ classes: 3, batchSize: 3, repeats: 2, pruneNumber: 1, digits: 3, regions: { batches: 2, samples: 150 } },
    ...{ backend: 'reference', dtype: 'float64' },
  };
  const space = SEARCH_SPACES['nas-bench-201'];
  const first = firstRound(space);
  const fewer = without(first.mask, [first.candidates[3], first.candidates[8]]);
  const rounds: Round[] = [first, { ...first, phase: 'edges', index: 3, mask: fewer }];

  test.each([
    [
      'paper',
      false,
      [
        '1.077e+6 137, 5.477e+5 147',
        '1.525e+5 134, 7.087e+4 142',
        '7.982e+7 138, 2.130e+4 153',
        '1.798e+6 137, 9890 153',
        '5.019e+4 159, 5328 143',
        '1.685e+5 153, 6.009e+5 145',
        '2.924e+4 158, 2.883e+4 135',
        '5.114e+5 159, 5.078e+5 139',
      ],
    ],
    [
      'paper',
      true,
      [
        '4.192e+5 128, 2.411e+5 143',
        '3.926e+4 129, 9.152e+4 135',
        '2801 139, 7908 146',
        '1.329e+6 140, 1.460e+5 141',
        '2.965e+4 134, 2.397e+5 137',
        '5485 137, 3.553e+6 140',
      ],
    ],
    [
      'code',
      false,
      [
        '6.450e+5 147, 3.905e+6 145',
        '7.921e+4 139, 9.502e+4 140',
        '5.491e+4 139, 5.587e+5 152',
        '1.053e+4 134, 1.472e+4 142',
        '1.086e+4 144, 1.540e+5 139',
        '3485 150, 1.582e+4 148',
        '5.721e+4 152, 4.121e+4 140',
        '4831 161, 6.171e+5 141',
      ],
    ],
    [
      'code',
      true,
      [
        '5.796e+4 128, 3.974e+5 130',
        '1818 138, 4.559e+5 139',
        '4.138e+4 134, 1.697e+4 144',
        '7000 152, 9056 140',
        '3.259e+6 135, 2.522e+4 138',
        '1.054e+4 146, 7.055e+4 140',
      ],
    ],
  ] as const)('on %s, paired: %s', async (fidelity, paired, expected) => {
    const measurer = new Measurer(space, { ...settings, fidelity, paired }, dataset, referenceBackend);
    const found: string[] = [];
    for (const round of rounds) {
      if (paired) found.push(numbers((await measurer.reference(round)).before));
      for (const choice of [first.candidates[0], first.candidates[5]]) {
        const { before, after } = await measurer.candidate(round, choice);
        found.push(...(before ? [numbers(before)] : []), numbers(after));
      }
    }
    measurer.dispose();
    expect(found).toEqual(expected);
  });
});

describe('a sweep', () => {
  const settings: SweepSettings = {
    ...{ data: 'test', channels: 2, cells: 1, classes: 3, batchSize: 3, repeats: 3, mode: 'train', init: 'paper' },
    ...{ seed: 5, regions: { batches: 2, samples: 150 }, backend: 'reference', dtype: 'float64' },
  };
  const cell = parseGenotype('|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|avg_pool_3x3~2|');

  test.each([
    ['paper', 'train', '3.440e+7 148, 1797 148, 4.264e+4 145'],
    ['code', 'train', '367.8 145, 9341 142, 8956 149'],
    ['paper', 'eval', '143.5 148, 787.3 148, 133.6 145'],
  ] as const)('on %s in %s mode', async (init, mode, expected) => {
    const { kappas, regions } = await new CellMeasurer({ ...settings, init, mode }, dataset).measure(
      cell,
      referenceBackend,
    );
    expect(numbers(kappas.map((kappa, i) => ({ kappa, regions: regions[i] })))).toBe(expected);
  });
});
