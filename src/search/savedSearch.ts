import * as v from 'valibot';
import { InputError } from '../tensor/index.ts';
import type { Entry, Measurement } from './measurement.ts';
import { measurement, SEARCH_SETTINGS } from './schemas.ts';
import { Search, type Task } from './search.ts';
import { requireSameSettings, type SearchSettings } from './settings.ts';
import type { SearchSpace } from './space.ts';
import { parseJson, validated } from './validate.ts';

/** One measurement of a search, with the place in it that it is for. */
export interface SavedEntry {
  /** The round, from 0. */
  readonly round: number;
  /** `reference`, or the candidate by cell, edge and operation. */
  readonly of: string;
  readonly before?: readonly Measurement[];
  readonly after?: readonly Measurement[];
}

/** A search on disk: its settings, and everything it has measured, in order. */
export interface SavedSearch {
  readonly format: 'ntkit search 2';
  readonly settings: SearchSettings;
  readonly entries: readonly SavedEntry[];
}

/** The format of a saved search. */
const SEARCH_FORMAT = 'ntkit search 2';

/** {@link SavedSearch} as JSON. */
const SAVED_SEARCH: v.GenericSchema<SavedSearch> = v.strictObject({
  format: v.literal(SEARCH_FORMAT),
  settings: SEARCH_SETTINGS,
  entries: v.array(
    v.strictObject({
      round: v.pipe(v.number(), v.integer('a whole number'), v.minValue(0, 'at least 0')),
      of: v.string(),
      before: v.exactOptional(v.array(measurement)),
      after: v.exactOptional(v.array(measurement)),
    }),
  ),
});

/**
 * A search as text: everything that is needed to continue it.
 *
 * @example
 * const search = new Search(settings);
 * search.record({ before: [{ regions: 100 }] });
 * const [{ before }] = parseSearch(formatSearch(search), settings, 'search.json');
 * console.log(before); // [ { regions: 100 } ]
 */
export function formatSearch({ settings, entries, space }: Search): string {
  const replayed = new Search(settings);
  const saved: SavedSearch = {
    format: SEARCH_FORMAT,
    settings,
    entries: entries.map((entry) => {
      const { round, choice } = replayed.next!;
      replayed.record(entry);
      return { round: round.index, of: nameOf(space, choice), ...entry };
    }),
  };
  return `${JSON.stringify(saved)}\n`;
}

/**
 * What a saved search has measured, checked whole: every field, and every entry against the place in the schedule that it is
 * for.
 *
 * @param settings those that it is to go on with.
 * @param path names the file in messages.
 * @throws InputError when the text is no search, or one with other settings.
 *
 * @example
 * try {
 *   parseSearch('{"format":"ntkit search 1"}', settings, 'search.json');
 * } catch (error) {
 *   console.log((error as Error).message); // search.json: format: expected "ntkit search 2", got "ntkit search 1"
 * }
 */
export function parseSearch(text: string, settings: SearchSettings, path: string): readonly Entry[] {
  const saved = validated(SAVED_SEARCH, parseJson(text, path), path);
  requireSameSettings(saved.settings, settings, path);
  const search = new Search(settings);
  for (const [i, entry] of saved.entries.entries()) record(search, entry, `${path}: entries[${i}]`);
  return search.entries;
}

function record(search: Search, { round, of, ...entry }: SavedEntry, where: string): void {
  const { next, settings, space } = search;
  if (next === undefined)
    throw new InputError(`${where}: expected none after the last round, got one for round ${round}`);
  const expected = [next.round.index, nameOf(space, next.choice)];
  if (round !== expected[0] || of !== expected[1]) {
    throw new InputError(`${where}: expected round ${expected.join(', ')}, got round ${round}, ${of}`);
  }
  const most = settings.regions.batches * settings.regions.samples;
  for (const part of ['before', 'after'] as const) {
    const bad = entry[part]?.findIndex(({ regions = 1 }) => regions > most) ?? -1;
    if (bad < 0) continue;
    const got = entry[part]![bad].regions;
    throw new InputError(`${where}.${part}[${bad}].regions: expected at most ${most}, one per sample, got ${got}`);
  }
  try {
    search.record(entry);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${where}: ${error.message}`);
  }
}

function nameOf(space: SearchSpace, choice: Task['choice']): string {
  if (choice === undefined) return 'reference';
  return `${space.cells[choice.cell]} ${space.edges[choice.edge]} ${space.operations[choice.op]}`;
}
