import { readFile } from 'node:fs/promises';
import { parseSweepTable, type SweepTable } from '../search/index.ts';
import { cannot } from './atomicFile.ts';

/**
 * Reads a table of cells; see {@link parseSweepTable}.
 *
 * @throws InputError when the file cannot be read, or is no such table.
 */
export async function readSweepTable(path: string): Promise<SweepTable> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw cannot('be read', path, error);
  }
  return parseSweepTable(text, path);
}
