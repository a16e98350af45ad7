import { fileURLToPath } from 'node:url';
import { AccuracyTable } from '../search/index.ts';
import { readBytes } from './readFile.ts';

/** Of the same depth as seen from src/node, dist/node and the bundled dist/cli. */
const TABLE = new URL('../../assets/nas-bench-201-test-accuracy.csv', import.meta.url);

/** The table of true accuracies that comes with ntkit. @throws InputError when it cannot be read. */
export async function loadAccuracyTable(): Promise<AccuracyTable> {
  const { bytes, name } = await readBytes('accuracies', fileURLToPath(TABLE));
  return AccuracyTable.parse(new TextDecoder().decode(bytes), name);
}
