import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Queue } from 'bullmq';
import { InputError, JobError } from '../../errors.ts';
import type { Computer } from './computer.ts';
import type { QueueServer } from './jobQueue.ts';
import { Lease } from './lease.ts';

/** How a queue is getting on, for people. */
export interface QueueProgress {
  /** Workers that are connected. */
  readonly workers: number;
  /** Results a second, of late. */
  readonly perSecond: number;
}

/** What is to be measured, and the callbacks that receive it. */
export interface Collection<T> {
  /** What it is for, in messages. */
  readonly what: string;
  /** What the jobs have in common; those of the same text share their results. */
  readonly run: string;
  /** How many jobs there are. */
  readonly count: number;
  /** The id of a job within the run: letters, digits, `_` and `-`. */
  readonly id: (index: number) => string;
  /** What a job is called in messages. */
  readonly nameOf: (index: number) => string;
  readonly data: (index: number) => object;
  /** Checks a result. @throws InputError when it is none. */
  readonly parse: (value: unknown, where: string) => T;
  /** Told every result, in the order of the jobs, each once the call before is done. A result is then forgotten. */
  readonly tell: (index: number, result: T) => Promise<void>;
  /** Does what workers need before they take jobs; again after a new connection. */
  readonly prepare?: () => Promise<void>;
  readonly onProgress?: ((progress: QueueProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Jobs that are added at a time. */
const ADDED = 1000;

/** Results that are asked for at a time, at most. */
const ASKED = 256;

/** The pauses between two questions, at least and at most, in milliseconds. */
const [SHORTEST, LONGEST] = [10, 250];

/** How often what workers need is seen to, in milliseconds: a server does not keep it for ever. */
const PREPARED = 3_600_000;

/** How often workers are counted, in milliseconds. */
const COUNTED = 5000;

/** The jobs that a message names. */
const NAMED = 5;

/**
 * Adds jobs to a computer's queue and collects their results.
 *
 * A job that fails on every try keeps the results of those after it on the server: they are waited for, not told, and are
 * there when the same jobs are collected again, which tries the failed ones anew.
 *
 * @throws JobError that names the jobs that failed.
 * @throws InputError when another process collects this run, or takes over; the signal's reason when it is aborted.
 */
export async function collect<T>(server: QueueServer, computer: Computer, work: Collection<T>): Promise<void> {
  const { redis, prefix } = server;
  const run = createHash('sha256').update(`${computer.name}\n${work.run}`).digest('hex').slice(0, 20);
  const lease = await Lease.acquire(redis, `${prefix}:lease:${run}`, work.what, work.signal);
  const queue = server.queueOf(computer);
  try {
    await new Collector(server, computer, queue, lease, run, work).collect();
  } finally {
    await queue.close().catch(() => undefined);
    // A server that is away keeps nobody from ending: the lease ends by itself.
    if (redis.status === 'ready') await lease.release();
    else lease.abandon();
  }
}

class Collector<T> {
  readonly #server: QueueServer;
  readonly #computer: Computer;
  readonly #queue: Queue;
  readonly #lease: Lease;
  readonly #run: string;
  readonly #work: Collection<T>;
  readonly #failures: { readonly index: number; readonly reason: string }[] = [];
  readonly #times: number[] = [];
  /** The first job that is not known to be done. */
  #next = 0;
  #prepared = 0;
  #workers = 0;
  #counted = performance.now();

  constructor(server: QueueServer, computer: Computer, queue: Queue, lease: Lease, run: string, work: Collection<T>) {
    this.#server = server;
    this.#computer = computer;
    this.#queue = queue;
    this.#lease = lease;
    this.#run = run;
    this.#work = work;
  }

  async collect(): Promise<void> {
    const { count, signal } = this.#work;
    let connections = this.#server.connections;
    await this.#forgetFailures();
    await this.#addAll();
    let [asked, pause] = [1, SHORTEST];
    while (this.#next < count) {
      signal?.throwIfAborted();
      this.#lease.check();
      if (connections !== this.#server.connections) {
        ({ connections } = this.#server);
        await this.#addAll();
      } else if (performance.now() - this.#prepared > PREPARED) {
        await this.#prepare();
      }
      const took = await this.#take(asked);
      await this.#countWorkers();
      if (took > 0) {
        pause = SHORTEST;
        asked = took === asked ? Math.min(2 * asked, ASKED) : 1;
      } else {
        asked = 1;
        await sleep(pause, undefined, signal && { signal }).catch(() => signal?.throwIfAborted());
        pause = Math.min(1.5 * pause, LONGEST);
      }
    }
    if (this.#failures.length > 0) throw this.#failed();
  }

  #jobId(index: number): string {
    return `${this.#run}-${this.#work.id(index)}`;
  }

  /** What failed when this run was collected before is tried anew. */
  async #forgetFailures(): Promise<void> {
    for (let start = 0; ;) {
      const jobs = await this.#queue.getFailed(start, start + ADDED - 1);
      const own = jobs.filter((job) => job?.id?.startsWith(`${this.#run}-`));
      await Promise.all(own.map((job) => job.remove()));
      if (jobs.length < ADDED) return;
      start += jobs.length - own.length;
    }
  }

  /** Adds all jobs that are not known to be done. Those that exist already are left unchanged. */
  async #addAll(): Promise<void> {
    const { count, signal } = this.#work;
    await this.#lease.renew();
    await this.#prepare();
    for (let start = this.#next; start < count; start += ADDED) {
      signal?.throwIfAborted();
      this.#lease.check();
      await this.#add(start, Math.min(count, start + ADDED));
    }
  }

  async #prepare(): Promise<void> {
    this.#prepared = performance.now();
    await this.#work.prepare?.();
    await this.#server.announce(this.#computer);
  }

  async #add(from: number, to: number): Promise<void> {
    const job = (index: number) => ({
      name: 'measure',
      data: this.#work.data(index),
      opts: { jobId: this.#jobId(index) },
    });
    await this.#queue.addBulk(Array.from({ length: to - from }, (_, i) => job(from + i)));
  }

  /** Takes what is done of the next jobs. @returns how many are. */
  async #take(asked: number): Promise<number> {
    const { bullmq } = this.#server.libraries;
    const from = this.#next;
    const to = Math.min(this.#work.count, from + asked);
    const jobs = await Promise.all(
      Array.from({ length: to - from }, (_, i) => bullmq.Job.fromId(this.#queue, this.#jobId(from + i))),
    );
    const told: Job[] = [];
    try {
      for (const job of jobs) {
        if (job === undefined) {
          // It is not there, though it was added: the server has lost it.
          await this.#lease.renew();
          await this.#add(this.#next, this.#next + 1);
          break;
        }
        if (job.finishedOn === undefined) break;
        if (await this.#isTold(job)) told.push(job);
        this.#next += 1;
        if (this.#work.onProgress !== undefined) this.#times.push(performance.now());
      }
    } finally {
      await Promise.all(told.map((job) => job.remove()));
    }
    return this.#next - from;
  }

  /** Reports the result of a job that is done, if it has one and its turn has come. */
  async #isTold(job: Job): Promise<boolean> {
    const index = this.#next;
    const value = job.returnvalue as unknown;
    if (value === null || value === undefined) {
      this.#failures.push({ index, reason: job.failedReason || 'no result' });
      return false;
    }
    let result: T;
    try {
      result = this.#work.parse(value, 'result');
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#failures.push({ index, reason: error.message });
      return true; // what is no result is not kept: the job is measured anew when it is asked for again
    }
    if (this.#failures.length > 0) return false;
    await this.#work.tell(index, result);
    return true;
  }

  #failed(): JobError {
    const { what, nameOf } = this.#work;
    const named = this.#failures.slice(0, NAMED).map(({ index, reason }) => `${nameOf(index)} (${reason})`);
    const more = this.#failures.length > NAMED ? ` and ${this.#failures.length - NAMED} more` : '';
    const jobs = this.#failures.length === 1 ? '1 job' : `${this.#failures.length} jobs`;
    return new JobError(
      `${what}: ${jobs} of ${this.#work.count} failed on every try: ${named.join(', ')}${more}; ` +
        'the results of the others are kept for another attempt',
    );
  }

  async #countWorkers(): Promise<void> {
    const { onProgress } = this.#work;
    const now = performance.now();
    if (onProgress === undefined || now - this.#counted < COUNTED) return;
    this.#counted = now;
    this.#workers = (await this.#queue.getWorkers()).length;
    onProgress({ workers: this.#workers, perSecond: this.#rate(now) });
  }

  /** Results a second in the last minute. */
  #rate(now: number): number {
    const late = this.#times.findIndex((time) => time > now - 60_000);
    this.#times.splice(0, late < 0 ? this.#times.length : late);
    return this.#times.length < 2 ? 0 : (1000 * this.#times.length) / (now - this.#times[0]);
  }
}
