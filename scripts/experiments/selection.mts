import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { csvFormat } from 'd3-dsv';
import { mean, standardDeviation } from '../../src/report/numbers.ts';
import { DATASETS, randomSearches, type Score } from './randomSearch.mts';

// What a search is worth that draws cells at random and keeps the one whose ranks add up best: docs/science/selection.csv.
// Each row is the mean of a thousand such searches over the swept cells, by sums of ranks of κ, regions and parameters.
//
//     npx tsx scripts/experiments/selection.mts

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

const rows = [28, 84, 160, 250].flatMap((size) =>
  CHOICES.map((by) => {
    const found = randomSearches(size, by);
    const columns = DATASETS.map((dataset) => {
      const values = found.map((each) => each[dataset]);
      return [
        [dataset, mean(values).toFixed(2)],
        [`${dataset}_sd`, standardDeviation(values).toFixed(2)],
      ] as const;
    });
    return Object.fromEntries([['cells', String(size)], ['by', by.join(' + ') || 'none'], ...columns.flat()]);
  }),
);
console.table(rows);
const file = fileURLToPath(new URL('../../docs/science/selection.csv', import.meta.url));
await writeFile(file, `${csvFormat(rows)}\n`);
