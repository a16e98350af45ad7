import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { InputError } from '../../errors.ts';
import { type Holder, isAlive, parseHolder, thisProcess } from '../lockFile.ts';

// The exclusive right to collect what a run measures, held on the server: collectors may be on different machines, whose
// tables a lock file would not join. It is a key that its holder renews, and that ends by itself when it does not.

/** How long a lease lasts that is not renewed, and how often it is, in milliseconds. */
const LASTS = 15_000;
const RENEWED = 5000;

/** What stands in a lease that was taken away. */
const REVOKED = 'revoked';

/** Sets the key to ARGV[1] for ARGV[2] ms where it has that value, has ARGV[3], or is not there. */
const RENEW = `
local found = redis.call('GET', KEYS[1])
if found and found ~= ARGV[1] and found ~= ARGV[3] then return found end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return false`;

const RELEASE = `if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end`;

/** A right that is renewed as long as this process lives. */
export class Lease {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #what: string;
  readonly #content: string;
  readonly #timer: NodeJS.Timeout;
  #lost: InputError | undefined;

  private constructor(redis: Redis, key: string, what: string, content: string) {
    this.#redis = redis;
    this.#key = key;
    this.#what = what;
    this.#content = content;
    this.#timer = setInterval(() => void this.renew().catch(() => undefined), RENEWED);
    this.#timer.unref();
  }

  /**
   * Takes a lease. That of a process of this machine that is dead is taken over at once; one of another machine, of which
   * nothing can be known, when it has not been renewed for 15 seconds.
   *
   * @param what it is for, in messages.
   * @throws InputError when a living process has it.
   */
  static async acquire(redis: Redis, key: string, what: string, signal?: AbortSignal): Promise<Lease> {
    const content = JSON.stringify(await thisProcess(randomBytes(8).toString('hex')));
    let stale = '';
    let least = Infinity;
    for (;;) {
      signal?.throwIfAborted();
      const found = (await redis.eval(RENEW, 1, key, content, LASTS, stale)) as string | null;
      if (found === null) return new Lease(redis, key, what, content);
      const holder = parseHolder(found);
      const here = holder?.host === hostname();
      if (found === REVOKED || (holder !== undefined && here && !(await isAlive(holder)))) {
        stale = found;
        continue;
      }
      const left = await redis.pttl(key);
      if (holder !== undefined && (here || left > least)) throw new InputError(`${what}: ${heldBy(holder)}`);
      least = Math.min(least, left);
      await sleep(250, undefined, signal && { signal });
    }
  }

  /** @throws InputError when the lease was taken away. */
  async renew(): Promise<void> {
    const found = (await this.#redis.eval(RENEW, 1, this.#key, this.#content, LASTS, '')) as string | null;
    if (found === null) return;
    const holder = parseHolder(found);
    const by = holder === undefined ? 'the queue was drained' : `process ${holder.pid} on ${holder.host} took over`;
    this.#lost = new InputError(`${this.#what}: expected to be the collector, but ${by}`);
    throw this.#lost;
  }

  /** @throws InputError when a renewal has found that the lease was taken away. */
  check(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Lets it end by itself. */
  abandon(): void {
    clearInterval(this.#timer);
  }

  async release(): Promise<void> {
    this.abandon();
    await this.#redis.eval(RELEASE, 1, this.#key, this.#content);
  }
}

function heldBy({ pid, host }: Holder): string {
  return `already being collected by process ${pid} on ${host}`;
}

/** Takes away all leases under a prefix: collectors that find it out end. */
export async function revokeLeases(redis: Redis, prefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${escaped(prefix)}:lease:*`, count: 1000 })) {
    await Promise.all((keys as string[]).map((key) => redis.set(key, REVOKED, 'PX', LASTS)));
  }
}

/** A text as a pattern of itself. */
export function escaped(text: string): string {
  return text.replace(/[\\*?[\]^]/g, '\\$&');
}
