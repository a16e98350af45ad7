import { parseSweepTable, type SweepTable } from '../search/index.ts';
import { readText } from './readFile.ts';

/**
 * Reads a table of cells; see {@link parseSweepTable}.
 *
 * @throws InputError when the file cannot be read, or is no such table.
 *
 * @example
 * await writeAtomically(`${folder}/cells.csv`, `architecture,kappa\n${formatGenotype(cellAt(1))},12.5\n`);
 * const { cells, metrics } = await readSweepTable(`${folder}/cells.csv`);
 * console.log(cells.length, metrics.kappa); // 1 [ 12.5 ]
 */
export async function readSweepTable(path: string): Promise<SweepTable> {
  return parseSweepTable(await readText('table', path), path);
}
