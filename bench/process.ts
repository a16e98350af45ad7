import { execFile, type ExecFileOptions } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

// Child processes and temporary folders that never outlive this process, even after a failure or ^C.

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
    // tsx kills a process that does not acknowledge the signal soon; returning from this handler acknowledges it.
    setTimeout(() => process.exit(code), 100);
  });
}

/** Runs a synchronous function when the process ends, before those that were registered earlier. */
export function atExit(cleanup: () => void): void {
  cleanups.push(cleanup);
}

/** A new temporary folder for the lifetime of this process. */
export function temporaryFolder(prefix: string): string {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  atExit(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** The path of a file, given relative to this folder. */
export const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The output of a program. */
export async function run(file: string, args: readonly string[], options: ExecFileOptions = {}): Promise<string> {
  const settings = { ...options, maxBuffer: 2 ** 28, signal: stopped.signal, encoding: 'utf8' } as const;
  try {
    return (await promisify(execFile)(file, args, settings)).stdout;
  } catch (error) {
    if (stopped.signal.aborted) return new Promise(() => {}); // no more data follows
    throw error;
  }
}
