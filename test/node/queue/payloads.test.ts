import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ArrayDataset, type Dataset, SyntheticDataset } from '../../../src/data/index.ts';
import { parseAddress } from '../../../src/node/queue/address.ts';
import { describeImages, getImages, putImages } from '../../../src/node/queue/images.ts';
import { computerOf, MeasurementQueue, QueueServer, runWorker } from '../../../src/node/queue/index.ts';
import { queueStates } from '../../../src/node/queue/control.ts';
import {
  candidateJob,
  cellAt,
  CellMeasurer,
  jobToJson,
  parseCellMeasurement,
  parseEntry,
  parseJob,
  Search,
  type SearchSettings,
  type SweepSettings,
} from '../../../src/search/index.ts';
import { wasmBackend } from '../../../src/tensor/index.ts';
import { RedisServer, redisPath } from '../../support/redis.ts';

const settings: SweepSettings = {
  ...{ data: 'synthetic', channels: 2, cells: 1, classes: 3, batchSize: 2, repeats: 2, seed: 0 },
  ...{ mode: 'train', init: 'paper', regions: { batches: 1, samples: 8 }, backend: 'wasm', dtype: 'float32' },
};
const searchSettings: SearchSettings = {
  ...{ space: 'darts', fidelity: 'paper', criteria: 'both', paired: true, seed: 0, data: 'synthetic', classes: 3 },
  ...{ batchSize: 2, repeats: 1, pruneNumber: 3, digits: 3, regions: { batches: 1, samples: 8 } },
  ...{ backend: 'wasm', dtype: 'float32' },
};
const common = { images: '0'.repeat(64), computer: '0.1.0-wasm-float32-00000000' };
const cellJob = { kind: 'cell', settings, ...common, cell: cellAt(4321) } as const;
const searchJob = candidateJob(searchSettings, common, new Search(searchSettings).tasks[5]);

describe('the URL of a server', () => {
  test.each([
    ['redis://localhost', 'redis://localhost:6379/0'],
    ['redis://me:s%40cret@example.org:7000/3', 'redis://example.org:7000/3'],
    ['rediss://:secret@[::1]', 'rediss://[::1]:6379/0'],
  ])('%s is shown as %s', (url, label) => {
    expect(parseAddress(url).label).toBe(label);
  });

  test('gives user and password, or takes a password from elsewhere', () => {
    expect(parseAddress('redis://me:s%40cret@h')).toMatchObject({ username: 'me', password: 's@cret', tls: false });
    expect(parseAddress('rediss://h', 'other')).toMatchObject({ password: 'other', tls: true, host: 'h' });
    expect(parseAddress('redis://:mine@h', 'other').password).toBe('mine');
  });

  test.each([
    ...[
      'secret',
      'http://:secret@h',
      'redis://',
      'redis://:secret@h/x',
      'redis://:secret@h/1/2',
      'redis://:secret@h:99999',
    ],
    ...['redis://:secret@h/0?x=secret', 'redis://:secret@h#secret'],
  ])('%j is refused without being quoted', (url) => {
    expect(() => parseAddress(url)).toThrow(/^queue: expected (?!.*secret)/);
  });
});

/** A value with one of its parts replaced. */
function changed(value: object, path: string, by: unknown): unknown {
  const copy = structuredClone(value) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const owner = keys.reduce((object, key) => object[key] as Record<string, unknown>, copy);
  if (by === undefined) delete owner[last];
  else Object.defineProperty(owner, last, { value: by, enumerable: true, configurable: true, writable: true });
  return copy;
}

describe('a job', () => {
  test.each([cellJob, searchJob])('of a $kind survives JSON', (job) => {
    const sent: unknown = JSON.parse(JSON.stringify(jobToJson(job)));
    const { round, ...rest } = { round: undefined, ...job };
    const { round: got, ...others } = { round: undefined, ...parseJob(sent, 'job') };
    expect(others).toEqual(rest);
    if (round !== undefined) expect(round).toMatchObject(got as unknown as object);
    expect(JSON.stringify(sent).length).toBeLessThan(1500);
  });

  test.each([
    [cellJob, 'kind', 'run', 'job: kind: expected "cell" or "candidate", got "run"'],
    [cellJob, 'images', '../../etc/passwd', 'job: images: expected 64 hexadecimal digits, got "../../etc/passwd"'],
    [cellJob, 'images', ['a'], 'job: images: expected a text, got ["a"]'],
    [cellJob, 'cell', 'nor_conv_3x3', 'job: cell: '],
    [cellJob, 'cell', 'x'.repeat(1e5), 'job: cell: expected at most 1000 characters, got '],
    [cellJob, 'more', 1, 'job: more: expected no such field, got "more"'],
    [cellJob, '__proto__', { x: 1 }, 'job: __proto__: expected no such field'],
    [cellJob, 'settings.seed', undefined, 'job: settings.seed: expected this field, got nothing'],
    [cellJob, 'settings.channels', 1e9, 'job: settings.channels: expected at most 4096, got 1000000000'],
    [cellJob, 'settings.repeats', 1e9, 'job: settings.repeats: expected at most 10000, got 1000000000'],
    [cellJob, 'settings.regions.samples', 2 ** 40, 'job: settings.regions: expected at most 16777216 crops, got '],
    [cellJob, 'settings.dtype', 'float16', 'job: settings.dtype: expected "float32" or "float64", got "float16"'],
    [searchJob, 'round.mask', '111', 'job: round.mask: expected 2×14 edges of 8 digits, as darts has, got "111"'],
    [searchJob, 'round.index', -1, 'job: round.index: expected at least 0, got -1'],
    [searchJob, 'choice', { cell: 0, edge: 99, op: 0 }, 'job: choice: expected an operation of the round, got '],
    [searchJob, 'settings.space', '__proto__', 'job: settings.space: expected "nas-bench-201" or "darts", got '],
  ])('%#: is refused where %j is %j', (job, path, by, message) => {
    expect(() => parseJob(changed(jobToJson(job), path, by), 'job')).toThrow(message);
  });

  test.each([[null], [undefined], [1], ['x'], [[]], [{}]])('is not %j', (value) => {
    expect(() => parseJob(value, 'job')).toThrow(/^job: /);
  });
});

describe('a result', () => {
  const kappa = { lambdaMin: 1, lambdaMax: 2, noiseFloor: 1e-9, verdict: 'resolved' };
  const good = { kappas: [kappa, kappa], regions: [3, 8] };

  test('of a cell is checked completely', () => {
    expect(parseCellMeasurement(good, settings, 'result')).toEqual(good);
    const refused = (path: string, by: unknown) =>
      expect(() => parseCellMeasurement(changed(good, path, by), settings, 'result'));
    refused('regions', [3]).toThrow('result: regions: expected 2, one per repeat, got 1');
    refused('regions', [3, 9]).toThrow('result: regions: expected at most 8, one per sample, got 9');
    refused('kappas', [kappa]).toThrow('result: kappas: expected 2, one per repeat, got 1');
    refused('kappas', [kappa, { ...kappa, lambdaMin: 3 }]).toThrow(/lambdaMin of at most lambdaMax/);
    refused('kappas', [kappa, { ...kappa, lambdaMin: 'x' }]).toThrow(/kappas\[1\]\.lambdaMin: expected a number/);
    refused('more', 1).toThrow(/no such field/);
  });

  test('of a candidate is, too', () => {
    const entry = { after: [{ kappa, regions: 8 }] };
    expect(parseEntry(entry, searchSettings, 'result')).toEqual(entry);
    const refused = (value: unknown) => expect(() => parseEntry(value, searchSettings, 'result'));
    refused({ after: [] }).toThrow('result: after: expected 1, one per repeat, got 0');
    refused({ after: [{ kappa, regions: 9 }] }).toThrow('result: regions: expected at most 8, one per sample, got 9');
    refused({ after: [{ kappa: 1 }] }).toThrow(/kappa: expected an object, got 1/);
  });
});

describe.runIf(redisPath !== undefined)('on a server', () => {
  let redis: RedisServer;
  let server: QueueServer;
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.close());
  beforeEach(async () => {
    server = await QueueServer.open({ url: redis.url });
    await server.redis.flushall();
  });
  afterEach(() => server.close());

  const bytes = Uint8Array.from({ length: 2 * 48 }, (_, i) => i);
  const normalization = { mean: [0.1, 0.2, 0.3], std: [1, 2, 3] };
  const grey = new ArrayDataset({ name: 'a', images: bytes, shape: [3, 4, 4], normalization });

  test.each([
    ['bytes', grey],
    ['floats', new ArrayDataset({ name: 'b', images: Float32Array.from(bytes, Math.sin), shape: [3, 4, 4] })],
    ['numbers drawn at random', new SyntheticDataset({ seed: 5, length: 50_000 })],
  ])('images of %s are unchanged', async (_, dataset: Dataset) => {
    const images = describeImages(dataset);
    expect(await getImages(server.redis, 'p', images.digest)).toBeUndefined();
    expect(await putImages(server.redis, 'p', images)).toBe(true);
    const got = (await getImages(server.redis, 'p', images.digest))!;
    expect([got.length, got.shape, got.normalization]).toEqual([dataset.length, dataset.shape, dataset.normalization]);
    for (const i of [0, 1]) expect(got.get(i).image).toEqual(dataset.get(i).image);
    expect(await server.redis.ttl(`p:images:${images.digest}`)).toBeGreaterThan(86_400);
  });

  test('images of other pixels, constants or shape have another digest', () => {
    const others = [
      new ArrayDataset({ name: 'a', images: bytes.map((x, i) => (i === 95 ? 0 : x)), shape: [3, 4, 4], normalization }),
      new ArrayDataset({ name: 'a', images: bytes, shape: [3, 4, 4] }),
      new ArrayDataset({ name: 'a', images: bytes, shape: [3, 2, 8], normalization }),
      new ArrayDataset({ name: 'a', images: Float32Array.from(bytes), shape: [3, 4, 4], normalization }),
    ];
    const named = new ArrayDataset({ name: 'other', images: bytes, shape: [3, 4, 4], normalization });
    expect(describeImages(named).digest).toBe(describeImages(grey).digest);
    expect(new Set([grey, ...others].map((each) => describeImages(each).digest)).size).toBe(5);
  });

  test('changed images are refused, and too large ones are not sent', async () => {
    const images = describeImages(grey);
    const key = `p:images:${images.digest}`;
    const refused = async (fields: object, message: RegExp) => {
      await server.redis.del(key);
      await putImages(server.redis, 'p', images);
      await server.redis.hset(key, fields);
      await expect(getImages(server.redis, 'p', images.digest)).rejects.toThrow(message);
    };
    await refused(
      { pixels: Buffer.from(bytes.map((x) => x ^ 1)) },
      /expected images with that digest, got different ones/,
    );
    await refused({ pixels: 'x' }, /expected 96 bytes, got 1/);
    await refused({ description: '{' }, /expected JSON/);
    await refused({ description: '{"kind":"file","path":"/etc/passwd"}' }, /kind: expected /);
    const { description } = images;
    const huge = { ...images, description: { ...description, length: 2 ** 26 } } as typeof images;
    expect(await putImages(server.redis, 'q', huge)).toBe(false);
    expect(await server.redis.keys('q:*')).toEqual([]);
  });

  test('a worker survives any payload, and measures the valid ones', async () => {
    const backend = wasmBackend({ threads: 1 });
    const computer = await computerOf('0.1.0', backend, 'float32');
    const dataset = new SyntheticDataset({ seed: 1, length: 10, shape: [3, 8, 8] });
    const job = jobToJson({ ...cellJob, images: describeImages(dataset).digest, computer: computer.name });
    const poisoned: [data: unknown, reason: string][] = [
      [null, 'job: expected an object, got null'],
      [{ kind: '__proto__' }, 'job: kind: expected'],
      [changed(job, 'computer', '9.9.9-wasm-float32-00000000'), `job: computer: expected ${computer.name}, got "9.9.9`],
      [changed(job, 'settings.dtype', 'float64'), `job: settings: expected those of ${computer.name}, got wasm in`],
      [changed(job, 'settings.backend', 'gpu'), `job: settings: expected those of ${computer.name}, got gpu in`],
      [changed(job, 'settings.batchSize', 11), 'synthetic: expected at least 11 images, the batch size, got 10'],
    ];
    await putImages(server.redis, 'ntkit', describeImages(dataset));
    const queue = server.queueOf(computer);
    for (const [i, [data]] of poisoned.entries()) await queue.add('measure', data, { jobId: `poison-${i}` });
    const ending = new AbortController();
    const failures: string[] = [];
    const onJob = (_: number, failure?: string) => failure !== undefined && failures.push(failure);
    const working = runWorker(server, { computer, lanes: [backend], signal: ending.signal, onJob }).catch(
      () => undefined,
    );

    const other = await MeasurementQueue.open({ url: redis.url }, computer);
    const cells = [cellAt(4321), cellAt(0)];
    const told: unknown[] = [];
    const tell = (_: number, measured: unknown) => Promise.resolve(void told.push(measured));
    await other.measureCells(settings, dataset, cells, tell);
    const here = new CellMeasurer(settings, dataset);
    expect(told).toEqual([await here.measure(cells[0], backend), await here.measure(cells[1], backend)]);
    expect(failures).toEqual(poisoned.map(([, reason]) => expect.stringContaining(reason) as unknown));
    expect(await queueStates(server)).toMatchObject([
      { failed: poisoned.length, completed: 0, waiting: 0, delayed: 0 },
    ]);

    // An invalid result is reported, and measured again on the next request.
    ending.abort(new Error('ended'));
    await working;
    const lying = new server.libraries.bullmq.Worker(computer.name, () => Promise.resolve({ kappas: 'many' }), {
      ...{ connection: server.redis, prefix: 'ntkit' },
    });
    await expect(other.measureCells(settings, dataset, cells.slice(0, 1), tell)).rejects.toThrow(
      /^sweep: 1 job of 1 failed on every try: \|.*\| \(result: kappas: expected a list, got "many"\);/,
    );
    await lying.close();
    const again = runWorker(server, { computer, lanes: [backend], idle: 1 });
    await other.measureCells(settings, dataset, cells.slice(0, 1), tell);
    expect(told[2]).toEqual(told[0]);
    await again;
    await Promise.all([other.close(), queue.close(), backend.close()]);
  });

  test('a computer with different arithmetic has a different name', async () => {
    const backend = wasmBackend({ threads: 1 });
    const [single, double, later] = await Promise.all([
      computerOf('0.1.0', backend, 'float32'),
      computerOf('0.1.0', backend, 'float64'),
      computerOf('0.2.0', backend, 'float32'),
    ]);
    expect(single.name).toMatch(/^0\.1\.0-wasm-float32-[0-9a-f]{8}$/);
    expect(double.name.split('-')[3]).not.toBe(single.name.split('-')[3]);
    expect(later.name).toBe(single.name.replace('0.1.0', '0.2.0'));
    await backend.close();
  });
});
