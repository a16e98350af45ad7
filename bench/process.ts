import { execFile, type ExecFileOptions } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

// Child processes and temporary folders, none of which outlive this process: not after a failure, and not after ^C.

const stopped = new AbortController();
const cleanups: (() => void)[] = [];

process.on('exit', () => {
  for (const cleanup of cleanups.reverse()) cleanup();
});
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.on(signal, () => {
    stopped.abort(); // ends the children
    // tsx kills what does not tell it soon that the signal has come; it is told when this handler has returned.
    setTimeout(() => process.exit(code), 100);
  });
}

/** Does something when the process ends, before what was asked for earlier; it cannot wait for anything. */
export function atExit(cleanup: () => void): void {
  cleanups.push(cleanup);
}

/** A new folder in the system's own for such, for as long as this process lives. */
export function temporaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  atExit(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** The path of a file, given as it is seen from this folder. */
export const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What a program prints. */
export async function run(file: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  const settings = { ...options, maxBuffer: 2 ** 28, signal: stopped.signal, encoding: 'utf8' } as const;
  try {
    return (await promisify(execFile)(file, args, settings)).stdout;
  } catch (error) {
    if (stopped.signal.aborted) return new Promise(() => {}); // nothing follows any more
    throw error;
  }
}
