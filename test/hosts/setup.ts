import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** A folder with the compiled consumers, and node_modules in which the packed package is and nothing else. */
    readonly application: string;
  }
}

/** What the package is built of. The build of a copy leaves `dist` of the project to who is using it. */
const SOURCES = [
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'README.md',
  'LICENSE',
  'assets',
  'scripts',
  'src',
];

/** Builds and packs the project, and installs what was packed as an application would. */
export default function setup(project: TestProject): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'ntkit-hosts-'));
  const [sources, application] = [join(folder, 'sources'), join(folder, 'application')];
  const root = fileURLToPath(new URL('../../', import.meta.url));
  const npm = (cwd: string, ...args: string[]) =>
    execFileSync('npm', [...args, '--loglevel=error', '--offline', '--no-audit', '--no-fund'], {
      cwd,
      encoding: 'utf8',
    });
  try {
    mkdirSync(sources);
    mkdirSync(application);
    for (const name of SOURCES) cpSync(join(root, name), join(sources, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(sources, 'node_modules'));
    npm(sources, 'pack', '--pack-destination', folder);
    writeFileSync(join(application, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    npm(application, 'install', join(folder, 'ntkit-0.1.0.tgz'));
    const consumers = join(root, 'test/hosts/consumers');
    const entryPoints = readdirSync(consumers).map((name) => join(consumers, name));
    buildSync({ entryPoints, outdir: application, target: 'es2022', logLevel: 'warning' }); // takes types away, no more
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  project.provide('application', application);
  return () => rmSync(folder, { recursive: true, force: true });
}
