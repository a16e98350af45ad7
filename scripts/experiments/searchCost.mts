import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { cellNetwork } from '../../src/nn/index.ts';
import { loadSearch } from '../../src/node/index.ts';
import {
  networkCost,
  parseSweepTable,
  type Purpose,
  Search,
  SEARCH_SPACES,
  type SearchSettings,
  without,
} from '../../src/search/index.ts';

// What paired searches cost in random cells: the multiplications of all networks that each has measured, over those of a
// mean cell of the same size. `ntkit search --out DIR` keeps what it has measured in DIR/search.json.
//
//     npx tsx scripts/experiments/searchCost.mts DIR/search.json…

const space = SEARCH_SPACES['nas-bench-201'];
/** The networks of a search, and a sample of each: the sizes are TE-NAS's. */
const USES = {
  kappa: { sample: [3, 32, 32], size: { channels: 3, cells: 1, classes: 10, depth: -1, useStem: true } },
  regions: { sample: [1, 3, 3], size: { channels: 1, cells: 1, classes: 10, depth: 1, useStem: false } },
} as const;

const table = fileURLToPath(new URL('../../docs/sweep/random-1000.csv', import.meta.url));
const { cells } = parseSweepTable(await readFile(table, 'utf8'), 'random-1000.csv');
const meanCell = (purpose: Purpose) => {
  const { sample, size } = USES[purpose];
  return cells.reduce((sum, cell) => sum + networkCost(cellNetwork(cell, size), sample).flops, 0) / cells.length;
};
const ofCell = { kappa: meanCell('kappa'), regions: meanCell('regions') };

for (const path of process.argv.slice(2)) {
  const { settings } = JSON.parse(await readFile(path, 'utf8')) as { settings: SearchSettings };
  const search = new Search(settings);
  const cost = { kappa: 0, regions: 0 };
  for (const entry of (await loadSearch(path, settings))!) {
    const { round, choice } = search.next!;
    const mask = choice ? without(round.mask, [choice]) : round.mask;
    for (const purpose of ['kappa', 'regions'] as const) {
      cost[purpose] += networkCost(space.supernet(mask, purpose, settings.classes), USES[purpose].sample).flops;
    }
    search.record(entry);
  }
  const inCells = (purpose: Purpose) => (cost[purpose] / ofCell[purpose]).toFixed(0);
  console.log(`${path}: κ ${inCells('kappa')} random cells, regions ${inCells('regions')}`);
}
