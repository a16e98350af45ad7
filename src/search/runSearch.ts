import { checkRunOptions } from '../abort.ts';
import { checkFunction } from '../check.ts';
import type { RunOptions } from '../progress.ts';
import { checkDataset, type Dataset } from '../data/index.ts';
import { type Backend, InputError } from '../tensor/index.ts';
import type { Entry } from './measurement.ts';
import { Measurer } from './measurer.ts';
import { totalWork } from './schedule.ts';
import { Search } from './search.ts';
import type { SearchSettings } from './settings.ts';

/** What a search runs with. */
export interface RunSearchOptions extends RunOptions {
  readonly settings: SearchSettings;
  readonly dataset: Dataset;
  readonly backend: Backend;
  /** What was measured already. */
  readonly entries?: readonly Entry[];
  /** Called after every measurement; the search waits for it. */
  readonly onEntry?: (search: Search) => Promise<void> | void;
}

const OPTIONS = ['settings', 'dataset', 'backend', 'entries', 'onEntry', 'signal', 'onProgress'] as const;

/**
 * Runs a search to its end.
 *
 * Progress is told in units of work; see {@link totalWork}.
 *
 * @throws the signal's reason when it is aborted: what was measured went to `onEntry`.
 * @throws InputError when the data do not fit, or the earlier measurements are not this search's.
 */
export async function runSearch(options: RunSearchOptions): Promise<Search> {
  checkRunOptions('runSearch', options, OPTIONS);
  const { settings, dataset, backend, entries = [], onEntry, signal, onProgress } = options;
  if (backend === undefined) throw new InputError('runSearch: expected a backend, got undefined');
  if (onEntry !== undefined) checkFunction('runSearch: onEntry', onEntry);
  checkDataset('runSearch: dataset', dataset);
  const search = new Search(settings, entries);
  const total = totalWork(search.space, settings.pruneNumber, settings.paired);
  const measurer = new Measurer(search.space, settings, dataset, backend);
  try {
    for (let task = search.next; task !== undefined; task = search.next) {
      const { round, choice } = task;
      search.record(
        choice === undefined
          ? await measurer.reference(round, { signal })
          : await measurer.candidate(round, choice, { signal }),
      );
      await onEntry?.(search);
      onProgress?.({ done: search.work, of: total, stage: 'candidates' });
    }
  } finally {
    measurer.dispose();
  }
  return search;
}
