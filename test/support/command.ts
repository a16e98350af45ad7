import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;

/**
 * The program and arguments that run the command from its sources in one process, so that killing it ends the
 * computation.
 */
export const COMMAND: readonly string[] = [
  ...[process.execPath, '--import', tsx],
  fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url)),
];

/** The outcome and the output of a command. */
export interface Result {
  /** null where a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command that is running. */
export interface Running {
  readonly child: ChildProcess;
  readonly done: Promise<Result>;
}

/** Starts a program. */
export function start(
  [program, ...args]: readonly string[],
  { stdio = ['ignore', 'pipe', 'pipe'], env = {} }: { readonly stdio?: StdioOptions; readonly env?: object } = {},
): Running {
  const child = spawn(program, args, { stdio, env: { ...process.env, ...env } });
  const out = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (out.stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (out.stderr += chunk));
  return { child, done: once(child, 'close').then(([code]) => ({ code: code as number | null, ...out })) };
}

/** Runs the command in a process of its own, as a user does. */
export function ntkit(...args: string[]): Promise<Result> {
  return start([...COMMAND, ...args]).done;
}
