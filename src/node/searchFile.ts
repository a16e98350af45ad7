import { type Entry, formatSearch, parseSearch, type Search, type SearchSettings } from '../search/index.ts';
import { readIfThere, writeAtomically } from './atomicFile.ts';

/**
 * Saves a search; the file holds the search before or after, whatever happens meanwhile.
 *
 * @example
 * const search = new Search(settings);
 * search.record({ before: [{ regions: 100 }] });
 * await saveSearch(`${folder}/search.json`, search);
 * const entries = await loadSearch(`${folder}/search.json`, settings);
 * console.log(new Search(settings, entries).work === search.work); // true
 */
export async function saveSearch(path: string, search: Search): Promise<void> {
  await writeAtomically(path, formatSearch(search));
}

/**
 * What a saved search has measured; nothing when there is no file.
 *
 * @throws InputError when the file is no search, or one with other settings; see {@link parseSearch}.
 *
 * @example
 * console.log(await loadSearch(`${folder}/search.json`, settings)); // undefined
 * await saveSearch(`${folder}/search.json`, new Search(settings));
 * console.log(await loadSearch(`${folder}/search.json`, settings)); // []
 */
export async function loadSearch(path: string, settings: SearchSettings): Promise<readonly Entry[] | undefined> {
  const text = await readIfThere(path);
  return text === undefined ? undefined : parseSearch(text, settings, path);
}
