import { readFile, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { textTable } from '../src/report/index.ts';
import {
  checkOut,
  type Checkout,
  type SearchTiming,
  thisCheckout,
  timeKappa,
  timeSearch,
  type Timing,
} from './checkout.ts';
import { best, type Column, fixed, jobColumns, type Measured, type MeasuredSearch, searchColumns } from './columns.ts';
import { type Job, jobs } from './jobs.ts';
import { here, run, temporaryFolder } from './process.ts';
import { writeTorchGraph } from './graph.ts';

// Times κ of seven networks: on the wasm backend, on the reference, in PyTorch where python3 has it, and by an older commit
// of this project if one is named; in turns, so that a busy moment of the machine affects all of them. The best of all
// turns counts for each. With --search, a whole search, too.
//
// usage: npm run bench -- [--jobs NAME,NAME…] [--rounds 3] [--threads 2] [--python python3] [--commit HASH] [--search]
//        [--scaling] [--write]
// (--jobs= --search for the search alone)

const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: Object.keys(jobs).join(',') },
    rounds: { type: 'string', default: '3' },
    threads: { type: 'string', default: '2' },
    python: { type: 'string', default: '' },
    commit: { type: 'string' },
    search: { type: 'boolean', default: false },
    scaling: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const threads = Number(options.threads);
const rounds = Number(options.rounds);
const names = options.jobs.split(',').filter(Boolean);
for (const name of names) {
  if (!Object.hasOwn(jobs, name)) throw new Error(`--jobs: expected ${Object.keys(jobs).join(', ')}, got ${name}`);
}

/** A Python that has PyTorch, and PyTorch's version. */
async function findTorch(): Promise<{ python: string; version: string } | undefined> {
  for (const python of options.python ? [options.python] : ['python3', '/usr/bin/python3']) {
    try {
      return { python, version: (await run(python, ['-c', 'import torch; print(torch.__version__)'])).trim() };
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The reference takes minutes to hours: it is timed on a small batch, and the cost of its loops is N² or N. */
const SMALL = 4;
async function referenceSeconds(name: string, { mode, batch }: Job): Promise<number> {
  const small = await timeKappa(ours, { name, backend: 'reference', threads: 1, batch: SMALL, repeats: 1 });
  return best([small])! * (batch / SMALL) ** (mode === 'train' ? 2 : 1);
}

async function timeJob(name: string): Promise<Measured> {
  const job = jobs[name];
  const graph = join(folder, name);
  if (found) await writeTorchGraph(graph, job);
  const wasm: Timing[] = [];
  const commit: Timing[] = [];
  const oneThread: Timing[] = [];
  const torch: Timing[] = [];
  const onWasm = { name, backend: 'wasm', threads, batch: job.batch } as const;
  for (let round = 0; round < rounds; round++) {
    wasm.push(await timeKappa(ours, onWasm));
    if (older?.jobs.has(name)) commit.push(await timeKappa(older, onWasm));
    if (found) {
      const printed = await run(found.python, [here('torch_ntk.py'), graph, options.threads, '2']);
      torch.push(JSON.parse(printed) as Timing);
    }
    if (job.targets.oneThread !== undefined) oneThread.push(await timeKappa(ours, { ...onWasm, threads: 1 }));
  }
  return { job, wasm, commit, oneThread, torch, reference: await referenceSeconds(name, job) };
}

async function timeSearches(): Promise<MeasuredSearch> {
  const own: SearchTiming[] = [];
  const commit: SearchTiming[] = [];
  for (let round = 0; round < rounds; round++) {
    own.push(await timeSearch(ours, threads));
    if (older) commit.push(await timeSearch(older, threads));
  }
  return { ours: own, commit };
}

/** Seconds at three sizes, and the exponents between them. */
interface Scaling {
  readonly title: string;
  readonly seconds: readonly number[];
}
const SIZES = [36, 72, 144];

async function timeSizes(name: string): Promise<Scaling> {
  const seconds: number[] = [];
  for (const batch of SIZES) {
    seconds.push(best([await timeKappa(ours, { name, backend: 'wasm', threads, batch, repeats: 4 })])!);
  }
  return { title: jobs[name].title.replace(/, batch \d+/, ''), seconds };
}

const scalingColumns: Column<Scaling>[] = [
  { head: 'job', cell: ({ title }) => title },
  ...SIZES.map((size, i) => ({ head: `N = ${size} (s)`, cell: ({ seconds }: Scaling) => fixed(seconds[i], 3) })),
  {
    head: 'exponent of N',
    cell: ({ seconds }) => [0, 1].map((i) => fixed(Math.log2(seconds[i + 1] / seconds[i]))).join(', '),
  },
];

function print<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): void {
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  console.log(textTable(columns, cells, { width: process.stdout.columns }));
}

function markdown<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const meanings = columns.flatMap(({ head, meaning }) => (meaning ? [`- **${head}**: ${meaning}`] : []));
  const cells = rows.map((row) => columns.map(({ cell }) => cell(row)));
  const lines = [columns.map(({ head }) => head), columns.map(() => '---'), ...cells];
  return [...meanings, '', ...lines.map((line) => `| ${line.join(' | ')} |`)].join('\n');
}

/** What follows this line in RESULTS.md is written by hand, and stays. */
const BY_HAND = '<!-- npm run bench -- --write leaves alone what follows -->';

async function writeResults(sections: readonly string[]): Promise<void> {
  const path = here('RESULTS.md');
  const [, byHand = ''] = (await readFile(path, 'utf8')).split(BY_HAND);
  const text = [...sections, BY_HAND, byHand].join('\n\n');
  await writeFile(path, await format(text, { parser: 'markdown', printWidth: 120 }));
}

const folder = temporaryFolder('ntkit-bench-');
const found = await findTorch();
const ours = await thisCheckout();
const older: Checkout | undefined = options.commit === undefined ? undefined : await checkOut(options.commit);
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`;
const software = `Node ${process.version}, ${found ? `PyTorch ${found.version}` : 'no PyTorch found'}`;
console.log(`${machine}; ${software}`);

const columns = jobColumns(threads, older?.name);
const rows: Measured[] = [];
for (const name of names) {
  rows.push(await timeJob(name));
  print(columns, rows.slice(-1));
}
const searches = options.search ? [await timeSearches()] : [];
if (searches.length > 0) print(searchColumns(older?.name), searches);
const sizes: Scaling[] = [];
if (options.scaling || options.write) {
  for (const name of ['supernet-72', 'supernet-eval']) sizes.push(await timeSizes(name));
  print(scalingColumns, sizes);
}
if (options.write) {
  const date = new Date().toISOString().slice(0, 10);
  const sections = [
    '# Results of `npm run bench -- --write`',
    `${machine}; ${software}; ${date}.`,
    `The best of ${rounds} rounds of two repeats each; the programs took turns. A ratio is another program's time over ` +
      "ours, with the project's target in parentheses.",
    markdown(columns, rows),
  ];
  if (searches.length > 0) {
    sections.push(
      '## A whole search',
      `\`ntkit search --paired --seed 0 --threads ${threads}\` on the 1000 images that come with ntkit, from the start of its ` +
        `process to the end; the best of ${rounds} rounds.`,
      markdown(searchColumns(older?.name), searches),
    );
  }
  sections.push('## Cost by batch size', markdown(scalingColumns, sizes));
  await writeResults(sections);
}
