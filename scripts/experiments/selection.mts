import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { csvFormat } from 'd3-dsv';
import { loadAccuracyTable } from '../../src/node/index.ts';
import { averageRanks, type BenchmarkDataset, parseSweepTable } from '../../src/search/index.ts';
import { Generator } from '../../src/tensor/index.ts';

// What a search is worth that draws cells at random and keeps the one whose ranks add up best: docs/science/selection.csv.
// Each row is the mean of a thousand such searches over the swept cells, by sums of ranks of κ, regions and parameters.
//
//     npx tsx scripts/experiments/selection.mts

const DATASETS: readonly BenchmarkDataset[] = ['cifar10', 'cifar100', 'imagenet16-120'];
const SEARCHES = 1000;

const file = (path: string) => fileURLToPath(new URL(`../../docs/${path}`, import.meta.url));
const { cells, metrics } = parseSweepTable(await readFile(file('sweep/random-1000.csv'), 'utf8'), 'random-1000.csv');
const accuracies = await loadAccuracyTable();
const accuracy = cells.map((cell) => accuracies.of(cell));

/** Small is good. */
const scores = {
  kappa: metrics.kappa!,
  regions: metrics.regions!.map((count) => -count),
  parameters: metrics.parameters!.map((count) => -count),
};
type Score = keyof typeof scores;
const CHOICES: readonly (readonly Score[])[] = [
  [],
  ['kappa'],
  ['regions'],
  ['parameters'],
  ['kappa', 'regions'],
  ['kappa', 'parameters'],
  ['regions', 'parameters'],
  ['kappa', 'regions', 'parameters'],
];

/** The cell of a sample whose ranks add up to least; the first of equal ones, which come in random order. */
function best(sample: readonly number[], by: readonly Score[]): number {
  const sums = sample.map(() => 0);
  for (const score of by) averageRanks(sample.map((i) => scores[score][i])).forEach((rank, i) => (sums[i] += rank));
  return sample[sums.indexOf(Math.min(...sums))];
}

const rows = [28, 84, 250].flatMap((size) =>
  CHOICES.map((by) => {
    const generator = new Generator(0).fork(`sample of ${size}`);
    const found = Array.from({ length: SEARCHES }, () =>
      best(Array.from(generator.permutation(cells.length)).slice(0, size), by),
    );
    const columns = DATASETS.map((dataset) => {
      const values = found.map((i) => accuracy[i][dataset]);
      const mean = values.reduce((sum, value) => sum + value, 0) / SEARCHES;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (SEARCHES - 1);
      return [
        [dataset, mean.toFixed(2)],
        [`${dataset}_sd`, Math.sqrt(variance).toFixed(2)],
      ] as const;
    });
    return Object.fromEntries([['cells', String(size)], ['by', by.join(' + ') || 'none'], ...columns.flat()]);
  }),
);
console.table(rows);
await writeFile(file('science/selection.csv'), `${csvFormat(rows)}\n`);
