import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { encodeNpy } from '../../src/data/index.ts';
import { Generator } from '../../src/tensor/index.ts';
import { COMMAND, ntkit, type Running, start as startProgram } from '../support/command.ts';
import { RedisServer, redisPath } from '../support/redis.ts';
import { runs } from '../support/runs.ts';

const start = (args: readonly string[], env: object = {}) => startProgram([...COMMAND, ...args], { env });

/** Cells of a sweep that is disturbed. */
const CELLS = runs(200);

/** How often it is killed; checked with ten. */
const RUNS = Number(process.env['NTKIT_KILLS'] ?? 1);

describe('without a server', () => {
  test.each([
    [['queue', 'status'], "ntkit: required option '--queue <url>' not specified"],
    [
      ['queue', 'stop', '--queue', 'redis://h'],
      /'stop' is invalid for argument 'action'\. Allowed choices are status, pause/,
    ],
    [
      ['queue', 'status', '--queue', 'redis://:secret@h/x'],
      /^ntkit: queue: expected the number of a database after \//,
    ],
    [['worker', '--queue', 'secret'], /^ntkit: queue: expected redis:.*, got something else$/],
    [['worker', '--queue', 'redis://h', '--queue-prefix', 'a b'], /^ntkit: queue: prefix: expected up to 60 letters/],
    [['sweep', '--count', '1', '--queue', 'redis://:secret@h', '--threads', '2'], 'ntkit: --threads 2: expected with ntkit worker, which computes for --queue'], // prettier-ignore
  ])('%j is refused in one line', async (args, line) => {
    const { code, stdout, stderr } = await ntkit(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toContain('secret@');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr.trim()).toEqual(typeof line === 'string' ? line : expect.stringMatching(line));
  });
});

describe.runIf(redisPath !== undefined)('on a queue', () => {
  let folder: string;
  let redis: RedisServer;
  let data: string;
  const at = (name: string) => join(folder, name);
  const running: Running[] = [];
  const startWorker = (...more: string[]) => {
    const one = start(['worker', '--queue', redis.url, '--threads', '1', '--lease', '2', ...more]);
    running.push(one);
    return one;
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ntkit-queue-'));
    await writeFile(at('images.npy'), encodeNpy(new Generator(1).normals([12, 3, 4, 4])));
    data = `npy:${at('images.npy')}`;
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    redis = await RedisServer.start({ appendOnly: true });
  });
  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL');
    await Promise.all(running.splice(0).map(({ done }) => done));
    await redis.close();
  });

  const sweep = (count: number) => [
    ...['sweep', '--data', data, '--count', `${count}`, '--channels', '2', '--batch-size', '2', '--repeats', '2'],
    ...['--region-samples', '8', '--seed', '4'],
  ];
  const rowsOf = (path: string) =>
    readFile(path, 'utf8').then(
      (text) => text.split('\n').length - 2,
      () => 0,
    );
  const finish = async ({ done }: Running) => {
    const { code, stderr } = await done;
    expect(stderr).not.toMatch(/ntkit:/);
    expect(code).toBe(0);
  };

  test('a sweep by 4 workers, with two killed and the server restarted, gives the table of one machine', async () => {
    await finish(start([...sweep(CELLS), '--out', at('one.csv')]));
    const whole = await readFile(at('one.csv'), 'utf8');
    const generator = new Generator(1).fork('moments');
    for (let run = 0; run < RUNS; run++) {
      const path = at(`many ${run}.csv`);
      const workers = Array.from({ length: 4 }, () => startWorker());
      const collecting = start([...sweep(CELLS), '--queue', redis.url, '--out', path]);
      let ended = false;
      void collecting.done.then(() => (ended = true));
      const moments = Array.from({ length: 3 }, () => 1 + generator.integer(Math.ceil(0.75 * CELLS))).sort(
        (a, b) => a - b,
      );
      const restart = generator.integer(3);
      for (const [i, moment] of moments.entries()) {
        while (!ended && (await rowsOf(path)) < moment) await sleep(5);
        if (i === restart) {
          await redis.down();
          await redis.up();
        } else workers.pop()!.child.kill('SIGKILL');
      }
      const { code, stderr } = await collecting.done;
      expect(stderr).not.toMatch(/ntkit:/);
      expect(code).toBe(0);
      expect(await readFile(path, 'utf8')).toBe(whole);
      expect(await readFile(`${path}.settings.json`, 'utf8')).toBe(await readFile(at('one.csv.settings.json'), 'utf8'));
      for (const { child } of workers) child.kill('SIGINT');
      for (const { done } of workers) expect((await done).code).toBe(130);
    }
  }, 600_000);

  test('a search ends with the same bytes, and a worker that is stopped returns its job', async () => {
    const search = [
      ...[
        'search',
        '--data',
        data,
        '--batch-size',
        '2',
        '--repeats',
        '1',
        '--region-samples',
        '8',
        '--paired',
        '--criteria',
        'kappa',
      ],
      '--out',
    ];
    const here = start([...search, at('here'), '--threads', '1']);
    const [one, two] = [startWorker(), startWorker()];
    const there = start([...search, at('there'), '--queue', redis.url]);
    while (!(await readFile(join(at('there'), 'search.json'), 'utf8').catch(() => ''))) await sleep(20);
    two.child.kill('SIGINT');
    expect(await two.done).toMatchObject({
      code: 130,
      stderr: expect.stringMatching(/\nntkit: interrupted \(SIGINT\)\n$/) as unknown,
    });
    await Promise.all([finish(here), finish(there)]);
    for (const name of ['search.json', 'history.json', 'report.html']) {
      expect(await readFile(join(at('there'), name), 'utf8')).toBe(await readFile(join(at('here'), name), 'utf8'));
    }
    one.child.kill('SIGTERM');
    expect((await one.done).code).toBe(143);
    const { stdout } = await ntkit('queue', 'status', '--queue', redis.url, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ queues: [{ waiting: 0, active: 0, completed: 0, failed: 0 }] });
  });

  test('a collector is killed and restarted, and a worker of a different precision is refused', async () => {
    const args = [...sweep(25), '--queue', redis.url, '--out', at('again.csv')];
    const first = start(args);
    let queues: { waiting: number }[] = [];
    const status = async () => {
      const { stdout } = await ntkit('queue', 'status', '--queue', redis.url, '--json');
      return (JSON.parse(stdout) as { queues: { waiting: number }[] }).queues;
    };
    while (queues[0]?.waiting !== 22) queues = await status();
    const refused = await ntkit('worker', '--queue', redis.url, '--backend', 'reference', '--dtype', 'float64');
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(
      /\nntkit: queue redis:\S+: jobs are for 0\S+-wasm-float32-\w+, got 0\S+-reference-float64-\w+\n$/,
    );
    // Its lock is a dead process's, its lease too: the next one does not wait.
    first.child.kill('SIGKILL');
    await first.done;
    const [second, working] = [start(args), startWorker('--idle', '3')];
    await finish(second);
    expect(await working.done).toMatchObject({ code: 0, stdout: '22 jobs done\n' });
    await finish(start([...sweep(25), '--out', at('alone.csv')]));
    expect(await readFile(at('again.csv'), 'utf8')).toBe(await readFile(at('alone.csv'), 'utf8'));
  });

  test('jobs that fail are named, and the exit code is 1', async () => {
    const args = [...sweep(3), '--queue', redis.url, '--out', at('failed.csv')];
    const collecting = start(args);
    // Somebody has other images under the name of these.
    const client = redis.client();
    await client.connect();
    let keys: string[] = [];
    while (keys.length === 0) keys = await client.keys('ntkit:images:*');
    await client.hset(keys[0], 'pixels', 'poison');
    client.disconnect();
    startWorker();
    const { code, stdout, stderr } = await collecting.done;
    expect(stderr).toMatch(
      /^ntkit: sweep: 3 jobs of 3 failed on every try: \|.*\(queue: images \w+: expected \d+ bytes, got 6\)/m,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  });
});

describe.runIf(redisPath !== undefined)('a server with a password and TLS', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await RedisServer.start({ password: 'topsecret', tls: true });
  });
  afterAll(() => redis.close());

  const status = (url: string, env: object = {}) => start(['queue', 'status', '--queue', url], env).done;

  test('is reached by clients that trust its certificate and know the password', async () => {
    const trusted = { NODE_EXTRA_CA_CERTS: redis.certificate };
    const withPassword = redis.url.replace('//', '//:topsecret@');
    const [inUrl, inVariable, stranger, wrong] = await Promise.all([
      status(withPassword, trusted),
      status(redis.url, { ...trusted, NTKIT_QUEUE_PASSWORD: 'topsecret' }),
      status(withPassword),
      status(redis.url.replace('//', '//:othersecret@'), trusted),
    ]);
    const found = { code: 0, stdout: `${redis.url}/0: no queue under ntkit\n`, stderr: '' };
    expect([inUrl, inVariable]).toEqual([found, found]);
    expect(stranger).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot be reached \(self-signed certificate\)\n$/) as unknown,
    });
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/cannot be reached \(WRONGPASS .*\)\n$/) as unknown,
    });
    for (const { stdout, stderr } of [inUrl, inVariable, stranger, wrong])
      expect(stdout + stderr).not.toMatch(/secret/);
  });

  test('that does not exist is reported in one line', async () => {
    const { code, stdout, stderr } = await status('redis://:topsecret@127.0.0.1:1');
    expect(stderr).toMatch(
      /^ntkit: redis:\/\/127\.0\.0\.1:1\/0: cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:1\)\n$/,
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});
