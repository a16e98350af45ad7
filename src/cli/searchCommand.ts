import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parseGenotype } from '../nn/index.ts';
import {
  acquireLock,
  loadAccuracyTable,
  loadSearch,
  type MeasurementQueue,
  openImages,
  type QueueProgress,
  saveSearch,
  writeAtomically,
} from '../node/index.ts';
import { searchPage, type SearchResult, searchResult } from '../report/index.ts';
import {
  BENCHMARK_DATASETS,
  type Entry,
  historyOf,
  IMAGE_CHANNELS,
  runSearch,
  type Search,
  SEARCH_SPACES,
  type SearchSettings,
  TE_NAS_COMMON,
  TE_NAS_SETTINGS,
  totalWork,
} from '../search/index.ts';
import { InputError } from '../tensor/index.ts';
import { type Computation, withBackend } from './backend.ts';
import type * as commands from './commands.ts';
import type { OptionsOf } from './options.ts';
import { checkWritable, notice, print, printJson, writeOutput } from './output.ts';
import { progressBar } from './progress.ts';
import { describeProgress, withQueue } from './queue.ts';

/** Options of `ntkit search`. */
type Options = OptionsOf<typeof commands.search>;

/** `ntkit search`: TE-NAS's pruning search. */
export function searchCommand(options: Options, signal: AbortSignal): Promise<void> {
  const { queue: url } = options;
  if (url === undefined) return withBackend(options, (computation) => run(options, { computation }, signal));
  const state = { label: '' };
  const onProgress = (progress: QueueProgress) => (state.label = ` · ${describeProgress(progress)}`);
  return withQueue({ ...options, queue: url }, onProgress, ({ queue, computation }) =>
    run(options, { computation, elsewhere: { queue, state } }, signal),
  );
}

/** What computes, and who measures where that is another process. */
interface Measuring {
  readonly computation: Computation;
  readonly elsewhere?: { readonly queue: MeasurementQueue; readonly state: { readonly label: string } };
}

async function run(options: Options, measuring: Measuring, signal: AbortSignal): Promise<void> {
  const { out, html, resume } = options;
  if (resume && out === undefined) throw new InputError('--resume: expected with --out DIR, where the search is kept');
  if (html !== undefined) await checkWritable(html);
  if (out === undefined) return searchAndReport(options, measuring, signal);
  await makeFolder(out);
  const lock = await acquireLock(join(out, 'search.lock'), out);
  try {
    await searchAndReport(options, measuring, signal);
  } finally {
    await lock.release();
  }
}

async function searchAndReport(
  options: Options,
  { computation, elsewhere }: Measuring,
  signal: AbortSignal,
): Promise<void> {
  const { out, html, json } = options;
  const settings = settingsOf(options, computation);
  const saved = out === undefined ? undefined : join(out, 'search.json');
  const entries = saved === undefined ? [] : await savedEntries(saved, settings, options.resume);
  const dataset = await openImages(settings.data, { seed: settings.seed, channels: IMAGE_CHANNELS, onNotice: notice });

  const start = performance.now();
  const progress = progressBar(totalWork(SEARCH_SPACES[settings.space], settings.pruneNumber, settings.paired));
  const onEntry = async (search: Search) => {
    if (saved !== undefined) await saveSearch(saved, search);
    const round = search.finished.length + (search.next === undefined ? 0 : 1);
    progress.update(search.work, `round ${round}${elsewhere?.state.label ?? ''}`);
  };
  const { backend } = computation;
  const measuring = elsewhere ? { measure: elsewhere.queue.roundMeasurer(settings, dataset) } : { backend };
  const search = await runSearch({ settings, dataset, ...measuring, entries, onEntry, signal }).finally(() =>
    progress.stop(),
  );
  const seconds = (performance.now() - start) / 1000;
  const accuracy =
    settings.space === 'nas-bench-201' ? (await loadAccuracyTable()).of(parseGenotype(search.genotype!)) : undefined;
  const result = searchResult(search, accuracy);
  const page = await searchPage({ search, device: backend.device, accuracy });
  if (out !== undefined) {
    await writeAtomically(
      join(out, 'history.json'),
      `${JSON.stringify({ settings, ...result, rounds: historyOf(search) }, null, 2)}\n`,
    );
    await writeAtomically(join(out, 'report.html'), page);
    notice(`wrote ${join(out, 'history.json')} and report.html`);
  }
  if (html !== undefined) await writeOutput(html, page);
  if (json) printJson({ ...settings, device: backend.device, ...result, seconds });
  else printResult(result, seconds);
}

function settingsOf(options: Options, { backend, dtype }: Computation): SearchSettings {
  const { space, fidelity, criteria, paired, seed, data, classes, repeats, regionBatches, regionSamples } = options;
  return {
    space,
    fidelity,
    criteria,
    paired,
    seed,
    data,
    classes,
    batchSize: options.batchSize ?? TE_NAS_SETTINGS[space].batchSize,
    repeats,
    pruneNumber: options.pruneNumber ?? TE_NAS_SETTINGS[space].pruneNumber,
    digits: TE_NAS_COMMON.digits,
    regions: { batches: regionBatches, samples: regionSamples },
    backend: backend.name,
    dtype,
  };
}

async function savedEntries(path: string, settings: SearchSettings, resume: boolean): Promise<readonly Entry[]> {
  const entries = await loadSearch(path, settings);
  if (entries !== undefined && !resume) {
    throw new InputError(`${path}: already holds a search, expected --resume or another folder`);
  }
  return entries ?? [];
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new InputError(`--out ${path}: cannot be made (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}

function printResult(
  { genotype, accuracy, rounds, candidates, unresolved, tiedRounds }: SearchResult,
  seconds: number,
) {
  print(genotype);
  if (accuracy) {
    const list = BENCHMARK_DATASETS.map((name) => `${name} ${accuracy[name].toFixed(2)} %`).join(', ');
    print(`NAS-Bench-201 cell ${accuracy.index}: ${list}`);
  }
  const remarks = [
    `${rounds} rounds, ${candidates} candidates, ${seconds.toFixed(1)} s`,
    ...(unresolved > 0 ? [`${unresolved} κ not resolved`] : []),
    ...(tiedRounds > 0 ? [`ties decided by order in ${tiedRounds} ${tiedRounds === 1 ? 'round' : 'rounds'}`] : []),
  ];
  print(remarks.join('; '));
}
