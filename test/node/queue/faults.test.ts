import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { QueueServer } from '../../../src/node/queue/jobQueue.ts';
import { drainQueues, pauseQueues, queueStates } from '../../../src/node/queue/control.ts';
import { Generator } from '../../../src/tensor/index.ts';
import { RedisServer, redisPath } from '../../support/redis.ts';
import { runs } from '../../support/runs.ts';
import { collectDoubled, COMPUTER, doubled, Proxy, worker } from './support.ts';

// Whatever happens to workers, collectors, servers and connections: every result is reported once, in order.

describe.runIf(redisPath !== undefined)('jobs on a queue', () => {
  let redis: RedisServer;
  let one: QueueServer;
  let two: QueueServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.close());
  beforeEach(async () => {
    [one, two] = await Promise.all([QueueServer.open({ url: redis.url }), QueueServer.open({ url: redis.url })]);
    await one.redis.flushall();
  });
  afterEach(() => Promise.all([one.close(), two.close()]));

  test('are reported in order, each once, whichever worker is faster', async () => {
    const generator = new Generator(0);
    const work = async (index: number) => {
      await sleep(generator.uniform(0, 20));
      return { twice: 2 * index };
    };
    const workers = [worker(one, { lanes: [0, 1], work }), worker(two, { lanes: [0, 1, 2], work })];
    expect(await collectDoubled(one, 120)).toEqual(doubled(120));
    await Promise.all(workers.map(({ end }) => end()));
    const calls = workers.flatMap(({ calls }) => calls);
    expect(calls.sort((a, b) => a - b)).toEqual([...Array(120).keys()]);
    expect(workers[1].calls.length).toBeGreaterThan(10);
    // Nothing of them remains.
    expect(await queueStates(one)).toEqual([
      {
        computer: COMPUTER.name,
        workers: 0,
        paused: false,
        waiting: 0,
        active: 0,
        delayed: 0,
        completed: 0,
        failed: 0,
      },
    ]);
  });

  test('cost less than 5 ms each when they are empty', async () => {
    const count = runs(10_000);
    const { end } = worker(two, { lanes: [0, 1, 2, 3] });
    const start = performance.now();
    expect(await collectDoubled(one, count)).toEqual(doubled(count));
    expect((performance.now() - start) / count).toBeLessThan(5);
    await end();
  });

  test('that always fail are tried 3 times, and named; the other results are kept for the next collector', async () => {
    let isWell = false;
    const work = (index: number) =>
      index === 2 && !isWell ? Promise.reject(new Error('no luck')) : Promise.resolve({ twice: 2 * index });
    const { calls, end } = worker(two, { work });
    const told: number[] = [];
    const tell = (_: number, result: number) => Promise.resolve(void told.push(result));
    await expect(collectDoubled(one, 6, { tell })).rejects.toThrow(
      'test: 1 job of 6 failed on every try: job 2 (internal fault: Error: no luck); ' +
        'the results of the others are kept for another attempt',
    );
    expect(told).toEqual([0, 2]);
    expect(calls.filter((index) => index === 2)).toHaveLength(3);
    const before = calls.length;
    isWell = true;
    const rest = { count: 4, id: (i: number) => `j${i + 2}`, data: (i: number) => ({ index: i + 2 }) };
    expect(await collectDoubled(one, 4, rest)).toEqual([4, 6, 8, 10]);
    expect(calls.slice(before)).toEqual([2]);
    await end();
  });

  test('whose worker dies 3 times count as failed, too', async () => {
    // It neither ends them nor shows that it is alive.
    const dying = async () => {
      const server = await QueueServer.open({ url: redis.url });
      const { calls } = worker(server, { work: () => new Promise(() => undefined) });
      while (calls.length === 0) await sleep(20);
      server.redis.disconnect();
      return calls;
    };
    const collecting = collectDoubled(one, 1).catch((error: Error) => error.message);
    for (let i = 0; i < 3; i++) expect(await dying()).toEqual([0]);
    const { end } = worker(two);
    expect(await collecting).toMatch(/job 0 \(job stalled more than allowable limit\)/);
    await end();
  });

  test('are returned by a worker that stops, at once and not as failures', async () => {
    const collecting = collectDoubled(one, 3);
    const hanging = (_: number, signal: AbortSignal) =>
      new Promise<object>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const first = worker(two, { work: hanging, lease: 60 });
    while (first.calls.length === 0) await sleep(10);
    expect(await first.end()).toEqual(new Error('ended'));
    const [state] = await queueStates(one);
    expect(state).toMatchObject({ waiting: 3, active: 0, delayed: 0, failed: 0 });
    const second = worker(two, { lease: 60 });
    expect(await collecting).toEqual(doubled(3));
    expect(second.calls).toEqual([0, 1, 2]);
    await second.end();
  });

  test('are resumed by the next collector when the first was stopped', async () => {
    const ending = new AbortController();
    const { calls, end } = worker(two, { work: (index) => sleep(5, { twice: 2 * index }) });
    const told: number[] = [];
    const tell = (index: number, result: number) => {
      told.push(result);
      if (index === 9) ending.abort(new Error('enough'));
      return Promise.resolve();
    };
    await expect(collectDoubled(one, 60, { tell, signal: ending.signal })).rejects.toThrow('enough');
    const from = told.length;
    const rest = { id: (i: number) => `j${i + from}`, data: (i: number) => ({ index: i + from }) };
    expect(await collectDoubled(one, 60 - from, rest)).toEqual(doubled(60).slice(from));
    expect(told).toEqual(doubled(60).slice(0, from));
    expect([...calls].sort((a, b) => a - b)).toEqual([...Array(60).keys()]);
    await end();
  });

  test('are collected by one collector at a time', async () => {
    const ending = new AbortController();
    const first = collectDoubled(one, 1, { signal: ending.signal }).catch((error: Error) => error.message);
    while ((await queueStates(one))[0]?.waiting !== 1) await sleep(10);
    await expect(collectDoubled(two, 1)).rejects.toThrow(/^test: already being collected by process \d+ on \S+$/);
    ending.abort(new Error('enough'));
    expect(await first).toBe('enough');
  });

  test.each([
    [
      'a dead process here',
      (host: string) => JSON.stringify({ pid: 2 ** 22 - 1, host, started: '1', token: 'x' }),
      60_000,
    ],
    [
      'another machine that is silent',
      () => JSON.stringify({ pid: 1, host: 'elsewhere', started: '1', token: 'x' }),
      700,
    ],
  ])('are taken over from %s', async (_, holder, left) => {
    const { end } = worker(two);
    await collectDoubled(one, 1);
    const spy: string[] = [];
    // The key of the lease is found from one that is held.
    const tell = async () => {
      for await (const keys of one.redis.scanStream({ match: 'ntkit:lease:*' })) spy.push(...(keys as string[]));
    };
    await collectDoubled(one, 1, { tell });
    const { hostname } = await import('node:os');
    await one.redis.set(spy[0], holder(hostname()), 'PX', left);
    expect(await collectDoubled(one, 2)).toEqual([0, 2]);
    await end();
  });

  test('that are drained are gone, and their collector ends', async () => {
    const collecting = collectDoubled(one, 5).catch((error: Error) => error.message);
    while ((await queueStates(two))[0]?.waiting !== 5) await sleep(10);
    expect(await drainQueues(two)).toBe(5);
    expect(await queueStates(two)).toEqual([]);
    expect(await collecting).toBe('test: expected to be the collector, but the queue was drained');
    expect(await queueStates(two)).toEqual([]);
    // And may be asked for again at once.
    const { end } = worker(two);
    expect(await collectDoubled(one, 5)).toEqual(doubled(5));
    await end();
  });

  test('are not taken while the queue is paused', async () => {
    const collecting = collectDoubled(one, 5);
    while ((await queueStates(two))[0]?.waiting !== 5) await sleep(10);
    await pauseQueues(two, true);
    const { calls, end } = worker(two);
    await sleep(500);
    expect(calls).toEqual([]);
    expect(await queueStates(two)).toMatchObject([{ paused: true, waiting: 5 }]);
    await pauseQueues(two, false);
    expect(await collecting).toEqual(doubled(5));
    await end();
  });

  test('for other computers are refused, and a queue without jobs is waited for', async () => {
    const ending = new AbortController();
    const collecting = collectDoubled(one, 1, { signal: ending.signal }).catch(() => undefined);
    while ((await queueStates(two))[0]?.waiting !== 1) await sleep(10);
    const computer = { name: '0.1.0-wasm-float64-00000000' };
    expect(String(await worker(two, { computer }).done)).toBe(
      `InputError: queue ${two.address.label}: jobs are for ${COMPUTER.name}, got ${computer.name}`,
    );
    ending.abort(new Error('enough'));
    await collecting;
    await drainQueues(two);
    expect(await worker(two, { computer, idle: 0.3 }).done).toBe(0);
  });

  test('survive an interrupted connection', async () => {
    const proxy = await Proxy.open(redis.port);
    const notices: string[] = [];
    const place = { url: proxy.url, onNotice: (line: string) => void notices.push(line) };
    const [here, there] = await Promise.all([QueueServer.open(place), QueueServer.open({ url: proxy.url })]);
    const { end } = worker(there, { lanes: [0, 1], work: (index) => sleep(5, { twice: 2 * index }) });
    const tell = { cuts: 0 };
    const told: number[] = [];
    await collectDoubled(here, 150, {
      tell: async (index, result) => {
        told.push(result);
        if (index !== 30 && index !== 90) return;
        tell.cuts += 1;
        proxy.cut(true);
        await sleep(300);
        proxy.cut(false);
      },
    });
    expect(told).toEqual(doubled(150));
    expect(notices.slice(0, 2)).toEqual([
      expect.stringMatching(/^redis:\/\/127\.0\.0\.1:\d+\/0: connection lost; trying again$/),
      expect.stringMatching(/: connected again$/),
    ]);
    await end();
    await Promise.all([here.close(), there.close()]);
    proxy.close();
  });
});

describe.runIf(redisPath !== undefined).each([true, false])(
  'a server that is restarted, with its memory: %s',
  (appendOnly) => {
    test('loses no job and no result', async () => {
      const redis = await RedisServer.start({ appendOnly });
      const [here, there] = await Promise.all([
        QueueServer.open({ url: redis.url }),
        QueueServer.open({ url: redis.url }),
      ]);
      const { calls, end } = worker(there, { lanes: [0, 1], work: (index) => sleep(5, { twice: 2 * index }) });
      const told: number[] = [];
      let prepared = 0;
      await collectDoubled(here, 150, {
        prepare: () => Promise.resolve(void (prepared += 1)),
        tell: async (index, result) => {
          told.push(result);
          if (index !== 20 && index !== 70) return;
          await redis.down();
          await sleep(100);
          await redis.up();
        },
      });
      expect(told).toEqual(doubled(150));
      expect(prepared).toBe(3);
      // With its memory, only jobs in progress are done again.
      if (appendOnly) expect(calls.length).toBeLessThan(150 + 12);
      await end();
      await Promise.all([here.close(), there.close()]);
      await redis.close();
    });
  },
);
