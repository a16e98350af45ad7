import { connect, createServer, type Server, type Socket } from 'node:net';
import { collect, type Collection } from '../../../src/node/queue/collector.ts';
import type { QueueServer } from '../../../src/node/queue/jobQueue.ts';
import { serve, type ServeOptions } from '../../../src/node/queue/worker.ts';

/** A computer by name. */
export const COMPUTER = { name: '0.1.0-wasm-float32-00000000' };

/** The jobs of a test: index → 2 · index. */
export interface Doubled {
  readonly twice: number;
}

/** The reports on jobs `0` to `count − 1`, in order of arrival. */
export async function collectDoubled(
  server: QueueServer,
  count: number,
  more: Partial<Collection<number>> = {},
): Promise<number[]> {
  const told: number[] = [];
  await collect<number>(server, COMPUTER, {
    ...{
      what: 'test',
      run: 'doubled',
      count,
      id: (i) => `j${i}`,
      nameOf: (i) => `job ${i}`,
      data: (index) => ({ index }),
    },
    parse: (value) => (value as Doubled).twice,
    tell: (_, result) => Promise.resolve(void told.push(result)),
    ...more,
  });
  return told;
}

/** The expected reports. */
export const doubled = (count: number) => Array.from({ length: count }, (_, i) => 2 * i);

/** A worker of this process that doubles, and the jobs that it received, in order. */
export function worker(
  server: QueueServer,
  {
    work = (index) => Promise.resolve({ twice: 2 * index }),
    ...more
  }: Partial<Omit<ServeOptions<number>, 'work'>> & {
    readonly work?: (index: number, signal: AbortSignal) => Promise<object>;
  } = {},
) {
  const calls: number[] = [];
  const ending = new AbortController();
  const done = serve<number>(server, {
    ...{ computer: COMPUTER, lanes: [0], lease: 1, signal: ending.signal },
    work: (data, _, signal) => {
      const { index } = data as { index: number };
      calls.push(index);
      return work(index, signal);
    },
    ...more,
  }).catch((error: unknown) => error);
  return { calls, done, end: () => (ending.abort(new Error('ended')), done) };
}

/** A proxy to a server whose connections can be cut. */
export class Proxy {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  #isCut = false;

  private constructor(target: number) {
    this.#server = createServer((from) => {
      if (this.#isCut) return void from.destroy();
      const to = connect(target, '127.0.0.1');
      for (const [one, other] of [
        [from, to],
        [to, from],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => undefined).on('close', () => other.destroy());
        one.pipe(other);
      }
    });
  }

  static async open(target: number): Promise<Proxy> {
    const proxy = new Proxy(target);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `redis://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Ends all connections; new ones pass while it is not cut. */
  cut(isCut: boolean): void {
    this.#isCut = isCut;
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  close(): void {
    this.cut(true);
    this.#server.close();
  }
}
