import { createHash } from 'node:crypto';
import { formatValue } from '../../check.ts';
import { SyntheticDataset } from '../../data/index.ts';
import { InputError } from '../../errors.ts';
import { cellAt, CellMeasurer, type SweepSettings } from '../../search/index.ts';
import type { Backend, DType } from '../../tensor/index.ts';

/** What computes: two that have the same name give the same bytes. */
export interface Computer {
  /** Version, backend and precision, and what a small cell comes to: `0.1.0-wasm-float32-1f3a9c02`. */
  readonly name: string;
}

/** A cell with all operations: 1×1 and 3×3 convolutions, an average pool, a skip connection. */
const CELL = Number.parseInt('321432', 5);

/**
 * What computes here. Its name ends with a digest of a small cell's κ and regions, computed just now: a version of the same
 * number that was built of other code, and a processor or engine that rounds in another way, have other names.
 *
 * @example
 * const { name } = await computerOf('0.1.0', await defaultBackend(), 'float32');
 * console.log(name.replace(/[0-9a-f]{8}$/, '…')); // 0.1.0-wasm-float32-…
 */
export async function computerOf(version: string, backend: Backend, dtype: DType): Promise<Computer> {
  const settings: SweepSettings = {
    ...{ data: 'synthetic', channels: 4, cells: 1, classes: 3, batchSize: 4, repeats: 1, seed: 0 },
    ...{ mode: 'train', init: 'paper', regions: { batches: 1, samples: 64 }, backend: backend.name, dtype },
  };
  const images = new SyntheticDataset({ seed: 1, length: 8, shape: [3, 16, 16] });
  const measured = await new CellMeasurer(settings, images).measure(cellAt(CELL), backend);
  // Of graphics processors even the small ones of a kind may differ where a small cell does not show it.
  const device = backend.name === 'gpu' ? backend.device : '';
  const digest = createHash('sha256')
    .update(JSON.stringify([measured, device]))
    .digest('hex')
    .slice(0, 8);
  return { name: `${version.replace(/[^\w.]/g, '_')}-${backend.name}-${dtype}-${digest}` };
}

/** The name of a computer, from a server that anybody may have written to. @throws InputError when it is none. */
export function parseComputer(text: string): Computer {
  if (/^[\w.]{1,40}-[a-z]{1,20}-float(32|64)-[0-9a-f]{8}$/.test(text)) return { name: text };
  throw new InputError(`queue: expected the name of a computer, got ${formatValue(text)}`);
}
