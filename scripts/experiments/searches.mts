import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { csvParse } from 'd3-dsv';
import { parseGenotype } from '../../src/nn/index.ts';
import { loadAccuracyTable, openDataset } from '../../src/node/index.ts';
import { runSearch, type SearchSettings, TE_NAS_COMMON, TE_NAS_SETTINGS } from '../../src/search/index.ts';
import { wasmBackend } from '../../src/tensor/index.ts';
import { DATASETS } from './randomSearch.mts';

// TE-NAS's searches of NAS-Bench-201 by seed, and the accuracies of the cells they end with: docs/science/searches.csv.
// A line is added after each search; the same command goes on where it was stopped. Forty take about three hours on two
// cores. Each takes one thread: on another number κ is summed in another order, and a rank may differ.
//
//     npx tsx scripts/experiments/searches.mts [--fidelity code|paper] [--unpaired] [--seeds 20] [--first 0]

const { values: options } = parseArgs({
  options: {
    fidelity: { type: 'string', multiple: true, default: ['code', 'paper'] },
    unpaired: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '20' },
    first: { type: 'string', default: '0' },
  },
});

const file = fileURLToPath(new URL('../../docs/science/searches.csv', import.meta.url));
if (!existsSync(file)) await appendFile(file, `fidelity,paired,seed,cell,${DATASETS.join(',')}\n`);
const done = csvParse(await readFile(file, 'utf8'));
const accuracies = await loadAccuracyTable();
const dataset = await openDataset('sample-1000');
const backend = wasmBackend({ threads: 1 });

for (let seed = Number(options.first); seed < Number(options.first) + Number(options.seeds); seed++) {
  for (const fidelity of options.fidelity as SearchSettings['fidelity'][]) {
    const paired = !options.unpaired;
    if (done.some((row) => row.fidelity === fidelity && row.paired === String(paired) && Number(row.seed) === seed))
      continue;
    const settings: SearchSettings = {
      ...TE_NAS_COMMON,
      ...TE_NAS_SETTINGS['nas-bench-201'],
      ...{ space: 'nas-bench-201', criteria: 'both', data: 'sample-1000', backend: 'wasm', dtype: 'float32' },
      ...{ fidelity, paired, seed },
    };
    const { genotype } = await runSearch({ settings, dataset, backend });
    const accuracy = accuracies.of(parseGenotype(genotype!));
    const row = [fidelity, paired, seed, genotype, ...DATASETS.map((name) => accuracy[name].toFixed(2))];
    await appendFile(file, `${row.join(',')}\n`);
    console.log(row.join(' '));
  }
}
await backend.close();
