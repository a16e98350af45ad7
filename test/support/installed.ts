import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildPackage } from '../../scripts/buildPackage.ts';

// The package as users get it: built, packed, and installed in an empty folder. Made once for all tests, and again when
// any of its sources has changed.

const root = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = [
  'src',
  'web',
  'test/onnx/models',
  'docs/sweep',
  'scripts',
  'assets',
  'package.json',
  'README.md',
  'LICENSE',
  'tsconfig.json',
  'tsconfig.build.json',
];

/** A package that is packed and installed by npm. */
export interface Installed {
  /** The folder whose `node_modules` holds it. */
  readonly folder: string;
  /** The file that npm packed. */
  readonly tarball: string;
}

const run = promisify(execFile);

/** Runs a command, without the settings of the npm that runs the tests. */
export async function execute(command: string, args: readonly string[], cwd: string): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_ENV|VITEST)/.test(name)));
  const { stdout } = await run(command, args, { cwd, env, maxBuffer: 2 ** 26 });
  return stdout;
}

/** Packs and installs ntkit, or finds it done. */
export async function installed(): Promise<Installed> {
  const place = join(tmpdir(), `ntkit-installed-${digest()}`);
  const result = { folder: join(place, 'empty'), tarball: join(place, 'ntkit.tgz') };
  while (!existsSync(result.folder)) {
    try {
      mkdirSync(`${place}.lock`);
    } catch {
      // Another test is building it; a lock that has not been touched for minutes is stale.
      const { mtimeMs } = statSync(`${place}.lock`, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
      if (Date.now() - mtimeMs > 300_000) rmSync(`${place}.lock`, { recursive: true, force: true });
      await sleep(200);
      continue;
    }
    try {
      await make(place, result);
    } finally {
      rmSync(`${place}.lock`, { recursive: true });
    }
  }
  return result;
}

async function make(place: string, { folder, tarball }: Installed): Promise<void> {
  const staged = join(place, 'staged');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(staged, { recursive: true });
  for (const name of ['assets', 'package.json', 'README.md', 'LICENSE']) {
    cpSync(join(root, name), join(staged, name), { recursive: true });
  }
  await buildPackage(join(staged, 'dist'));
  await execute('npm', ['pack', '--ignore-scripts', '--pack-destination', place], staged);
  renameSync(
    join(
      place,
      readdirSync(place).find((name) => name.endsWith('.tgz'))!,
    ),
    tarball,
  );
  const empty = join(place, 'emptying');
  mkdirSync(empty);
  writeFileSync(join(empty, 'package.json'), '{ "private": true, "type": "module" }\n');
  await execute('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball], empty);
  renameSync(empty, folder); // last, so that a folder with it is complete
}

function digest(): string {
  const hash = createHash('sha256').update(process.version);
  for (const source of SOURCES) {
    const path = join(root, source);
    const names = statSync(path).isDirectory() ? readdirSync(path, { recursive: true, encoding: 'utf8' }).sort() : [''];
    for (const name of names) {
      const file = join(path, name);
      if (statSync(file).isFile()) hash.update(JSON.stringify([source, name])).update(readFileSync(file));
    }
  }
  return hash.digest('hex').slice(0, 16);
}
