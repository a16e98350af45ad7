import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { InputError } from '../../errors.ts';
import { type Address, parseAddress } from './address.ts';
import { type Computer, parseComputer } from './computer.ts';
import { connect, type Libraries, loadLibraries } from './connection.ts';

// Measurements on many machines.
//
// - A job is a pure function of what is in it (`src/search/job.ts`), so it may be measured twice, by anybody, in any order:
//   all that can be lost is time. Its id is a digest of what it is, so that adding it again adds nothing.
// - Every computer (version, backend, precision, rounding) has a queue of its own, named after it. Results of one queue
//   are those of one machine, byte for byte; a worker of another computer does not see its jobs, and is informed of it.
// - Results stay on the server, as BullMQ's completed jobs, until a collector has them on disk. It asks for them in the order
//   of its table, so it holds no more than a few, and a table does not depend on the order in which they came.
// - The collector trusts nothing that the server should remember. A job that is not there is added again, all of them
//   after every new connection: a server may be restarted without its memory.

/** Where a queue is. */
export interface QueuePlace {
  /** `redis://HOST:PORT[/DATABASE]`, or `rediss://` for TLS. No message and no result quotes its user and password. */
  readonly url: string;
  /** The password, where the URL has none. */
  readonly password?: string | undefined;
  /** With what all keys begin; `ntkit` by default. */
  readonly prefix?: string | undefined;
  /** Told of connections that are lost and made again, in a line. */
  readonly onNotice?: ((line: string) => void) | undefined;
}

/** How often a job is tried, by workers that fail on it or are killed over it. */
export const TRIES = 3;

/** How long the server keeps what is done and nobody collects, in seconds. */
const KEPT = 7 * 86_400;

/** Events that BullMQ keeps for those who watch; nobody here does. */
const EVENTS = 100;

/**
 * A server, and what is under a prefix on it.
 *
 * @example
 * ```ts no-run
 * const server = await QueueServer.open({ url: 'redis://localhost', prefix: 'mine' });
 * for (const { name } of await server.computers()) console.log(name);
 * await server.close();
 * ```
 */
export class QueueServer {
  /** @internal */
  readonly libraries: Libraries;
  /** @internal */
  readonly redis: Redis;
  readonly address: Address;
  readonly prefix: string;
  /** How often a connection was made again. */
  connections = 0;

  private constructor(libraries: Libraries, redis: Redis, address: Address, prefix: string) {
    this.libraries = libraries;
    this.redis = redis;
    this.address = address;
    this.prefix = prefix;
  }

  /** @throws InputError when the libraries are not installed, the URL is none, or the server cannot be reached. */
  static async open({ url, password, prefix = 'ntkit', onNotice }: QueuePlace): Promise<QueueServer> {
    const address = parseAddress(url, password);
    if (!/^[\w{}.:-]{1,60}$/.test(prefix)) {
      throw new InputError('queue: prefix: expected up to 60 letters, digits and signs of _-.:{}');
    }
    const libraries = await loadLibraries();
    let server: QueueServer | undefined = undefined as QueueServer | undefined;
    const redis = await connect(libraries, address, {
      onLost: () => onNotice?.(`${address.label}: connection lost; trying again`),
      onBack: () => {
        if (server !== undefined) server.connections += 1;
        onNotice?.(`${address.label}: connected again`);
      },
    });
    server = new QueueServer(libraries, redis, address, prefix);
    return server;
  }

  /**
   * The queue of a computer.
   *
   * @internal
   */
  queueOf({ name }: Computer): Queue {
    const { bullmq } = this.libraries;
    const queue = new bullmq.Queue(name, {
      ...{ connection: this.redis, prefix: this.prefix, streams: { events: { maxLen: EVENTS } } },
      defaultJobOptions: {
        ...{ attempts: TRIES, backoff: { type: 'fixed', delay: 1000 }, stackTraceLimit: 1, keepLogs: 0 },
        ...{ removeOnComplete: { age: KEPT }, removeOnFail: { age: KEPT } },
      },
    });
    queue.on('error', () => undefined); // the connection tells of itself
    return queue;
  }

  /** Makes the queue of a computer known to workers and to who looks. */
  async announce({ name }: Computer): Promise<void> {
    await this.redis.sadd(this.#known, name);
  }

  /** The computers that have a queue here. */
  async computers(): Promise<readonly Computer[]> {
    return (await this.redis.smembers(this.#known)).sort().map(parseComputer);
  }

  /** Forgets the queues. */
  async forget(): Promise<void> {
    await this.redis.del(this.#known);
  }

  async close(): Promise<void> {
    try {
      if (this.redis.status === 'ready') await this.redis.quit();
      else this.redis.disconnect();
    } catch {
      this.redis.disconnect();
    }
  }

  get #known(): string {
    return `${this.prefix}:computers`;
  }
}
