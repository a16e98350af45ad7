import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import type { Browser } from 'playwright-core';
import * as vite from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import { makeApplication } from './application.ts';
import type { PageResult } from './consumers/page.ts';
import { titled, webpack } from './installed.ts';
import { expected } from './expected.ts';
import { documentOf, visit, withSite } from './site.ts';

// A page that names no backend, bundled by each bundler without any configuration for the package.

const application = await makeApplication();
const missing = chromiumPath === undefined;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser.close());

  /** A folder in the application with a page and its script, not yet bundled. */
  function site(name: string): string {
    const folder = join(application, name);
    mkdirSync(folder, { recursive: true });
    for (const file of ['page.js', 'kappa.js']) cpSync(join(application, file), join(folder, file));
    writeFileSync(join(folder, 'index.html'), documentOf('/page.js'));
    return folder;
  }

  async function expectKappa(folder: string): Promise<void> {
    const { result } = await withSite(folder, {}, (url) => visit<PageResult>(browser, url));
    expect(result.error).toBeUndefined();
    expect(result.kappa).toBeCloseTo(await expected(), 3);
  }

  test('esbuild', async () => {
    const folder = site('esbuild');
    const outdir = join(folder, 'dist');
    cpSync(join(folder, 'index.html'), join(outdir, 'index.html'));
    const { warnings } = await esbuild.build({
      ...{ entryPoints: [join(folder, 'page.js')], outdir, bundle: true, minify: true, splitting: true },
      ...{ format: 'esm', target: 'es2022', logLevel: 'silent' },
    });
    expect(warnings).toEqual([]);
    await expectKappa(outdir);
  });

  describe('Vite', () => {
    const said: string[] = [];
    const say = (message: string) => said.push(message);
    const customLogger = {
      ...vite.createLogger('silent'),
      ...{ warn: say, warnOnce: say, error: say },
    };

    test('build', async () => {
      const root = site('vite');
      await vite.build({ root, configFile: false, logLevel: 'warn', customLogger, build: { target: 'es2022' } });
      expect(said).toEqual([]);
      await expectKappa(join(root, 'dist'));
    });

    test('development server', async () => {
      const root = site('vite-development');
      const server = await vite.createServer({ root, configFile: false, customLogger, server: { port: 0 } });
      try {
        await server.listen();
        const { result } = await visit<PageResult>(browser, server.resolvedUrls!.local[0]);
        expect(said).toEqual([]);
        expect(result.error).toBeUndefined();
        expect(result.kappa).toBeCloseTo(await expected(), 3);
      } finally {
        await server.close();
      }
    });
  });

  test.skipIf(webpack === undefined)(titled('webpack', webpack !== undefined), async () => {
    const folder = site('webpack');
    const path = join(folder, 'dist');
    cpSync(join(folder, 'index.html'), join(path, 'index.html'));
    const output = { path, filename: 'page.js', publicPath: '/' };
    const build = promisify(webpack!);
    const stats = await build({
      mode: 'production',
      context: folder,
      entry: './page.js',
      output,
      target: ['web', 'es2022'],
    });
    expect(stats!.toJson({ all: false, errors: true, warnings: true })).toMatchObject({ errors: [], warnings: [] });
    await expectKappa(path);
  });
});
