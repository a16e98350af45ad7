import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseProblem } from '../../examples/service/problem.ts';
import { WELL_KNOWN_CELLS } from '../../src/nn/index.ts';
import { computeNtk } from '../../src/ntk/index.ts';
import { Generator, wasmBackend } from '../../src/tensor/index.ts';
import type { Holdings, Order } from './serviceProcess.ts';

// The service of examples/service in a process of its own, as its clients see it.

const REQUESTS = 1000;
/**
 * How many bytes a thousand requests may leave. A body is of 4 kB in the mean, what is compiled for it of far more: either
 * kept once for each request shows. What is freed late (buffers, pages of the process) goes up and down meanwhile.
 */
const SLACK = { heap: 2 ** 22, external: 2 ** 22, arrayBuffers: 2 ** 25, resident: 2 ** 29 };
/** Every fifth client aborts. */
const isImpatient = (i: number) => i % 5 === 4;

interface Service {
  readonly process: ChildProcess;
  readonly url: string;
  ask(order: Order): Promise<Holdings>;
}

async function start(capacity: number): Promise<Service> {
  const child = fork(fileURLToPath(new URL('./serviceProcess.ts', import.meta.url)), [String(capacity)], {
    execArgv: ['--expose-gc', '--import', 'tsx'],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [port] = (await once(child, 'message')) as [number];
  return {
    process: child,
    url: `http://localhost:${port}/kappa`,
    async ask(order) {
      child.send(order);
      const [held] = (await once(child, 'message')) as [Holdings];
      return held;
    },
  };
}

async function stop({ process: child }: Service): Promise<number | null> {
  child.send('stop' satisfies Order);
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

interface Posted {
  readonly type: string;
  readonly body: Buffer<ArrayBuffer>;
}

const CELLS = Object.values(WELL_KNOWN_CELLS);

/** Problems of mixed sizes: cells, channels, images, modes; and a case file. */
function problems(): Posted[] {
  const generator = new Generator(5);
  const json = Array.from({ length: 24 }, (_, i) => {
    const shape = [2 + (i % 7) * 2, 3, 4 + (i % 3) * 4, 4 + (i % 3) * 4];
    const { data } = generator.normals(shape, { dtype: 'float32' });
    const images = { shape, data: Buffer.from(data.buffer).toString('base64') };
    const network = { arch: CELLS[i % CELLS.length], channels: 2 + (i % 3), seed: i };
    return Buffer.from(JSON.stringify({ ...network, mode: i % 2 === 0 ? 'train' : 'eval', images }));
  });
  const file = readFileSync(new URL('../golden/nb201-arch-00-train.safetensors', import.meta.url));
  return [
    ...json.map((body) => ({ type: 'application/json', body })),
    { type: 'application/octet-stream', body: file },
  ];
}

/** Images of CIFAR-10's size for a large network: 128 take a minute, 256 do not fit into the memory of WebAssembly. */
function demanding(samples: number, channels: number, cells: number): Posted {
  const shape = [samples, 3, 32, 32];
  const { data } = new Generator(7).normals(shape, { dtype: 'float32' });
  const images = { shape, data: Buffer.from(data.buffer).toString('base64') };
  return { type: 'application/json', body: Buffer.from(JSON.stringify({ arch: CELLS[0], channels, cells, images })) };
}

/** κ of each, alone, one after the other. */
async function alone(posted: readonly Posted[]): Promise<number[]> {
  const backend = wasmBackend({ threads: 2 });
  const values: number[] = [];
  for (const { type, body } of posted) {
    const { network, images, mode } = parseProblem(type, body);
    values.push((await computeNtk(network, images, { mode, backend })).kappa);
  }
  await backend.close();
  return values;
}

const post = ({ url }: Service, { type, body }: Posted, signal?: AbortSignal) =>
  fetch(url, { method: 'POST', headers: { 'content-type': type }, body, ...(signal ? { signal } : {}) });

interface Answer {
  readonly kappa?: number;
  readonly error?: string;
}

async function answerOf(response: Response): Promise<Answer & { status: number }> {
  return { status: response.status, ...((await response.json()) as Answer) };
}

describe('a service under load', () => {
  const posted = problems();
  let expected: readonly number[];
  let service: Service;
  beforeAll(async () => {
    expected = await alone(posted);
    service = await start(REQUESTS);
  });
  afterAll(() => service.process.kill());

  /** All requests at once; how many were answered, and which answers are wrong. */
  async function round(requests: number, generator: Generator) {
    const wrong: unknown[] = [];
    let [answered, gone] = [0, 0];
    const one = async (i: number) => {
      const which = i % posted.length;
      const impatient = isImpatient(i);
      const signal = impatient ? AbortSignal.timeout(Math.floor(generator.uniform(1, 3000))) : undefined;
      try {
        const { status, kappa } = await answerOf(await post(service, posted[which], signal));
        answered++;
        if (status !== 200 || kappa !== expected[which]) wrong.push({ which, status, kappa });
      } catch (error) {
        if (impatient && (error as Error).name === 'TimeoutError') gone++;
        else wrong.push(error);
      }
    };
    await Promise.all(Array.from({ length: requests }, (_, i) => one(i)));
    return { wrong, answered, gone };
  }

  test('a thousand mixed requests at once, some aborted: no wrong answer, no leak, a clean end', async () => {
    const generator = new Generator(6);
    const held: Holdings[] = [];
    // The first round creates what is kept: workers, programs, compiled code.
    for (const requests of [250, REQUESTS]) {
      const { wrong, answered, gone } = await round(requests, generator);
      expect(wrong).toEqual([]);
      expect(answered).toBeGreaterThanOrEqual(requests * 0.8);
      expect(gone).toBeGreaterThan(0);
      expect(answered + gone).toBe(requests);
      held.push(await service.ask('holdings'));
    }
    const [before, after] = held;
    console.log('held before and after a thousand requests:', before, after);
    expect(after.threads).toBe(before.threads);
    for (const [name, slack] of Object.entries(SLACK)) {
      const grown = after[name as keyof Holdings] - before[name as keyof Holdings];
      expect(grown, `bytes more of ${name}`).toBeLessThan(slack);
    }
    expect(await stop(service)).toBe(0);
  });
});

describe('a service with a capacity of one', () => {
  const [small] = problems();
  let service: Service;
  beforeAll(async () => {
    service = await start(1);
  });
  afterAll(() => service.process.kill());

  test('is busy while it computes, and free when the client of the computation has gone away', async () => {
    const soon = async () => {
      await sleep(20);
      return answerOf(await post(service, small));
    };
    const client = new AbortController();
    const gone = post(service, demanding(128, 16, 3), client.signal).catch((error: Error) => error.name);
    let full: Answer & { status: number };
    do full = await soon();
    while (full.status === 200); // until the other request is admitted
    expect(full).toEqual({ status: 503, error: '1 requests are being answered, try again later' });

    client.abort();
    expect(await gone).toBe('AbortError');
    const since = performance.now();
    let free: Answer & { status: number };
    do free = await soon();
    while (free.status === 503 && performance.now() - since < 10_000);
    expect(free.status).toBe(200);
    expect(free.kappa).toBeGreaterThan(1);
  });

  const image = (shape: readonly number[], data: string) => ({ arch: CELLS[0], images: { shape, data } });
  const zeros = (count: number) => Buffer.alloc(4 * count).toString('base64');
  test.each<[string, unknown, string]>([
    ['no JSON', '{', 'body: expected JSON'],
    ['no object', 3, 'body: expected Object, got 3'],
    ['no images', { arch: CELLS[0] }, 'body: images: missing'],
    ['too many channels', { ...image([1, 3, 4, 4], ''), channels: 65 }, 'body: channels: expected <=64, got 65'],
    ['an unknown field', { ...image([1, 3, 4, 4], ''), seeds: 1 }, 'body: seeds: no such field'],
    [
      'an unknown cell',
      { ...image([1, 3, 4, 4], zeros(48)), arch: '|a~0|' },
      `architecture "|a~0|": expected 3 nodes separated by '+', got 1`,
    ],
    ['a broken number', image([1, 3, 4, 4], 'AAAA'), 'images: data: expected a multiple of 4 bytes, got 3'],
    ['too few numbers', image([1, 3, 4, 4], zeros(47)), 'ndarray: shape [1, 3, 4, 4] needs 48 elements, got 47'],
  ])('answers 400 to %s, with one line that says why', async (_, body, error) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await answerOf(await post(service, { type: 'application/json', body: Buffer.from(text) }));
    expect(answer).toEqual({ status: 400, error });
  });

  test('answers 422 to input that does not fit, in the words of the library', async () => {
    const { status, error } = await answerOf(await post(service, demanding(256, 32, 5)));
    expect(status).toBe(422);
    expect(error).toMatch(/^backend wasm: [^\n]+$/);
  });

  test('answers 400 to a body that is not a case, in the words of the library', async () => {
    const { status, error } = await answerOf(
      await post(service, { type: 'application/octet-stream', body: small.body }),
    );
    expect(status).toBe(400);
    expect(error).toMatch(/^body: [^\n]+$/);
  });

  test('answers other requests by the status codes of HTTP', async () => {
    const { url } = service;
    expect((await fetch(url)).status).toBe(405);
    expect((await fetch(`${url}/more`, { method: 'POST' })).status).toBe(404);
    expect((await post(service, { type: 'text/plain', body: small.body })).status).toBe(415);
    // The connection is closed on who goes on sending: the answer, or an error of the connection.
    const long = post(service, { type: 'application/json', body: Buffer.alloc(2 ** 23 + 1) });
    expect([413, 'fetch failed']).toContain(
      await long.then(
        ({ status }) => status,
        ({ message }: Error) => message,
      ),
    );
    expect((await answerOf(await post(service, small))).status).toBe(200);
  });

  test('ends with exit code 0 when it is asked to stop', async () => {
    expect(await stop(service)).toBe(0);
  });
});
