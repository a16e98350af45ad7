import type { Dataset } from '../data/index.ts';
import type { Backend } from '../tensor/index.ts';
import type { Entry } from './measurement.ts';
import { Measurer } from './measurer.ts';
import { Search } from './search.ts';
import type { SearchSettings } from './settings.ts';

/** What a search runs with. */
export interface RunSearchOptions {
  readonly settings: SearchSettings;
  readonly dataset: Dataset;
  readonly backend: Backend;
  /** What was measured already. */
  readonly entries?: readonly Entry[];
  /** Called after every measurement; the search waits for it. */
  readonly onEntry?: (search: Search) => Promise<void> | void;
}

/**
 * Runs a search to its end.
 *
 * @throws InputError when the data do not fit, or the earlier measurements are not this search's.
 */
export async function runSearch({
  settings,
  dataset,
  backend,
  entries = [],
  onEntry,
}: RunSearchOptions): Promise<Search> {
  const search = new Search(settings, entries);
  const measurer = new Measurer(search.space, settings, dataset, backend);
  try {
    for (let task = search.next; task !== undefined; task = search.next) {
      const { round, choice } = task;
      search.record(choice === undefined ? await measurer.reference(round) : await measurer.candidate(round, choice));
      await onEntry?.(search);
    }
  } finally {
    measurer.dispose();
  }
  return search;
}
