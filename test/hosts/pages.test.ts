import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { wasmBackend } from '../../src/tensor/index.ts';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import { makeApplication } from './application.ts';
import { kappa, SMALL } from './consumers/kappa.ts';
import type { PageResult } from './consumers/page.ts';
import type { PolicyResult } from './consumers/policyPage.ts';
import { expected } from './expected.ts';
import { exportsOf } from './programs.ts';
import { documentOf, NO_ICON, visit, withSite } from './site.ts';

// Pages on different hosts: without a bundler, under a strict policy, isolated or not.

const ISOLATION = { 'cross-origin-opener-policy': 'same-origin', 'cross-origin-embedder-policy': 'require-corp' };
const POLICY = {
  'content-security-policy':
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'",
};
const application = await makeApplication();
const missing = chromiumPath === undefined;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser.close());

  /** A folder with a page, its script bundled. */
  async function bundled(name: string, consumer: string, head?: string): Promise<string> {
    const outdir = join(application, name);
    await esbuild.build({
      ...{ entryPoints: { page: join(application, consumer) }, outdir, bundle: true, minify: true, splitting: true },
      ...{ format: 'esm', target: 'es2022', logLevel: 'error' },
    });
    writeFileSync(join(outdir, 'index.html'), documentOf('/page.js', head));
    return outdir;
  }

  test('an import map without a bundler, from the files of the package alone', async () => {
    const folder = join(application, 'import-map');
    mkdirSync(folder, { recursive: true });
    for (const file of ['page.js', 'kappa.js']) cpSync(join(application, file), join(folder, file));
    cpSync(join(application, 'node_modules/ntkit/dist'), join(folder, 'ntkit'), { recursive: true });
    const imports = Object.fromEntries(
      [...exportsOf(application)].map(([entry, file]) => [entry, file.replace('./dist/', '/ntkit/')]),
    );
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
    writeFileSync(join(folder, 'index.html'), documentOf('/page.js', NO_ICON + map));

    const { result, requests } = await withSite(folder, {}, (url) => visit<PageResult>(browser, url));
    expect(result.error).toBeUndefined();
    expect(result.kappa).toBeCloseTo(await expected(), 3);
    expect(requests.filter((path) => !/^\/(page\.js|kappa\.js|ntkit\/.*)?$/.test(path))).toEqual([]);
  });

  test('a strict policy: with a worker from the page’s host; without, one line that says what to do', async () => {
    const folder = await bundled('policy', 'policyPage.js', '');
    const worker = exportsOf(application).get('ntkit/worker')!;
    writeFileSync(join(folder, 'worker.js'), readFileSync(join(application, 'node_modules/ntkit', worker)));

    const blocked = /^Creating a worker from 'blob:/; // the browser's own message about the worker that it refuses
    const { result } = await withSite(folder, POLICY, (url) => visit<PolicyResult>(browser, url, blocked));
    const backend = wasmBackend({ threads: 2 });
    expect(result.kappa).toBeCloseTo(await kappa(SMALL, backend), 3);
    await backend.close();
    expect(result.error.name).toBe('BackendError');
    expect(result.error.message).toMatch(/^backend wasm: .*workerUrl/);
    expect(result.error.message).not.toContain('\n');
  });

  test('isolated, on shared memory, and not: the same κ, a second after the page is asked for', async () => {
    const folder = await bundled('isolation', 'page.js');
    for (const isolated of [true, false]) {
      const headers = isolated ? ISOLATION : {};
      const { result } = await withSite(folder, headers, (url) => visit<PageResult>(browser, url));
      expect(result.error).toBeUndefined();
      expect(result.isolated).toBe(isolated);
      expect(result.kappa).toBeCloseTo(await expected(), 3);
      console.log(`κ of 16 images, isolated: ${isolated}: ${result.seconds.toFixed(2)} s from navigation on`);
      expect(result.seconds).toBeLessThan(10); // generous: the machine may be busy with more
    }
  });
});
