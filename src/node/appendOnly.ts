import { open, type FileHandle } from 'node:fs/promises';
import { cannot } from './atomicFile.ts';

/**
 * A text file that only grows, by whole lines. What a killed writer left of a line is dropped when the file is opened
 * again; all lines before it are complete.
 *
 * @example
 * const log = await AppendOnlyFile.open(`${folder}/log.csv`);
 * await log.append('step,loss');
 * await log.close();
 * const again = await AppendOnlyFile.open(`${folder}/log.csv`);
 * console.log(again.lines); // [ 'step,loss' ]
 * await again.close();
 */
export class AppendOnlyFile {
  readonly #path: string;
  readonly #file: FileHandle;
  /** The lines that were there when the file was opened. */
  readonly lines: readonly string[];

  private constructor(path: string, file: FileHandle, lines: readonly string[]) {
    this.#path = path;
    this.#file = file;
    this.lines = lines;
  }

  /** @throws InputError when the file cannot be opened for reading and writing. */
  static async open(path: string): Promise<AppendOnlyFile> {
    try {
      const file = await open(path, 'a+');
      const content = await file.readFile();
      const whole = content.lastIndexOf(0x0a) + 1;
      if (whole < content.length) await file.truncate(whole);
      const lines = content.subarray(0, whole).toString('utf8').split('\n').slice(0, -1);
      return new AppendOnlyFile(path, file, lines);
    } catch (error) {
      throw cannot('be written', path, error);
    }
  }

  /** Adds a line; it is on the disk when this is done. */
  async append(line: string): Promise<void> {
    try {
      await this.#file.appendFile(`${line}\n`);
      await this.#file.datasync();
    } catch (error) {
      throw cannot('be written', this.#path, error);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
