import type { QueueServer } from './jobQueue.ts';
import { revokeLeases } from './lease.ts';

/** What a queue holds. */
export interface QueueState {
  /** For whom its jobs are. */
  readonly computer: string;
  readonly workers: number;
  readonly paused: boolean;
  readonly waiting: number;
  /** Being measured. */
  readonly active: number;
  /** Waiting to be tried again after a failure. */
  readonly delayed: number;
  /** Measured, and not collected. */
  readonly completed: number;
  /** Failed on every try. */
  readonly failed: number;
}

/**
 * What all queues under a prefix hold.
 *
 * @example
 * ```ts no-run
 * const server = await QueueServer.open({ url: 'redis://localhost' });
 * for (const { computer, waiting, workers } of await queueStates(server)) console.log(computer, waiting, workers);
 * await server.close();
 * ```
 */
export async function queueStates(server: QueueServer): Promise<readonly QueueState[]> {
  const states: QueueState[] = [];
  for (const computer of await server.computers()) {
    const queue = server.queueOf(computer);
    try {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed');
      const [workers, paused] = await Promise.all([queue.getWorkers(), queue.isPaused()]);
      const { waiting = 0, active = 0, delayed = 0, completed = 0, failed = 0 } = counts;
      const size = { waiting, active, delayed, completed, failed };
      states.push({ computer: computer.name, workers: workers.length, paused, ...size });
    } finally {
      await queue.close();
    }
  }
  return states;
}

/**
 * Lets workers take no more jobs, or take them again. Those that they have, they finish.
 *
 * @example
 * ```ts no-run
 * const server = await QueueServer.open({ url: 'redis://localhost' });
 * await pauseQueues(server, true); // until pauseQueues(server, false)
 * await server.close();
 * ```
 */
export async function pauseQueues(server: QueueServer, paused: boolean): Promise<void> {
  for (const computer of await server.computers()) {
    const queue = server.queueOf(computer);
    await (paused ? queue.pause() : queue.resume()).finally(() => queue.close());
  }
}

/**
 * Takes all jobs and results away. Collectors that are at it end; what workers are measuring is lost.
 *
 * @returns how many jobs and results there were.
 *
 * @example
 * ```ts no-run
 * const server = await QueueServer.open({ url: 'redis://localhost' });
 * console.log(await drainQueues(server), 'jobs and results are gone');
 * await server.close();
 * ```
 */
export async function drainQueues(server: QueueServer): Promise<number> {
  await revokeLeases(server.redis, server.prefix);
  let count = 0;
  for (const computer of await server.computers()) {
    const queue = server.queueOf(computer);
    try {
      const counts = await queue.getJobCounts('waiting', 'active', 'delayed', 'completed', 'failed');
      count += Object.values(counts).reduce((sum, each) => sum + each, 0);
      await queue.obliterate({ force: true });
    } finally {
      await queue.close();
    }
  }
  await server.forget();
  return count;
}
