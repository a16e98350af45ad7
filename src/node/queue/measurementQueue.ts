import type { Dataset } from '../../data/index.ts';
import { JobError } from '../../errors.ts';
import {
  candidateJob,
  cellDigits,
  type CellMeasurement,
  type Entry,
  jobToJson,
  parseCellMeasurement,
  parseEntry,
  type RoundMeasurer,
  type SearchSettings,
  type SweepSettings,
  type Task,
} from '../../search/index.ts';
import { formatGenotype, type Genotype } from '../../nn/index.ts';
import type { Backend } from '../../tensor/index.ts';
import { collect, type QueueProgress } from './collector.ts';
import type { Computer } from './computer.ts';
import { describeImages, type DescribedImages, getImages, LARGEST_SENT, putImages } from './images.ts';
import { type QueuePlace, QueueServer } from './jobQueue.ts';
import { JobMeasurer } from './measure.ts';
import { serve, type ServeOptions } from './worker.ts';

/** Callbacks that follow the progress of a queue. */
export interface QueueWatcher {
  readonly onProgress?: ((progress: QueueProgress) => void) | undefined;
  readonly onNotice?: ((line: string) => void) | undefined;
}

/**
 * Measures cells and candidates on other machines.
 *
 * @example
 * ```ts no-run
 * const dataset = await openDataset('sample');
 * const computer = await computerOf('0.1.0', await defaultBackend(), 'float32');
 * const queue = await MeasurementQueue.open({ url: 'redis://localhost' }, computer);
 * await runSweep({ cells: randomCells(1000, 0), settings: sweepSettings, dataset, queue, path: 'sweep.csv' });
 * await queue.close();
 * ```
 */
export class MeasurementQueue {
  readonly server: QueueServer;
  readonly #computer: Computer;
  readonly #watcher: QueueWatcher;
  #images: DescribedImages | undefined;

  private constructor(server: QueueServer, computer: Computer, watcher: QueueWatcher) {
    this.server = server;
    this.#computer = computer;
    this.#watcher = watcher;
  }

  /** @throws InputError when the server cannot be reached. */
  static async open(place: QueuePlace, computer: Computer, watcher: QueueWatcher = {}): Promise<MeasurementQueue> {
    const server = await QueueServer.open({ onNotice: watcher.onNotice, ...place });
    return new MeasurementQueue(server, computer, watcher);
  }

  /**
   * Measures cells, and tells each, in their order.
   *
   * @throws JobError when one cannot be measured: those after it are measured, and kept on the server.
   * @throws InputError when another process collects the same measurements.
   */
  async measureCells(
    settings: SweepSettings,
    dataset: Dataset,
    cells: readonly Genotype[],
    tell: (index: number, measurement: CellMeasurement) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    const images = this.#described(dataset);
    const common = { images: images.digest, computer: this.#computer.name };
    await collect(this.server, this.#computer, {
      ...this.#work(images, signal),
      what: 'sweep',
      run: JSON.stringify(['cells', settings, images.digest]),
      count: cells.length,
      id: (index) => cellDigits(cells[index]),
      nameOf: (index) => formatGenotype(cells[index]),
      data: (index) => jobToJson({ kind: 'cell', settings, ...common, cell: cells[index] }),
      parse: (value, where) => parseCellMeasurement(value, settings, where),
      tell,
    });
  }

  /** What measures the rounds of a search here; see `runSearch`. */
  roundMeasurer(settings: SearchSettings, dataset: Dataset): RoundMeasurer {
    return (tasks, tell, signal) => this.#measureRound(settings, dataset, tasks, tell, signal);
  }

  async #measureRound(
    settings: SearchSettings,
    dataset: Dataset,
    tasks: readonly Task[],
    tell: (entry: Entry) => Promise<void>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const images = this.#described(dataset);
    const common = { images: images.digest, computer: this.#computer.name };
    const nameOf = ({ choice }: Task) =>
      choice === undefined ? 'reference' : `${choice.cell}_${choice.edge}_${choice.op}`;
    await collect(this.server, this.#computer, {
      ...this.#work(images, signal),
      what: `search, round ${tasks[0].round.index + 1}`,
      run: JSON.stringify(['round', settings, images.digest, tasks[0].round]),
      count: tasks.length,
      id: (index) => nameOf(tasks[index]),
      nameOf: (index) => nameOf(tasks[index]),
      data: (index) => jobToJson(candidateJob(settings, common, tasks[index])),
      parse: (value, where) => parseEntry(value, settings, where),
      tell: (_, entry) => tell(entry),
    });
  }

  /** Frees the connection. */
  close(): Promise<void> {
    return this.server.close();
  }

  #described(dataset: Dataset): DescribedImages {
    if (this.#images?.dataset !== dataset) this.#images = describeImages(dataset);
    return this.#images;
  }

  #work(images: DescribedImages, signal: AbortSignal | undefined) {
    const { redis, prefix } = this.server;
    const { onProgress, onNotice } = this.#watcher;
    let told = false;
    const prepare = async () => {
      if ((await putImages(redis, prefix, images)) || told) return;
      told = true;
      onNotice?.(
        `${images.dataset.name}: more than ${LARGEST_SENT / 2 ** 20} MiB, not sent: workers need --data with the same images`,
      );
    };
    return { prepare, onProgress, signal };
  }
}

/** What a worker of sweeps and searches works with. */
export interface WorkerOptions extends Omit<ServeOptions<Backend>, 'work'> {
  /** Images that it has; others it gets from the server. */
  readonly datasets?: readonly Dataset[];
}

/**
 * Measures what sweeps and searches on a server ask for, until it is asked to end or has had no job for a while.
 *
 * @returns how many jobs it did.
 *
 * @example
 * ```ts no-run
 * const server = await QueueServer.open({ url: 'redis://localhost' });
 * const backend = await defaultBackend();
 * const computer = await computerOf('0.1.0', backend, 'float32');
 * console.log(await runWorker(server, { computer, lanes: [backend], idle: 60 }), 'jobs are done');
 * await server.close();
 * ```
 */
export async function runWorker(server: QueueServer, { datasets = [], ...options }: WorkerOptions): Promise<number> {
  const own = new Map(datasets.map((dataset) => [describeImages(dataset).digest, dataset]));
  let last: { readonly digest: string; readonly dataset: Promise<Dataset> } | undefined;
  const fetched = async (digest: string) => {
    const dataset = await getImages(server.redis, server.prefix, digest);
    if (dataset !== undefined) return dataset;
    throw new JobError(
      `job: images ${digest.slice(0, 12)}: expected on the server or as the worker's own, got neither`,
    );
  };
  const imagesOf = (digest: string): Promise<Dataset> => {
    const here = own.get(digest);
    if (here !== undefined) return Promise.resolve(here);
    if (last?.digest !== digest) {
      const dataset = fetched(digest);
      last = { digest, dataset };
      dataset.catch(() => (last = undefined));
    }
    return last.dataset;
  };
  const measurer = new JobMeasurer(options.computer, imagesOf);
  try {
    return await serve(server, { ...options, work: (data, lane, signal) => measurer.measure(data, lane, signal) });
  } finally {
    measurer.dispose();
  }
}
