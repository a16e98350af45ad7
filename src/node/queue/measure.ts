import { formatValue } from '../../check.ts';
import type { Dataset } from '../../data/index.ts';
import { InputError } from '../../errors.ts';
import {
  type CandidateJob,
  CellMeasurer,
  type MeasurementJob,
  Measurer,
  parseJob,
  SEARCH_SPACES,
} from '../../search/index.ts';
import type { Backend } from '../../tensor/index.ts';
import type { Computer } from './computer.ts';

/** Where a worker's images are from, by their digest. */
export type ImagesOf = (digest: string) => Promise<Dataset>;

/** What a lane has made ready for the jobs of a search. */
interface Prepared {
  readonly key: string;
  readonly measurer: Measurer;
}

/**
 * Does the jobs of sweeps and searches. What several jobs need is made once: images, batches, and the network that the
 * candidates of a round are compared with.
 */
export class JobMeasurer {
  readonly #computer: Computer;
  readonly #images: ImagesOf;
  readonly #searches = new Map<Backend, Prepared>();
  #sweep: { readonly key: string; readonly measurer: Promise<CellMeasurer> } | undefined;

  constructor(computer: Computer, images: ImagesOf) {
    this.#computer = computer;
    this.#images = images;
  }

  /** @throws InputError when it is no job, or one for another computer. */
  async measure(data: unknown, backend: Backend, signal: AbortSignal): Promise<object> {
    const job = parseJob(data, 'job');
    if (job.computer !== this.#computer.name) {
      throw new InputError(`job: computer: expected ${this.#computer.name}, got ${formatValue(job.computer)}`);
    }
    const { backend: name, dtype } = job.settings;
    if (name !== backend.name || !job.computer.includes(`-${name}-${dtype}-`)) {
      throw new InputError(`job: settings: expected those of ${this.#computer.name}, got ${name} in ${dtype}`);
    }
    if (job.kind === 'cell') return (await this.#cells(job)).measure(job.cell, backend, { signal });
    const measurer = await this.#candidates(job, backend);
    const { round, choice } = job;
    return choice === undefined ? measurer.reference(round, { signal }) : measurer.candidate(round, choice, { signal });
  }

  /** Frees memory. */
  dispose(): void {
    for (const { measurer } of this.#searches.values()) measurer.dispose();
    this.#searches.clear();
    this.#sweep = undefined;
  }

  /** Those of a sweep: all lanes use the same batches. */
  #cells(job: Extract<MeasurementJob, { kind: 'cell' }>): Promise<CellMeasurer> {
    const key = keyOf(job);
    if (this.#sweep?.key !== key) {
      const measurer = this.#images(job.images).then((images) => new CellMeasurer(job.settings, images));
      this.#sweep = { key, measurer };
      // What fails is tried again by the next job.
      measurer.catch(() => (this.#sweep = this.#sweep?.key === key ? undefined : this.#sweep));
    }
    return this.#sweep.measurer;
  }

  async #candidates(job: CandidateJob, backend: Backend): Promise<Measurer> {
    const key = keyOf(job);
    const before = this.#searches.get(backend);
    if (before?.key === key) return before.measurer;
    before?.measurer.dispose();
    this.#searches.delete(backend);
    const images = await this.#images(job.images);
    const measurer = new Measurer(SEARCH_SPACES[job.settings.space], job.settings, images, backend);
    this.#searches.set(backend, { key, measurer });
    return measurer;
  }
}

const keyOf = ({ settings, images }: MeasurementJob) => JSON.stringify([settings, images]);
