import { readFile } from 'node:fs/promises';
import { type Genotype, parseGenotype } from '../nn/index.ts';
import { type CellQueue, openImages, type QueueProgress, runSweep } from '../node/index.ts';
import { CELL_COUNT, cellAt, IMAGE_CHANNELS, randomCells, type SweepSettings } from '../search/index.ts';
import { type Backend, InputError } from '../tensor/index.ts';
import { type Computation, withLanes } from './backend.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { notice, print, printJson } from './output.ts';
import { progressBar } from './progress.ts';
import { describeProgress, withQueue } from './queue.ts';

/** Options of `ntkit sweep`. */
type Options = OptionsOf<typeof commands.sweep>;

/** `ntkit sweep`: κ, regions, parameters and FLOPs of many NAS-Bench-201 cells, into a table that survives a kill. */
export function sweepCommand(options: Options, signal: AbortSignal): Promise<void> {
  const { queue: url } = options;
  if (url === undefined) {
    return withLanes(options, ({ lanes, ...computation }) => run(options, computation, { lanes }, signal));
  }
  const state = { label: '' };
  const onProgress = (progress: QueueProgress) => (state.label = ` · ${describeProgress(progress)}`);
  return withQueue({ ...options, queue: url }, onProgress, ({ queue, computation, place }) =>
    run(options, computation, { queue, place, state }, signal),
  );
}

/** Who measures: lanes here, or workers elsewhere. */
type Measuring =
  | { readonly lanes: readonly Backend[]; readonly place?: undefined }
  | { readonly queue: CellQueue; readonly place: string; readonly state: { readonly label: string } };

async function run(
  options: Options,
  { backend, dtype }: Computation,
  measuring: Measuring,
  signal: AbortSignal,
): Promise<void> {
  const cells = await cellsOf(options);
  const dataset = await openImages(options.data, { seed: options.seed, channels: IMAGE_CHANNELS, onNotice: notice });
  const settings = settingsOf(options, backend.name, dtype);
  const progress = progressBar(cells.length);
  const start = performance.now();
  try {
    const common = { cells, settings, dataset, path: options.out, signal };
    const isHere = measuring.place === undefined;
    const onRow = (done: number) =>
      progress.update(done, `${done} of ${cells.length} cells${isHere ? '' : measuring.state.label}`);
    const outcome = await (isHere
      ? runSweep({ ...common, onRow, lanes: measuring.lanes })
      : runSweep({ ...common, onRow, queue: measuring.queue }));
    const seconds = (performance.now() - start) / 1000;
    progress.stop();
    const device = measuring.place ?? backend.device;
    if (options.json) printJson({ path: options.out, ...settings, device, ...outcome, seconds });
    else {
      print(
        `${options.out}: ${outcome.rows} rows, ${outcome.resumed} of them from before; ` +
          `${outcome.measured} cells measured in ${seconds.toFixed(1)} s ${isHere ? 'on' : 'at'} ${device}`,
      );
    }
  } finally {
    progress.stop();
  }
}

async function cellsOf({ count, all, archs, seed }: Options): Promise<Genotype[]> {
  if (Number(count !== undefined) + Number(all) + Number(archs !== undefined) !== 1) {
    throw new InputError('sweep: expected one of --count N, --all and --archs FILE');
  }
  if (count !== undefined) return randomCells(count, seed);
  if (archs === undefined) return Array.from({ length: CELL_COUNT }, (_, index) => cellAt(index));
  const lines = (await readText(archs)).split(/\r?\n/).map((line) => line.trim());
  const cells = lines.flatMap((line, i) =>
    line === '' || line.startsWith('#') ? [] : [parseLine(line, `--archs ${archs}: line ${i + 1}`)],
  );
  if (cells.length === 0) throw new InputError(`--archs ${archs}: expected one architecture per line, got none`);
  return cells;
}

function parseLine(line: string, where: string): Genotype {
  try {
    return parseGenotype(line);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${where}: ${error.message}`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new InputError(`--archs ${path}: cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

function settingsOf(options: Options, backend: string, dtype: string): SweepSettings {
  const { data, channels, cells, classes, batchSize, repeats, mode, init, seed, regionBatches, regionSamples } =
    options;
  const regions = { batches: regionBatches, samples: regionSamples };
  return { data, channels, cells, classes, batchSize, repeats, mode, init, seed, regions, backend, dtype };
}
