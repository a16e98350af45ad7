import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { collect } from '../src/node/queue/collector.ts';
import { QueueServer } from '../src/node/queue/jobQueue.ts';
import { serve } from '../src/node/queue/worker.ts';
import { cellAt, jobToJson, type SweepSettings } from '../src/search/index.ts';
import { RedisServer } from '../test/support/redis.ts';

// What a queue costs: npx tsx bench/queue.mts [JOBS]. Jobs have the size of a sweep's, and a process answers them
// without computing; results have the size of those of a cell with 3 repeats.

const COMPUTER = { name: '0.1.0-wasm-float32-00000000' };
const settings: SweepSettings = {
  ...{ data: 'sample-1000', channels: 16, cells: 1, classes: 10, batchSize: 32, repeats: 3, seed: 0 },
  ...{ mode: 'train', init: 'paper', regions: { batches: 3, samples: 1000 }, backend: 'wasm', dtype: 'float32' },
};
const kappa = { lambdaMin: 0.12345678901234567, lambdaMax: 12345.678901234567, noiseFloor: 1.2345678901234e-5 };
const result = { kappas: Array(3).fill({ ...kappa, verdict: 'resolved' }) as object[], regions: [1234, 1235, 1236] };

const [, , argument = '10000', url] = process.argv;
const jobs = Number(argument);
if (argument === 'worker') await work(url);
else await measure();

async function work(url: string): Promise<void> {
  const server = await QueueServer.open({ url });
  process.once('disconnect', () => process.exit());
  await serve(server, { computer: COMPUTER, lanes: [0, 1], work: () => Promise.resolve(result) });
}

async function measure(): Promise<void> {
  const redis = await RedisServer.start();
  const server = await QueueServer.open({ url: redis.url });
  const observer = redis.client();
  await observer.connect();
  const figures = async () => {
    const text = await observer.info();
    const of = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(text)![1]);
    return [of('total_net_input_bytes'), of('total_net_output_bytes'), of('used_memory')];
  };
  const before = await figures();
  const beforeRss = process.memoryUsage.rss();
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20);
  const start = performance.now();
  const common = { images: '0'.repeat(64), computer: COMPUTER.name };
  const collecting = collect<unknown>(server, COMPUTER, {
    ...{ what: 'bench', run: 'bench', count: jobs, id: (i) => `j${i}`, nameOf: String, parse: (value) => value },
    data: (i) => jobToJson({ kind: 'cell', settings, ...common, cell: cellAt(i % 15_625) }),
    tell: () => Promise.resolve(),
  });
  const queue = server.queueOf(COMPUTER);
  while ((await queue.getWaitingCount()) < jobs) await sleep(10);
  const added = performance.now();
  const full = await figures();
  const worker = fork(fileURLToPath(import.meta.url), ['worker', redis.url]);
  await once(worker, 'spawn');
  while ((await queue.getActiveCount()) === 0) await sleep(1);
  const working = performance.now();
  await collecting;
  const end = performance.now();
  clearInterval(watch);
  const after = await figures();
  const each = (value: number) => value / jobs;
  console.log(
    [
      `${jobs} jobs: ${each(added - start + (end - working)).toFixed(2)} ms each,`,
      `${each(added - start).toFixed(2)} of it adding;`,
      `${each(full[2] - before[2]).toFixed(0)} bytes of the server each while they wait;`,
      `${each(after[0] - before[0]).toFixed(0)} bytes to the server and ${each(after[1] - before[1]).toFixed(0)} from it each;`,
      `collector ${(most / 1e6).toFixed(0)} MB at most, ${(beforeRss / 1e6).toFixed(0)} MB before`,
    ].join(' '),
  );
  worker.disconnect();
  observer.disconnect();
  await queue.close();
  await server.close();
  await redis.close();
}
