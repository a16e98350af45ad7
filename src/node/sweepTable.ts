import { parseSweepTable, type SweepTable } from '../search/index.ts';
import { readText } from './readFile.ts';

/**
 * Reads a table of cells; see {@link parseSweepTable}.
 *
 * @throws InputError when the file cannot be read, or is no such table.
 */
export async function readSweepTable(path: string): Promise<SweepTable> {
  return parseSweepTable(await readText('table', path), path);
}
