import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';

const execute = promisify(execFile);

/** The output of the consumer `process.ts`. */
export interface ProcessResult {
  /** How many names each entry exports. */
  readonly entries: Readonly<Record<string, number>>;
  readonly wasm: number;
  readonly reference: number;
  /** With no backend named: on wasm, on as many threads as there are processors. */
  readonly unnamed: number;
}

/** Runs a program in the application's folder, and returns its output if it ends with exit code 0. */
export async function run(application: string, file: string, args: readonly string[]) {
  // Without this process's own settings, and without colours.
  const env = { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1' };
  return execute(file, args, { cwd: application, env, timeout: 100_000 });
}

/** The modules that the installed package exports: `ntkit/…`, and the file in the package that it is. */
export function exportsOf(application: string): ReadonlyMap<string, string> {
  const text = readFileSync(join(application, 'node_modules/ntkit/package.json'), 'utf8');
  const { exports } = JSON.parse(text) as { exports: Readonly<Record<string, string | { default: string }>> };
  const files = Object.entries(exports).map(
    ([key, target]) => [key.replace('.', 'ntkit'), typeof target === 'string' ? target : target.default] as const,
  );
  return new Map(files.filter(([, file]) => file.endsWith('.js')));
}

/** The exported modules that are for an application's own thread, and need no other package. */
export function entriesOf(application: string): string[] {
  return [...exportsOf(application).keys()].filter((entry) => !['ntkit/worker', 'ntkit/testing'].includes(entry));
}

/** The results of the consumer `process.ts` in a runtime. */
export async function resultOf(
  application: string,
  runtime: string,
  flags: readonly string[] = [],
): Promise<ProcessResult> {
  const { stdout, stderr } = await run(application, runtime, [...flags, 'process.js', ...entriesOf(application)]);
  if (stderr !== '') throw new Error(`${runtime}: ${stderr}`);
  return JSON.parse(stdout) as ProcessResult;
}

/** Expects the same to the last bit, except where the runtime chooses the number of threads. */
export function expectSame({ unnamed, ...exact }: ProcessResult, expected: ProcessResult): void {
  const { unnamed: other, ...rest } = expected;
  expect(exact).toEqual(rest);
  expect(unnamed).toBeCloseTo(other, 3);
}
