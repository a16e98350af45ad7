import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../errors.ts';

// stdout holds results and nothing else; everything else goes to stderr.

/** Why stdout takes no more, if it does not. */
let failure: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => (failure ??= error));
// Who has closed stderr does not want to hear of it.
process.stderr.on('error', () => undefined);

/** One line, or several, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/**
 * Waits for what was printed to be written. A reader that has gone away, as `head` does, is no fault.
 *
 * @throws InputError when it cannot be written, e.g. on a full device.
 */
export async function flush(): Promise<void> {
  const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) => {
    process.stdout.write('', resolve);
  });
  // A stream that is broken tells the next to write only that it is.
  const reason = failure ?? error;
  if (!reason || reason.code === 'EPIPE') return;
  throw new InputError(`stdout: cannot be written (${reason.code ?? reason.message})`);
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

/** An error as one line on stderr, whatever names and values it quotes. */
export function complain(message: string): void {
  notice(`ntkit: ${oneLine(message)}`);
}

/** Text without what would end its line or command the terminal: such characters as JavaScript writes them. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    const short = JSON.stringify(character).slice(1, -1);
    return short === character ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}` : short;
  });
}

/**
 * Makes sure that a page can be written before hours are spent on what it shows.
 *
 * @param option names an empty path in messages.
 * @throws InputError when its folder is not there or not writable.
 */
export async function checkWritable(path: string, option = '--html'): Promise<void> {
  const present = await stat(path).catch(() => undefined);
  if (path === '' || present?.isDirectory()) {
    throw new InputError(`${path || option}: cannot be written, expected the name of a file`);
  }
  // A device is written to, whatever its folder allows; a page is made beside the old one.
  const target = present === undefined || present.isFile() ? dirname(path) : path;
  await attemptWriting(path, access(target, constants.W_OK));
}

/**
 * Writes a file whose content is complete: an old one is replaced whole, or not at all.
 *
 * @throws InputError when the file cannot be written.
 */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  const { writeAtomically } = await import('../node/index.ts');
  await writeAtomically(path, content);
  notice(`wrote ${path}`);
}

async function attemptWriting(path: string, writing: Promise<void>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    throw new InputError(`${path}: cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  }
}
