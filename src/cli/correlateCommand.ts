import { basename } from 'node:path';
import { loadAccuracyTable, readSweepTable } from '../node/index.ts';
import { correlationPage, correlationTable } from '../report/index.ts';
import { correlate } from '../search/index.ts';
import { InputError } from '../tensor/index.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { checkWritable, print, printJson, terminalWidth, writeOutput } from './output.ts';

/** Options of `ntkit correlate`. */
type Options = OptionsOf<typeof commands.correlate>;

/** `ntkit correlate RESULTS`: rank correlation of a sweep's metrics with the benchmark's accuracies. */
export async function correlateCommand(path: string, options: Options): Promise<void> {
  const { dataset, resamples, seed, json, html } = options;
  if (html !== undefined) await checkWritable(html);
  const [table, accuracies] = [await readSweepTable(path), await loadAccuracyTable()];
  if (table.cells.length < 2) throw new InputError(`${path}: expected at least 2 cells, got ${table.cells.length}`);
  const accuracy = table.cells.map((cell) => accuracies.of(cell)[dataset]);
  const correlations = correlate(table, accuracy, { resamples, seed });
  if (html !== undefined) {
    const name = basename(path);
    await writeOutput(html, await correlationPage({ name, dataset, resamples, table, accuracy, correlations }));
  }
  if (json) printJson({ path, dataset, cells: table.cells.length, resamples, correlations });
  else print(correlationTable(correlations, dataset, { width: terminalWidth() }));
}
