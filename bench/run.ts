import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { format } from 'prettier';
import { textTable } from '../src/report/index.ts';
import { type Job, jobs } from './jobs.ts';
import { countFlops, writeTorchGraph } from './torchGraph.ts';

// Times κ of six networks: on the wasm backend, on the reference, and in PyTorch where python3 has it, in turns, so that
// a busy moment of the machine meets all of them. The best of all turns counts, of each.
//
// usage: npm run bench -- [--jobs NAME,NAME…] [--rounds 3] [--threads 2] [--python python3] [--scaling] [--write]

const run = promisify(execFile);
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: Object.keys(jobs).join(',') },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string', default: '' },
    scaling: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const threads = Number(options.threads);

interface Timing {
  readonly seconds: number[];
  readonly kappa: number;
  readonly peakBytes?: number;
}

const tsx = here('../node_modules/tsx/dist/cli.mjs');
async function ours(name: string, backend: string, count: number, batch: number, repeats = 2): Promise<Timing> {
  const args = [tsx, here('worker.ts'), name, backend, String(count), String(repeats), String(batch)];
  return JSON.parse((await run(process.execPath, args)).stdout) as Timing;
}

async function torch(python: string, graph: string): Promise<Timing> {
  const { stdout } = await run(python, [here('torch_ntk.py'), graph, String(threads), '2']);
  return JSON.parse(stdout) as Timing;
}

/** A Python that has PyTorch, and PyTorch's version. */
async function findTorch(): Promise<{ python: string; version: string } | undefined> {
  for (const python of options.python ? [options.python] : ['python3', '/usr/bin/python3']) {
    try {
      const { stdout } = await run(python, ['-c', 'import torch; print(torch.__version__)']);
      return { python, version: stdout.trim() };
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The fastest of all repeats of all turns. */
const best = (timings: readonly Timing[]) => Math.min(...timings.flatMap(({ seconds }) => seconds));
const fixed = (value: number | undefined, digits = 2) => (value === undefined ? '–' : value.toFixed(digits));

/** The reference takes minutes to hours: it is timed on a small batch, and the cost of its loops is N² or N. */
const SMALL = 4;
async function referenceSeconds(name: string, { mode, batch }: Job): Promise<number> {
  const small = best([await ours(name, 'reference', 1, SMALL, 1)]);
  return small * (batch / SMALL) ** (mode === 'train' ? 2 : 1);
}

async function timeJob(name: string, folder: string, python: string | undefined): Promise<string[]> {
  const job = jobs[name];
  const graph = join(folder, name);
  if (python) await writeTorchGraph(graph, job);
  const wasm: Timing[] = [];
  const single: Timing[] = [];
  const peer: Timing[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    wasm.push(await ours(name, 'wasm', threads, job.batch));
    if (python) peer.push(await torch(python, graph));
    if (job.oneThread) single.push(await ours(name, 'wasm', 1, job.batch));
  }
  const seconds = best(wasm);
  const peerSeconds = python ? best(peer) : undefined;
  const reference = await referenceSeconds(name, job);
  return [
    job.title,
    fixed(seconds, 3),
    fixed(peerSeconds, 3),
    fixed(peerSeconds === undefined ? undefined : peerSeconds / seconds),
    String(job.target),
    `≈ ${fixed(reference / seconds, 0)}`,
    job.oneThread ? fixed(best(single) / seconds) : '–',
    fixed(countFlops(job) / seconds / 1e9, 1),
    fixed(Math.max(...wasm.map(({ peakBytes = 0 }) => peakBytes)) / 2 ** 20, 0),
    `${wasm[0].kappa.toPrecision(5)} / ${peer[0]?.kappa.toPrecision(5) ?? '–'}`,
  ];
}

const HEAD = [
  ...['job', `wasm, ${threads} threads (s)`, `PyTorch, ${threads} threads (s)`, 'PyTorch ÷ wasm', 'target'],
  ...['reference ÷ wasm', '1 thread ÷ wasm', 'GFLOP/s', 'peak memory (MiB)', 'κ: wasm / PyTorch'],
];

/** Seconds at three sizes, and the exponents between them. */
async function scaling(): Promise<string[][]> {
  const rows: string[][] = [];
  for (const name of ['supernet-72', 'supernet-eval']) {
    const sizes = [36, 72, 144];
    const seconds: number[] = [];
    for (const size of sizes) seconds.push(best([await ours(name, 'wasm', threads, size, 4)]));
    const exponents = [0, 1].map((i) => Math.log2(seconds[i + 1] / seconds[i]));
    rows.push([
      jobs[name].title.replace(/, batch \d+/, ''),
      ...seconds.map((s) => fixed(s, 3)),
      exponents.map((e) => fixed(e)).join(', '),
    ]);
  }
  return rows;
}
const SCALING_HEAD = ['job', 'N = 36 (s)', 'N = 72 (s)', 'N = 144 (s)', 'exponent of N'];

function table(heads: string[], rows: string[][]): string {
  const columns = heads.map((head) => ({ head }));
  return textTable(columns, rows, { width: process.stdout.columns });
}

function markdownTable(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const found = await findTorch();
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const software = `Node ${process.version}, ${found ? `PyTorch ${found.version}` : 'no PyTorch found'}`;
console.log(`${machine}; ${software}`);
const folder = await mkdtemp(join(tmpdir(), 'ntkit-bench-'));
try {
  const rows: string[][] = [];
  for (const name of options.jobs.split(',')) {
    rows.push(await timeJob(name, folder, found?.python));
    console.log(table(HEAD, rows.slice(-1)));
  }
  const sizes = options.scaling || options.write ? await scaling() : [];
  if (sizes.length > 0) console.log(table(SCALING_HEAD, sizes));
  if (options.write) {
    const text = [
      '# Results of `npm run bench -- --write`',
      `${machine}; ${software}; ${new Date().toISOString().slice(0, 10)}.`,
      `The best of ${options.rounds} turns of two repeats each; wasm and PyTorch took turns. ` +
        'GFLOP/s counts the multiplications and additions of direct convolutions. ' +
        'The reference is timed on a batch of 4 and scaled by N² (train) or N (eval).',
      markdownTable(HEAD, rows),
      '## Cost by batch size',
      markdownTable(SCALING_HEAD, sizes),
    ];
    await writeFile(here('RESULTS.md'), await format(text.join('\n\n'), { parser: 'markdown', printWidth: 120 }));
  }
} finally {
  await rm(folder, { recursive: true });
}
