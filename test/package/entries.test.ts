import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { beforeAll, describe, expect, test } from 'vitest';
import { installed } from '../support/installed.ts';

// Every entry is bundled for a page, and leaves nothing in the bundle that is not used.

const PAGE_ENTRIES = [
  ...['.', './tensor', './autodiff', './nn', './ntk', './onnx', './training', './data', './search', './report'],
];

let folder: string;
let library: string;
beforeAll(async () => {
  ({ folder } = await installed());
  library = join(folder, 'node_modules/ntkit');
});

/** Bundles a module of the folder in which ntkit is installed, for a page. */
async function bundled(contents: string, external: string[] = []): Promise<string> {
  const { warnings, outputFiles } = await build({
    ...{ stdin: { contents, resolveDir: folder }, bundle: true, write: false, format: 'esm', minify: true, external },
    ...{ platform: 'browser', target: 'es2022', logLevel: 'silent' },
  });
  expect(warnings).toEqual([]);
  return outputFiles[0].text;
}

test('there are thirteen entries, and only ntkit/node is not for a page', () => {
  const { exports } = JSON.parse(readFileSync(join(library, 'package.json'), 'utf8')) as { exports: object };
  expect(Object.keys(exports).sort()).toEqual(
    [...PAGE_ENTRIES, './testing', './worker', './node', './package.json'].sort(),
  );
});

describe.each(PAGE_ENTRIES)('%s', (entry) => {
  test('is bundled for a page without an error or a warning, and needs nothing of Node', async () => {
    const text = await bundled(`import * as all from 'ntkit${entry.slice(1)}'; console.log(all);`);
    expect(text.length).toBeGreaterThan(1000);
    // Static imports of a bundle stand at its beginning.
    expect(text).not.toMatch(/^\s*import\b/);
  });

  test('leaves nothing in a bundle that imports it without using it', async () => {
    expect(await bundled(`import * as all from 'ntkit${entry.slice(1)}';`)).toBe('');
  });
});

test('./testing is for a page too, and needs fast-check beside it', async () => {
  await expect(bundled(`import * as all from 'ntkit/testing'; console.log(all);`)).rejects.toThrow(/"fast-check"/);
  const text = await bundled(`import * as all from 'ntkit/testing'; console.log(all);`, ['fast-check']);
  expect(new Set([...text.matchAll(/import [\w$]+ from"([^"]*)"/g)].map(([, name]) => name))).toEqual(
    new Set(['fast-check']),
  );
  expect(await bundled(`import * as all from 'ntkit/testing';`, ['fast-check'])).toBe('');
});

test('./node needs Node', async () => {
  await expect(bundled(`import * as all from 'ntkit/node'; console.log(all);`)).rejects.toThrow(/node:fs/);
});

test('./worker is one self-contained script', () => {
  const script = readFileSync(join(library, 'dist/worker.js'), 'utf8');
  expect(script).toMatch(/^"use strict";/);
  expect(script).not.toMatch(/\b(import|export)\b/);
});
