import { checkBackend, checkRunOptions } from '../abort.ts';
import { checkFunction, formatValue } from '../check.ts';
import type { RunOptions } from '../progress.ts';
import { nextTurn, turnIsDue } from '../turns.ts';
import { checkDataset, type Dataset } from '../data/index.ts';
import { cellNetwork, formatGenotype, type Genotype } from '../nn/index.ts';
import {
  canonicalForm,
  type CellMeasurement,
  CellMeasurer,
  checkSweepSettings,
  formatRow,
  type NetworkCost,
  networkCost,
  representativeOf,
  type SweepSettings,
} from '../search/index.ts';
import { type Backend, InputError } from '../tensor/index.ts';
import { acquireLock, type Lock } from './lockFile.ts';
import { SweepFile } from './sweepFile.ts';

/** What a sweep runs with. */
export interface SweepOptions extends RunOptions {
  /** The cells, a row each, in this order. */
  readonly cells: readonly Genotype[];
  readonly settings: SweepSettings;
  readonly dataset: Dataset;
  /** Backends that compute cells side by side, where no `queue` measures them. */
  readonly lanes?: readonly Backend[];
  /** What measures them elsewhere, in place of lanes. */
  readonly queue?: CellQueue;
  /** The table, CSV. Its settings are kept beside it. */
  readonly path: string;
  readonly onRow?: (done: number) => void;
}

/** What measures cells elsewhere: a `MeasurementQueue`. It tells each when the one before is written. */
export interface CellQueue {
  measureCells(
    settings: SweepSettings,
    dataset: Dataset,
    cells: readonly Genotype[],
    tell: (index: number, measurement: CellMeasurement) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void>;
}

const OPTIONS = ['cells', 'settings', 'dataset', 'lanes', 'queue', 'path', 'onRow', 'signal', 'onProgress'] as const;

/** How a sweep went. */
export interface SweepOutcome {
  /** Rows of the table. */
  readonly rows: number;
  /** Rows that were there before. */
  readonly resumed: number;
  /** Cells that were measured now. */
  readonly measured: number;
}

/**
 * Measures cells of NAS-Bench-201 into a table. Cells that compute the same are measured once, on the first of them by
 * index, so that a cell's numbers do not depend on which others are in the table. Rows are written in order, each at once;
 * when the table is there, the sweep goes on after its last whole row. A sweep that fails before its first row leaves nothing.
 *
 * @throws the signal's reason when it is aborted; the rows that were written stay, and the sweep can be taken up again.
 * @throws InputError when another process writes the table, or it is one of other settings or cells.
 *
 * @example
 * const path = `${folder}/sweep.csv`;
 * const dataset = new SyntheticDataset({ length: 20, shape: [3, 8, 8] });
 * const sweep = { settings: sweepSettings, dataset, path, lanes: [await defaultBackend()] };
 * await runSweep({ ...sweep, cells: [cellAt(9506)] });
 * console.log(await runSweep({ ...sweep, cells: [cellAt(9506), cellAt(1)] })); // { rows: 2, resumed: 1, measured: 1 }
 */
export async function runSweep(options: SweepOptions): Promise<SweepOutcome> {
  checkRunOptions('runSweep', options, OPTIONS);
  const { cells, dataset, lanes, onRow, path, queue, settings } = options;
  if (typeof path !== 'string') throw new InputError(`runSweep: path: expected a path, got ${formatValue(path)}`);
  if (!Array.isArray(cells)) throw new InputError(`runSweep: cells: expected a list, got ${formatValue(cells)}`);
  if (queue === undefined) {
    if (!Array.isArray(lanes) || lanes.length === 0) {
      throw new InputError(`runSweep: lanes: expected a list of backends, got ${formatValue(lanes)}`);
    }
    for (const lane of lanes) checkBackend('runSweep: lanes', lane);
  } else {
    checkFunction('runSweep: queue: measureCells', (queue as Partial<CellQueue> | null)?.measureCells);
    if (lanes !== undefined) throw new InputError('runSweep: expected lanes or a queue, got both');
  }
  if (onRow !== undefined) checkFunction('runSweep: onRow', onRow);
  checkDataset('runSweep: dataset', dataset);
  checkSweepSettings(settings);
  const lock = await acquireLock(`${path}.lock`, path);
  try {
    const table = await SweepFile.read(path, settings);
    try {
      return await fill(table, lock, options);
    } finally {
      await table.close();
    }
  } finally {
    await lock.release();
  }
}

async function fill(
  table: SweepFile,
  lock: Lock,
  { cells, settings, dataset, lanes = [], queue, path, onRow, signal, onProgress }: SweepOptions,
): Promise<SweepOutcome> {
  const { rows } = table;
  const costOf = (cell: Genotype) => {
    const { channels, cells: depth, classes } = settings;
    return networkCost(cellNetwork(cell, { channels, cells: depth, classes, depth: -1, useStem: true }), dataset.shape);
  };
  const known = new Map<string, CellMeasurement>();
  for (const [i, row] of rows.entries()) {
    if (i >= cells.length) break;
    if (row.architecture !== formatGenotype(cells[i])) {
      throw new InputError(
        `${path}: line ${i + 2}, column architecture: expected ${formatGenotype(cells[i])}, got ${row.architecture}`,
      );
    }
    requireCost(row, costOf(cells[i]), path, i + 2);
    known.set(canonicalForm(cells[i]), row);
    if (turnIsDue()) await nextTurn(signal);
  }
  const resumed = Math.min(rows.length, cells.length);
  const forms = cells.map(canonicalForm);
  const pending = [...new Set(forms.slice(resumed))].filter((form) => !known.has(form));
  const cellOf = new Map(cells.map((cell, i) => [forms[i], cell]));
  const measurer = pending.length > 0 ? new CellMeasurer(settings, dataset) : undefined;

  let next = resumed;
  /** Writes all rows that are known now; one call after another. */
  let writing = Promise.resolve();
  const flush = () =>
    (writing = writing.then(async () => {
      for (; next < cells.length && known.has(forms[next]); next++) {
        await lock.check();
        await table.append(formatRow(cells[next], costOf(cells[next]), known.get(forms[next])!));
        onRow?.(next + 1);
        onProgress?.({ done: next + 1, of: cells.length, stage: 'cells' });
      }
    }));
  const representatives = pending.map((form) => representativeOf(cellOf.get(form)!));
  const tell = (index: number, measurement: CellMeasurement) => {
    known.set(pending[index], measurement);
    return flush();
  };
  if (measurer !== undefined) {
    if (queue !== undefined) await queue.measureCells(settings, dataset, representatives, tell, signal);
    else await measureOnLanes(measurer, lanes, representatives, tell, signal);
  }
  await flush();
  return { rows: Math.max(rows.length, cells.length), resumed, measured: pending.length };
}

/** Measures cells side by side, and tells each as soon as it is known. */
async function measureOnLanes(
  measurer: CellMeasurer,
  lanes: readonly Backend[],
  cells: readonly Genotype[],
  tell: (index: number, measurement: CellMeasurement) => Promise<void>,
  signal: AbortSignal | undefined,
): Promise<void> {
  let taken = 0;
  const lane = async (backend: Backend) => {
    try {
      while (taken < cells.length) {
        signal?.throwIfAborted();
        const index = taken++;
        await tell(index, await measurer.measure(cells[index], backend, { signal }));
      }
    } catch (error) {
      taken = cells.length; // the other lanes stop, too
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(lanes.map(lane));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

/** @throws InputError when a row says another cost than its network has. */
function requireCost(row: NetworkCost, cost: NetworkCost, path: string, line: number): void {
  for (const column of ['parameters', 'flops'] as const) {
    if (row[column] === cost[column]) continue;
    throw new InputError(
      `${path}: line ${line}, column ${column}: expected ${cost[column]}, as the cell has, got ${row[column]}`,
    );
  }
}
