import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { InputError, NtkitError } from '../../errors.ts';
import type { Computer } from './computer.ts';
import { type QueueServer, TRIES } from './jobQueue.ts';

/** What a worker works with. */
export interface ServeOptions<L> {
  /** Whom the jobs are for. */
  readonly computer: Computer;
  /** What does one job each, side by side. */
  readonly lanes: readonly L[];
  /**
   * Does a job. What it gets may be anything that somebody has put on the server.
   *
   * @throws InputError when it is no job, which is not tried again.
   */
  readonly work: (data: unknown, lane: L, signal: AbortSignal) => Promise<object>;
  /** Seconds without a job after which it ends; waits for ever by default. */
  readonly idle?: number | undefined;
  /** After how many seconds a job is taken again of whose worker nothing was heard; 15 by default. */
  readonly lease?: number | undefined;
  /** When it is aborted, jobs go back to the queue, and the worker ends. */
  readonly signal?: AbortSignal | undefined;
  /** Told how many jobs are done, and of those that failed. */
  readonly onJob?: ((done: number, failure?: string) => void) | undefined;
  readonly onNotice?: ((line: string) => void) | undefined;
}

/** How often a worker looks after itself, in milliseconds, and how often after other queues. */
const [TICK, LOOK] = [100, 10_000];

/**
 * Does the jobs of a computer's queue, until it is asked to end or has had none for a while.
 *
 * @returns how many it did.
 * @throws the signal's reason when it is aborted.
 * @throws InputError when all jobs that wait are for others: another version, backend, precision or rounding.
 */
export async function serve<L>(server: QueueServer, options: ServeOptions<L>): Promise<number> {
  const { computer, lanes, work, idle = Infinity, lease = 15, signal, onJob, onNotice } = options;
  signal?.throwIfAborted();
  const refused = await jobsOfOthers(server, computer);
  if (refused !== undefined) throw new InputError(refused);
  const { bullmq } = server.libraries;
  const ending = new AbortController();
  const free = [...lanes];
  let done = 0;
  let last = Date.now();
  const each = async (job: Job, token?: string): Promise<object> => {
    const lane = free.pop()!;
    try {
      const result = await work(job.data, lane, ending.signal);
      done += 1;
      onJob?.(done);
      return result;
    } catch (error) {
      if (ending.signal.aborted) {
        await job.moveToWait(token); // at the head of the queue
        throw new bullmq.WaitingError();
      }
      const reason = error instanceof NtkitError ? error.message : `internal fault: ${String(error)}`;
      onJob?.(done, reason);
      throw error instanceof InputError ? new bullmq.UnrecoverableError(reason) : new Error(reason);
    } finally {
      free.push(lane);
      last = Date.now();
    }
  };
  const worker = new bullmq.Worker(computer.name, each, {
    ...{ connection: server.redis, prefix: server.prefix, concurrency: lanes.length, name: 'ntkit' },
    ...{ lockDuration: 1000 * lease, stalledInterval: 500 * lease, maxStalledCount: TRIES - 1, runRetryDelay: 1000 },
  });
  worker.on('error', () => undefined); // the connection tells of itself; a job that was taken by another is done by it
  let looked = Date.now();
  try {
    while (!signal?.aborted) {
      if (free.length < lanes.length) last = Date.now();
      if (Date.now() - last > 1000 * idle) break;
      if (Date.now() - last > LOOK && Date.now() - looked > LOOK && server.redis.status === 'ready') {
        looked = Date.now();
        const others = await jobsOfOthers(server, computer);
        if (others !== undefined) onNotice?.(others);
      }
      await sleep(TICK, undefined, signal && { signal }).catch(() => undefined);
    }
  } finally {
    const closed = worker.close(server.redis.status !== 'ready');
    ending.abort(signal?.reason);
    await closed;
  }
  signal?.throwIfAborted();
  return done;
}

/** Why a worker has nothing to do though there are jobs, if that is so. */
async function jobsOfOthers(server: QueueServer, computer: Computer): Promise<string | undefined> {
  const others: string[] = [];
  for (const each of await server.computers()) {
    const queue = server.queueOf(each);
    const open = await queue.getJobCountByTypes('waiting', 'active', 'delayed').finally(() => queue.close());
    if (open === 0) continue;
    if (each.name === computer.name) return undefined;
    others.push(each.name);
  }
  if (others.length === 0) return undefined;
  return `queue ${server.address.label}: jobs are for ${others.join(' and ')}, got ${computer.name}`;
}
