import packageJson from '../../package.json' with { type: 'json' };
import { InputError } from '../errors.ts';
import { computerOf, MeasurementQueue, type QueuePlace, type QueueProgress } from '../node/queue/index.ts';
import { type BackendOptions, type Computation, withBackend } from './backend.ts';
import { Interruption } from './interruption.ts';
import { notice } from './output.ts';

/** Options of commands that use a queue. */
export interface QueueOptions {
  readonly queue: string;
  readonly queuePrefix: string;
}

/** Where a command line says that a queue is. The password may be in a variable, which no list of processes shows. */
export function placeOf({ queue, queuePrefix }: QueueOptions): QueuePlace {
  const password = process.env['NTKIT_QUEUE_PASSWORD'];
  return { url: queue, prefix: queuePrefix, password, onNotice: notice };
}

/** Names what computes, as workers and collectors have to agree on it. */
export function computerHere({ backend, dtype }: Computation) {
  return computerOf(packageJson.version, backend, dtype);
}

/** Measurements that workers do, and the server of their queue. */
export interface Queued {
  readonly queue: MeasurementQueue;
  readonly computation: Computation;
  /** Where, for people. */
  readonly place: string;
}

/**
 * Calls a function with a queue of what a command line's backend computes on one thread, and closes both after it.
 *
 * @throws InputError when the server cannot be reached, or an option is the workers'.
 */
export async function withQueue<T>(
  options: BackendOptions & QueueOptions,
  onProgress: (progress: QueueProgress) => void,
  use: (queued: Queued) => Promise<T>,
): Promise<T> {
  if (options.threads !== undefined) {
    throw new InputError(`--threads ${options.threads}: expected with ntkit worker, which computes for --queue`);
  }
  const one = options.backend === 'gpu' ? options : { ...options, threads: 1 };
  return withBackend(one, async (computation) => {
    const computer = await computerHere(computation);
    let isAlone = false;
    const watch = (progress: QueueProgress) => {
      onProgress(progress);
      if (progress.workers === 0 && !isAlone) notice('no workers: ntkit worker with the same --queue measures');
      isAlone = progress.workers === 0;
    };
    const queue = await MeasurementQueue.open(placeOf(options), computer, { onProgress: watch, onNotice: notice });
    try {
      return await use({ queue, computation, place: queue.server.address.label });
    } catch (error) {
      if (error instanceof Interruption) {
        notice('what is queued stays: the same command goes on with it, ntkit queue drain takes it away');
      }
      throw error;
    } finally {
      await queue.close();
    }
  });
}

/** How a queue is getting on, in a few words. */
export function describeProgress({ workers, perSecond }: QueueProgress): string {
  const who = workers === 0 ? 'no workers' : workers === 1 ? '1 worker' : `${workers} workers`;
  const rate = perSecond >= 1 ? `${perSecond.toFixed(1)}/s` : `${(60 * perSecond).toFixed(1)}/min`;
  return perSecond === 0 ? who : `${who}, ${rate}`;
}
