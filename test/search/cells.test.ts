import { describe, expect, test } from 'vitest';
import { cellNetwork, formatGenotype, parseGenotype, WELL_KNOWN_CELLS } from '../../src/nn/index.ts';
import { loadAccuracyTable } from '../../src/node/index.ts';
import {
  canonicalForm,
  CELL_COUNT,
  cellAt,
  cellDigits,
  networkCost,
  randomCells,
  representativeOf,
} from '../../src/search/index.ts';
import { InputError } from '../../src/tensor/index.ts';

const all = Array.from({ length: CELL_COUNT }, (_, index) => cellAt(index));

describe('the cells of NAS-Bench-201', () => {
  test('are 15,625 different cells', () => {
    expect(CELL_COUNT).toBe(15_625);
    expect(new Set(all.map(formatGenotype)).size).toBe(15_625);
    expect(formatGenotype(cellAt(1))).toBe('|none~0|+|none~0|none~1|+|none~0|none~1|skip_connect~2|');
    expect(cellDigits(cellAt(1))).toBe('000001');
    for (const bad of [-1, 0.5, CELL_COUNT]) expect(() => cellAt(bad)).toThrow(InputError);
  });

  test('compute 6,466 different functions, as Dong & Yang (2020) count', () => {
    expect(new Set(all.map(canonicalForm)).size).toBe(6466);
  });

  test('are represented by the first cell that computes the same', () => {
    const one = parseGenotype('|skip_connect~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|skip_connect~2|');
    const other = parseGenotype('|nor_conv_3x3~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|');
    expect(canonicalForm(one)).toBe(canonicalForm(other));
    expect(representativeOf(one)).toEqual(representativeOf(other));
    expect(canonicalForm(representativeOf(one))).toBe(canonicalForm(one));
    for (let index = 0; index < CELL_COUNT; index += 97) {
      const first = all.find((cell) => canonicalForm(cell) === canonicalForm(all[index]));
      expect(representativeOf(all[index])).toEqual(first);
    }
  });

  test('drawn at random are distinct, and a larger count extends the list', () => {
    const few = randomCells(50, 7).map(formatGenotype);
    expect(new Set(few).size).toBe(50);
    expect(randomCells(80, 7).slice(0, 50).map(formatGenotype)).toEqual(few);
    expect(randomCells(50, 8).map(formatGenotype)).not.toEqual(few);
    expect(new Set(randomCells(CELL_COUNT, 1).map(formatGenotype)).size).toBe(CELL_COUNT);
  });
});

describe('the accuracies', () => {
  test('agree with the benchmark', async () => {
    const table = await loadAccuracyTable();
    const best = (dataset: 'cifar10' | 'cifar100' | 'imagenet16-120') =>
      all
        .map((cell) => table.of(cell))
        .sort((a, b) => a.index - b.index)
        .reduce((a, b) => (b[dataset] > a[dataset] ? b : a));
    expect(best('cifar10')).toMatchObject({ index: 6111, cifar10: 94.3733 });
    expect(best('cifar100')).toMatchObject({ index: 9930, cifar100: 73.5133 });
    expect(best('imagenet16-120')).toMatchObject({ index: 857, 'imagenet16-120': 47.3111 });
    expect(new Set(all.map((cell) => table.of(cell).index)).size).toBe(CELL_COUNT);
    const named = parseGenotype(WELL_KNOWN_CELLS['best on CIFAR-100']);
    expect(table.of(named).index).toBe(9930);
    expect(table.betterThan(named, 'cifar100')).toBe(0);
    expect(table.betterThan(named, 'cifar10')).toBe(2);
    const skip = table.of(parseGenotype(WELL_KNOWN_CELLS['all skip connections']));
    expect(skip.cifar10.toFixed(2)).toBe('54.30');
  });
});

describe('parameters and FLOPs', () => {
  // What NAS-Bench-201 reports of its networks (C = 16, N = 5) for 10 classes, in millions: 7.78305 and 0.073306 of the
  // skeleton, and for each of 5 cells a stage and each 3×3 convolution 3·9·16²·32² operations and 48,608 parameters.
  test.each([
    ['all 3×3 convolutions', 220.11969, 1.531546],
    ['best on CIFAR-100', 184.73025, 1.288506],
    ['all skip connections', 7.78305, 0.073306],
  ])('of %s are %d M and %d M', (name, flops, parameters) => {
    const size = { channels: 16, cells: 5, classes: 10, depth: -1, useStem: true };
    const cost = networkCost(cellNetwork(parseGenotype(WELL_KNOWN_CELLS[name]), size), [3, 32, 32]);
    expect(cost.flops / 1e6).toBeCloseTo(flops, 4);
    expect(cost.parameters / 1e6).toBeCloseTo(parameters, 6);
  });
});
