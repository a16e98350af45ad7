import { fileURLToPath } from 'node:url';
import { AccuracyTable } from '../search/index.ts';
import { readBytes } from './readFile.ts';

/** Of the same depth as seen from src/node, dist/node and the bundled dist/cli. */
const TABLE = new URL('../../assets/nas-bench-201-test-accuracy.csv', import.meta.url);

/**
 * The table of true accuracies that comes with ntkit. @throws InputError when it cannot be read.
 *
 * @example
 * const accuracies = await loadAccuracyTable();
 * const { cifar10 } = accuracies.of(cellAt(0)); // of a cell of no edges: 10 % is chance
 * console.log(cifar10); // 10
 */
export async function loadAccuracyTable(): Promise<AccuracyTable> {
  const { bytes, name } = await readBytes('accuracies', fileURLToPath(TABLE));
  return AccuracyTable.parse(new TextDecoder().decode(bytes), name);
}
