import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll } from 'vitest';
import { installed } from '../support/installed.ts';

const consumers = fileURLToPath(new URL('./consumers/', import.meta.url));

/** A folder for one test file, with the compiled consumers, and node_modules with only the package. */
export async function makeApplication(): Promise<string> {
  const application = mkdtempSync(join(tmpdir(), 'ntkit-application-'));
  afterAll(() => rmSync(application, { recursive: true, force: true }));
  cpSync((await installed()).folder, application, { recursive: true, verbatimSymlinks: true });
  const entryPoints = readdirSync(consumers).map((name) => join(consumers, name));
  await build({ entryPoints, outdir: application, target: 'es2022', logLevel: 'warning' }); // only removes types
  return application;
}
