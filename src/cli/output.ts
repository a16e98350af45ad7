import { access, constants, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../tensor/index.ts';

/** One line, or several, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * The columns that a table has to fit: the terminal's, or those that COLUMNS gives where output is none. Without either
 * there is no end, because nothing wraps.
 */
export function terminalWidth(): number {
  return process.stdout.columns || Number(process.env['COLUMNS']) || Infinity;
}

/** One JSON object on stdout. Numbers that JSON lacks are the strings "NaN", "Infinity" and "-Infinity". */
export function printJson(value: object): void {
  const withStrings = (_: string, each: unknown) =>
    typeof each === 'number' && !Number.isFinite(each) ? String(each) : each;
  print(JSON.stringify(value, withStrings));
}

/** A line on stderr, where nothing disturbs the output. */
export function notice(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Makes sure that a page can be written before hours are spent on what it shows.
 *
 * @throws InputError when its folder is not there or not writable.
 */
export async function checkWritable(path: string): Promise<void> {
  await attemptWriting(path, access(dirname(path), constants.W_OK));
}

/**
 * Writes a page that is rendered already.
 *
 * @throws InputError when the file cannot be written.
 */
export async function writePage(path: string, page: string): Promise<void> {
  await attemptWriting(path, writeFile(path, page));
  notice(`wrote ${path}`);
}

async function attemptWriting(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    throw new InputError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}
