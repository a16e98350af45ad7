import { readdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createService } from '../../examples/service/service.ts';
import { wasmBackend } from '../../src/tensor/index.ts';

// The service in a process of its own, which tells the test that forked it what it holds. Ends when it is told to stop.
// usage: node --expose-gc --import tsx test/examples/serviceProcess.ts CAPACITY

/** What the process holds, after all that nobody uses is collected. */
export interface Holdings {
  /** Bytes of JavaScript's heap, of its array buffers, and of what is outside. */
  readonly heap: number;
  readonly arrayBuffers: number;
  readonly external: number;
  /** Resident bytes of the process, the workers' memory among them. */
  readonly resident: number;
  /** Threads of the process, where Linux tells them. */
  readonly threads: number;
}

export type Order = 'holdings' | 'stop';

const backend = wasmBackend({ threads: 2 });
const server = createService({ backend, capacity: Number(process.argv[2]) });
server.keepAliveTimeout = 120_000; // a client that is busy for seconds finds its connection still open
server.listen({ host: 'localhost', port: 0, backlog: 2000 }, () =>
  process.send!((server.address() as AddressInfo).port),
);

async function holdings(): Promise<Holdings> {
  server.closeIdleConnections(); // each holds some kilobytes
  for (let i = 0; i < 3; i++) {
    await sleep(50);
    globalThis.gc!();
  }
  const { heapUsed: heap, arrayBuffers, external, rss: resident } = process.memoryUsage();
  return { heap, arrayBuffers, external, resident, threads: threads() };
}

const threads = () => (process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0);

process.on('message', (order: Order) => {
  if (order === 'holdings') {
    void holdings().then((held) => process.send!(held));
  } else {
    server.close(() => void backend.close());
    server.closeAllConnections();
    process.disconnect();
  }
});
