import { setTimeout as sleep } from 'node:timers/promises';
import type * as BullMQ from 'bullmq';
import type * as IORedis from 'ioredis';
import { InputError } from '../../errors.ts';
import type { Address } from './address.ts';

/** The libraries that a queue is made with, which who uses one installs. */
export interface Libraries {
  readonly bullmq: typeof BullMQ;
  readonly ioredis: typeof IORedis;
}

/** @throws InputError when one is not installed. */
export async function loadLibraries(): Promise<Libraries> {
  // Not literals: bundlers leave them alone where they are not installed.
  const [queue, client] = ['bullmq', 'ioredis'];
  try {
    const [bullmq, ioredis] = await Promise.all([
      import(/* @vite-ignore */ /* webpackIgnore: true */ queue) as Promise<typeof BullMQ>,
      import(/* @vite-ignore */ /* webpackIgnore: true */ client) as Promise<typeof IORedis>,
    ]);
    return { bullmq, ioredis };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new InputError(
      `queue: expected the packages bullmq and ioredis, which are not installed; npm install bullmq ioredis (${reason})`,
    );
  }
}

/** How long the first connection is tried for, in milliseconds: a server may be starting just now. */
const PATIENCE = 5000;

/** The longest pause between two attempts to connect again. */
const LONGEST_PAUSE = 2000;

/**
 * Connects to a Redis server. A connection that is lost later is made again, however long that takes, and what was asked
 * for meanwhile waits.
 *
 * @param onLost is called when it is lost, and
 * @param onBack when it is back: the server may have lost what it knew.
 * @throws InputError when there is no server, or it does not let us in.
 */
export async function connect(
  { ioredis }: Libraries,
  { host, port, database, tls, username, password, label }: Address,
  { onLost, onBack }: { readonly onLost?: () => void; readonly onBack?: () => void } = {},
): Promise<IORedis.Redis> {
  let opened = false;
  const client = new ioredis.Redis({
    ...{ host, port, db: database, lazyConnect: true, maxRetriesPerRequest: null, connectTimeout: PATIENCE },
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: { servername: host } }),
    retryStrategy: (times) => (opened ? Math.min(50 * 2 ** times, LONGEST_PAUSE) : null),
  });
  let last: Error | undefined;
  client.on('error', (error: Error) => (last = error));
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    try {
      await client.connect();
      await client.ping();
      break;
    } catch (error) {
      const reason = last ?? (error as Error);
      if (Date.now() < deadline && isTransient(reason)) {
        await sleep(100);
        continue;
      }
      client.disconnect();
      throw new InputError(`${label}: cannot be reached (${reasonOf(reason)})`);
    }
  }
  opened = true;
  let lost = false;
  client.on('close', () => {
    if (lost || client.status === 'end') return;
    lost = true;
    onLost?.();
  });
  client.on('ready', () => {
    lost = false;
    onBack?.();
  });
  return client;
}

/** What a server that is just starting, or a name that is just being made known, answers. */
function isTransient(error: Error): boolean {
  return /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|LOADING/.test(reasonOf(error));
}

function reasonOf(error: Error): string {
  const [inner] = error instanceof AggregateError ? (error.errors as Error[]) : [];
  const { code, message } = (inner ?? error) as NodeJS.ErrnoException;
  return message || code || error.name;
}
