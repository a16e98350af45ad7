import { writeFile } from 'node:fs/promises';
import { InputError } from '../tensor/index.ts';
import { type Report } from './report/model.ts';
import { renderReport } from './report/index.ts';

/** One line, or several, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON object on stdout. JSON has no infinity and no NaN: they become `null`, and the verdict says why. */
export function printJson(value: object): void {
  print(JSON.stringify(value));
}

/** A line on stderr, where nothing disturbs the output. */
export function notice(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * Writes the HTML page.
 *
 * @throws InputError when the file cannot be written.
 */
export async function writeReport(path: string, report: Report): Promise<void> {
  try {
    await writeFile(path, renderReport(report));
  } catch (error) {
    throw new InputError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
  notice(`wrote ${path}`);
}
