import { rm } from 'node:fs/promises';
import { formatValue } from '../check.ts';
import { headerLine, parseRow, parseSweepSettings, requireSameSettings, type SweepSettings } from '../search/index.ts';
import { InputError } from '../tensor/index.ts';
import { AppendOnlyFile } from './appendOnly.ts';
import { readIfThere, writeAtomically } from './atomicFile.ts';

/**
 * Where a table's settings are kept.
 *
 * @example
 * console.log(settingsPath('found/sweep.csv')); // found/sweep.csv.settings.json
 */
export function settingsPath(path: string): string {
  return `${path}.settings.json`;
}

/**
 * A sweep's table on disk. What is there is read and checked whole before anything is measured; the file and its settings are
 * made with the first row.
 */
export class SweepFile {
  readonly #path: string;
  readonly #settings: SweepSettings;
  #file: AppendOnlyFile | undefined;
  /** The rows that were there. */
  readonly rows: readonly ReturnType<typeof parseRow>[];

  private constructor(path: string, settings: SweepSettings, rows: SweepFile['rows']) {
    this.#path = path;
    this.#settings = settings;
    this.rows = rows;
  }

  /** @throws InputError when the file is no table of these settings. */
  static async read(path: string, settings: SweepSettings): Promise<SweepFile> {
    const text = (await readIfThere(path)) ?? '';
    const header = headerLine(settings.repeats);
    const [first, ...lines] = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
    if (first === undefined) {
      // A header that is being written, or something else altogether.
      if (header.startsWith(text)) return new SweepFile(path, settings, []);
      throw new InputError(`${path}: line 1: expected the header ${formatValue(header)}, got ${formatValue(text)}`);
    }
    const beside = settingsPath(path);
    const saved = await readIfThere(beside);
    if (saved === undefined) throw new InputError(`${path}: expected its settings in ${beside}, got no file`);
    requireSameSettings(parseSweepSettings(saved, beside), settings, path);
    if (first !== header) {
      throw new InputError(`${path}: line 1: expected the header ${formatValue(header)}, got ${formatValue(first)}`);
    }
    const rows = lines.map((line, i) => parseRow(line, settings, { table: path, line: i + 2 }));
    return new SweepFile(path, settings, rows);
  }

  /** Adds a row; it is on the disk when this is done. */
  async append(row: string): Promise<void> {
    this.#file ??= await this.#open();
    await this.#file.append(row);
  }

  async close(): Promise<void> {
    await this.#file?.close();
  }

  async #open(): Promise<AppendOnlyFile> {
    const file = await AppendOnlyFile.open(this.#path);
    try {
      if (file.lines.length === 0) {
        // The settings first: a table that has a header has settings, too.
        await writeAtomically(settingsPath(this.#path), `${JSON.stringify(this.#settings, null, 2)}\n`);
        await file.append(headerLine(this.#settings.repeats));
      }
      return file;
    } catch (error) {
      await file.close();
      if (file.lines.length === 0) await rm(this.#path, { force: true }); // it was made just now, or held no line
      throw error;
    }
  }
}
