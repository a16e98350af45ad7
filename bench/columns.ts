import type { SearchTiming, Timing } from './checkout.ts';
import { type Job, SEARCH_TARGET } from './jobs.ts';
import { countFlops } from './graph.ts';

// The tables of run.ts: the values of each column, and their explanation.

/** All measurements of one job; lists are empty where nothing was measured. */
export interface Measured {
  readonly job: Job;
  readonly wasm: readonly Timing[];
  readonly oneThread: readonly Timing[];
  readonly commit: readonly Timing[];
  readonly torch: readonly Timing[];
  /** Seconds that the reference would take. */
  readonly reference: number;
}

/** Whole searches. */
export interface MeasuredSearch {
  readonly ours: readonly SearchTiming[];
  readonly commit: readonly SearchTiming[];
}

/** A column of a table whose rows each show a `Row`. */
export interface Column<Row> {
  readonly head: string;
  /** A sentence that explains it. */
  readonly meaning?: string;
  readonly cell: (row: Row) => string;
}

/** The smallest value, if there is any. */
export function least(seconds: readonly number[]): number | undefined {
  return seconds.length > 0 ? Math.min(...seconds) : undefined;
}

/** The fastest of all repeats in all turns. */
export const best = (timings: readonly Timing[]) => least(timings.flatMap(({ seconds }) => seconds));
const bestMapped = (timings: readonly Timing[]) => least(timings.flatMap(({ vmapSeconds = [] }) => vmapSeconds));

export const fixed = (value: number | undefined, digits = 2) => (value === undefined ? '–' : value.toFixed(digits));

/** How many times as long others take, and the goal of the project. */
function ratio(theirs: number | undefined, ours: number | undefined, target: number | undefined): string {
  if (theirs === undefined || ours === undefined) return '–';
  return `${fixed(theirs / ours)}${target === undefined ? '' : ` (${target})`}`;
}

const precise = (timings: readonly Timing[]) => timings[0]?.kappa.toPrecision(5) ?? '–';

/** The columns of the jobs; `commit` is the older tree's name, if there is one. */
export function jobColumns(threads: number, commit: string | undefined): Column<Measured>[] {
  const all: (Column<Measured> | false)[] = [
    { head: 'job', cell: ({ job }) => job.title },
    {
      head: 'wasm (s)',
      meaning: `κ of one batch on the wasm backend with ${threads} threads.`,
      cell: ({ wasm }) => fixed(best(wasm), 3),
    },
    {
      head: 'PyTorch (s)',
      meaning: `The same in PyTorch with ${threads} threads, by TE-NAS's loop: a backward pass for each sample.`,
      cell: ({ torch }) => fixed(best(torch), 3),
    },
    {
      head: 'PyTorch ÷ wasm',
      cell: ({ job, torch, wasm }) => ratio(best(torch), best(wasm), job.targets.torch),
    },
    {
      head: 'vmap(grad) (s)',
      meaning:
        "PyTorch's `functorch.vmap(grad)`, all samples at once: the fair comparison in eval mode, the only mode it can compute.",
      cell: ({ torch }) => fixed(bestMapped(torch), 3),
    },
    {
      head: 'vmap(grad) ÷ wasm',
      cell: ({ job, torch, wasm }) => ratio(bestMapped(torch), best(wasm), job.targets.vmap),
    },
    commit !== undefined && {
      head: `${commit} (s)`,
      meaning:
        'The wasm backend of that commit, by its own benchmark, with as many threads; – where it does not have the job.',
      cell: (row) => fixed(best(row.commit), 3),
    },
    commit !== undefined && {
      head: `${commit} ÷ ours`,
      cell: (row) => ratio(best(row.commit), best(row.wasm), row.job.targets.commit),
    },
    {
      head: '1 thread ÷ wasm',
      meaning: 'Seconds of the wasm backend with one thread over the second column.',
      cell: ({ job, oneThread, wasm }) => ratio(best(oneThread), best(wasm), job.targets.oneThread),
    },
    {
      head: 'reference ÷ wasm',
      meaning: 'The reference is timed on a batch of 4 and scaled by N² (train) or N (eval).',
      cell: ({ reference, wasm }) => `≈ ${fixed(reference / best(wasm)!, 0)}`,
    },
    {
      head: 'GFLOP/s',
      meaning: 'Multiplications and additions of direct convolutions per second, by the second column.',
      cell: ({ job, wasm }) => fixed(countFlops(job) / best(wasm)! / 1e9, 1),
    },
    {
      head: 'peak memory (MiB)',
      meaning: 'Of the whole process of the wasm backend.',
      cell: ({ wasm }) => fixed(Math.max(...wasm.map(({ peakBytes = 0 }) => peakBytes)) / 2 ** 20, 0),
    },
    {
      head: `κ: wasm / PyTorch${commit === undefined ? '' : ` / ${commit}`}`,
      cell: ({ wasm, torch, ...row }) =>
        [wasm, torch, ...(commit === undefined ? [] : [row.commit])].map(precise).join(' / '),
    },
  ];
  return all.filter((column) => column !== false);
}

/** The columns of the searches. */
export function searchColumns(commit: string | undefined): Column<MeasuredSearch>[] {
  const seconds = (timings: readonly SearchTiming[]) => least(timings.map((timing) => timing.seconds));
  const found = (timings: readonly SearchTiming[]) => [...new Set(timings.map(({ genotype }) => genotype))].join(', ');
  const all: (Column<MeasuredSearch> | false)[] = [
    { head: 'search', cell: () => 'NAS-Bench-201, κ and regions, paired' },
    { head: 'ours (s)', cell: ({ ours }) => fixed(seconds(ours), 1) },
    commit !== undefined && { head: `${commit} (s)`, cell: (row) => fixed(seconds(row.commit), 1) },
    commit !== undefined && {
      head: `${commit} ÷ ours`,
      cell: (row) => ratio(seconds(row.commit), seconds(row.ours), SEARCH_TARGET),
    },
    // A vertical bar, of which a genotype has many, would separate cells of a Markdown table.
    { head: 'cell found by ours', cell: ({ ours }) => found(ours).replaceAll('|', ' ').trim() },
    commit !== undefined && {
      head: `same cell by ${commit}`,
      cell: (row) => (row.commit.length === 0 ? '–' : found(row.ours) === found(row.commit) ? 'yes' : 'no'),
    },
  ];
  return all.filter((column) => column !== false);
}
