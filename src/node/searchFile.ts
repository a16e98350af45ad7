import { type Entry, requireSameSettings, type Search, type SearchSettings } from '../search/index.ts';
import { InputError } from '../tensor/index.ts';
import { readIfThere, writeAtomically } from './atomicFile.ts';

const FORMAT = 'ntkit search 1';

/** A search on disk: its settings, and everything it has measured. */
export interface SavedSearch {
  readonly format: typeof FORMAT;
  readonly settings: SearchSettings;
  readonly entries: readonly Entry[];
}

/** Saves a search; the file holds the search before or after, whatever happens meanwhile. */
export async function saveSearch(path: string, { settings, entries }: Search): Promise<void> {
  await writeAtomically(path, `${JSON.stringify({ format: FORMAT, settings, entries } satisfies SavedSearch)}\n`);
}

/**
 * What a saved search has measured; nothing when there is no file.
 *
 * @throws InputError when the file is no search, or one with other settings.
 */
export async function loadSearch(path: string, settings: SearchSettings): Promise<readonly Entry[] | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  let saved: Partial<SavedSearch> | null;
  try {
    saved = JSON.parse(text) as Partial<SavedSearch> | null;
  } catch {
    throw new InputError(`${path}: expected JSON, got ${JSON.stringify(text.slice(0, 40))}`);
  }
  if (saved?.format !== FORMAT || !Array.isArray(saved.entries) || typeof saved.settings !== 'object') {
    throw new InputError(`${path}: format: expected "${FORMAT}", got ${JSON.stringify(saved?.format)}`);
  }
  requireSameSettings(saved.settings, settings, path);
  return saved.entries as readonly Entry[];
}
