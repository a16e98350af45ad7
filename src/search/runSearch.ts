import { checkRunOptions } from '../abort.ts';
import { checkFunction } from '../check.ts';
import type { RunOptions } from '../progress.ts';
import { checkDataset, type Dataset } from '../data/index.ts';
import { type Backend, InputError } from '../tensor/index.ts';
import type { Entry } from './measurement.ts';
import { Measurer } from './measurer.ts';
import { totalWork } from './schedule.ts';
import { Search, type Task } from './search.ts';
import type { SearchSettings } from './settings.ts';

/**
 * Makes the measurements of a round's open tasks, side by side if it likes, and tells each, in the order of the tasks. It
 * waits for `tell`.
 */
export type RoundMeasurer = (
  tasks: readonly Task[],
  tell: (entry: Entry) => Promise<void>,
  signal: AbortSignal | undefined,
) => Promise<void>;

/** What a search runs with. */
export interface RunSearchOptions extends RunOptions {
  readonly settings: SearchSettings;
  readonly dataset: Dataset;
  /** What computes, where no `measure` does. */
  readonly backend?: Backend;
  /** What measures the candidates of a round, in place of a backend; e.g. on other machines. */
  readonly measure?: RoundMeasurer;
  /** What was measured already. */
  readonly entries?: readonly Entry[];
  /** Called after every measurement; the search waits for it. */
  readonly onEntry?: (search: Search) => Promise<void> | void;
}

const OPTIONS = ['settings', 'dataset', 'backend', 'measure', 'entries', 'onEntry', 'signal', 'onProgress'] as const;

/**
 * Runs a search to its end.
 *
 * Progress is reported in units of work; see {@link totalWork}.
 *
 * @throws the signal's reason when it is aborted: what was measured went to `onEntry`.
 * @throws InputError when the data do not fit, or the earlier measurements are not this search's.
 *
 * @example
 * // As if a network lost half of its linear regions without a 3×3 convolution, and little without anything else:
 * const { genotype, finished } = await runSearch({
 *   settings, // by numbers of linear regions
 *   dataset: new SyntheticDataset(),
 *   measure: async (tasks, tell) => {
 *     for (const { choice } of tasks) {
 *       if (choice === undefined) await tell({ before: [{ regions: 100 }] });
 *       else await tell({ after: [{ regions: choice.op === 3 ? 50 : 90 }] });
 *     }
 *   },
 * });
 * console.log(finished.length, genotype?.split('+')[0]); // 3 |nor_conv_3x3~0|
 */
export async function runSearch(options: RunSearchOptions): Promise<Search> {
  checkRunOptions('runSearch', options, OPTIONS);
  const { settings, dataset, backend, measure, entries = [], onEntry, signal, onProgress } = options;
  if ((backend === undefined) === (measure === undefined)) {
    throw new InputError(`runSearch: expected a backend or measure, got ${backend === undefined ? 'neither' : 'both'}`);
  }
  if (measure !== undefined) checkFunction('runSearch: measure', measure);
  if (onEntry !== undefined) checkFunction('runSearch: onEntry', onEntry);
  checkDataset('runSearch: dataset', dataset);
  const search = new Search(settings, entries);
  const total = totalWork(search.space, settings.pruneNumber, settings.paired);
  const tell = async (entry: Entry) => {
    search.record(entry);
    await onEntry?.(search);
    onProgress?.({ done: search.work, of: total, stage: 'candidates' });
  };
  const rounds = async (each: RoundMeasurer) => {
    for (let { tasks } = search; tasks.length > 0; { tasks } = search) {
      const before = search.entries.length;
      await each(tasks, tell, signal);
      const told = search.entries.length - before;
      if (told !== tasks.length) {
        throw new InputError(`runSearch: measure: expected ${tasks.length} entries, one per task, got ${told}`);
      }
    }
    return search;
  };
  if (measure !== undefined) return rounds(measure);
  const measurer = new Measurer(search.space, settings, dataset, backend!);
  try {
    return await rounds(async (tasks, tell) => {
      for (const { round, choice } of tasks) {
        await tell(
          choice === undefined
            ? await measurer.reference(round, { signal })
            : await measurer.candidate(round, choice, { signal }),
        );
      }
    });
  } finally {
    measurer.dispose();
  }
}
