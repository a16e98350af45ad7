import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { devicesRequired } from '../support/required.ts';

// What `npm ci --prefix test/hosts --ignore-scripts` has installed. The binaries are those of the packages: nothing is
// fetched when they run.

const folder = new URL('./node_modules/', import.meta.url);
const requireFrom = createRequire(folder);

/** A file of an installed package, or undefined where it is not installed. */
function installed(file: string): string | undefined {
  const path = fileURLToPath(new URL(file, folder));
  if (existsSync(path)) return path;
  if (devicesRequired) {
    throw new Error(`host tests: expected ${path} (npm ci --prefix test/hosts --ignore-scripts), found none`);
  }
  return undefined;
}

/** The binaries of Node by the version that is asked of them. */
export const nodes: readonly { readonly version: string; readonly path: string | undefined }[] = ['20', '22', '24'].map(
  (version) => ({ version, path: installed(`node-${version}/bin/node`) }),
);

export const denoPath = installed('@deno/linux-x64-glibc/deno');

interface Stats {
  toJson(options: Readonly<Record<string, boolean>>): object;
}

/** webpack's function of a configuration and a callback. */
export type Webpack = (configuration: object, done: (error: Error | null, stats?: Stats) => void) => void;

/** webpack itself, or undefined where it is not installed. */
export const webpack = installed('webpack/package.json') ? (requireFrom('webpack') as Webpack) : undefined;

/** The name of a suite that is skipped without its host. */
export const titled = (host: string, isThere: boolean) =>
  isThere ? host : `${host} (skipped: not installed; npm ci --prefix test/hosts --ignore-scripts)`;
