import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { loadAccuracyTable } from '../../src/node/index.ts';
import { averageRanks, type BenchmarkDataset, parseSweepTable } from '../../src/search/index.ts';
import { Generator } from '../../src/tensor/index.ts';

/** Data sets with known accuracies. */
export const DATASETS: readonly BenchmarkDataset[] = ['cifar10', 'cifar100', 'imagenet16-120'];
const SEARCHES = 1000;

const table = fileURLToPath(new URL('../../docs/sweep/random-1000.csv', import.meta.url));
const { cells, metrics } = parseSweepTable(await readFile(table, 'utf8'), 'random-1000.csv');
const accuracies = await loadAccuracyTable();
const accuracy = cells.map((cell) => accuracies.of(cell));

/** Small is good. */
const scores = {
  kappa: metrics.kappa!,
  regions: metrics.regions!.map((count) => -count),
  parameters: metrics.parameters!.map((count) => -count),
};
/** What a random search chooses by. */
export type Score = keyof typeof scores;

/** The cell of a sample whose ranks add up to least; the first of equal ones, which come in random order. */
function best(sample: readonly number[], by: readonly Score[]): number {
  const sums = sample.map(() => 0);
  for (const score of by) averageRanks(sample.map((i) => scores[score][i])).forEach((rank, i) => (sums[i] += rank));
  return sample[sums.indexOf(Math.min(...sums))];
}

/**
 * A thousand searches that each draw cells from the swept ones and keep the one whose ranks add up to least.
 *
 * @param size how many cells each draws
 * @param by what is ranked; with nothing a search keeps any cell
 * @returns the test accuracies in % of what each finds
 */
export function randomSearches(size: number, by: readonly Score[]): Record<BenchmarkDataset, number>[] {
  const generator = new Generator(0).fork(`sample of ${size}`);
  return Array.from(
    { length: SEARCHES },
    () => accuracy[best(Array.from(generator.permutation(cells.length)).slice(0, size), by)],
  );
}
