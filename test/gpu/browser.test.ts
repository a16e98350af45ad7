import type { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { Browser, Page as Tab } from 'playwright-core';
import { build as viteBuild } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { GpuMode } from '../../src/tensor/index.ts';
import { bundle, chromiumPath, openChromium, serve } from '../support/chromium.ts';
import { golden, goldenNames, someGoldenNames } from '../support/golden.ts';
import { devicesRequired } from '../support/required.ts';
import { type Page, primitiveNames } from '../support/page.ts';

// The gpu backend in a page: every primitive, and a reference network of each kind. The script is bundled and minified
// by esbuild, and by Vite for a second look: kernels are text with names of their own, so that neither can touch them.

/**
 * Cases a primitive. A page takes a tenth of a second to compile a kernel: where that is not required, fewer will do.
 */
const RUNS = devicesRequired ? 25 : 10;

/** A page compiles every kernel again: where that is not required, the networks that differ most will do. */
const networks = devicesRequired ? goldenNames : someGoldenNames;

const golds = new URL('../golden/', import.meta.url);
const entry = new URL('../support/page.ts', import.meta.url);
const missing = chromiumPath === undefined;

async function byVite(): Promise<string> {
  const built = await viteBuild({
    ...{ configFile: false, logLevel: 'error' },
    build: {
      write: false,
      target: 'es2022',
      lib: { entry: fileURLToPath(entry), formats: ['iife'], name: 'ntkitPage' },
      minify: true,
    },
  });
  const [{ output }] = built as { output: { code: string }[] }[];
  return output[0].code;
}

declare const page: Page;

/** Script that records the contexts that a page asks for, and loses them on request. */
const REMEMBER_CONTEXTS = `
  const contexts = new Set();
  for (const type of [HTMLCanvasElement, OffscreenCanvas]) {
    const getContext = type.prototype.getContext;
    type.prototype.getContext = function (...args) {
      const context = getContext.apply(this, args);
      contexts.add(context);
      return context;
    };
  }
  globalThis.loseContexts = () => {
    for (const context of contexts) context?.getExtension?.('WEBGL_lose_context')?.loseContext();
  };`;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'Chromium', () => {
  let browser: Browser;
  const servers: Server[] = [];
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
  });

  async function open(script: string): Promise<Tab> {
    const { url, server } = await serve(script, { folder: golds });
    servers.push(server);
    const tab = await browser.newPage();
    await tab.addInitScript(REMEMBER_CONTEXTS);
    await tab.goto(url);
    return tab;
  }
  const openMode = (tab: Tab, mode: GpuMode) => tab.evaluate((m) => page.open(m), mode);

  describe('webgl2, bundled and minified by esbuild', () => {
    let tab: Tab;
    beforeAll(async () => {
      tab = await open(await bundle(entry));
      const { device, error } = await openMode(tab, 'webgl2');
      expect(error).toBeUndefined();
      expect(device).toMatch(/webgl2 on .*SwiftShader.*float32/);
    });
    afterAll(() => tab.close());

    test.each(primitiveNames)('%s agrees with the reference to float32', async (name) => {
      expect(await tab.evaluate(({ n, runs }) => page.check(n, runs), { n: name, runs: RUNS })).toBe('');
    });

    test.each(['nb201-arch-02-eval', 'nb201-arch-00-train'])('%s: κ to 1e-3', async (name) => {
      const kappa = await tab.evaluate((path) => page.kappa(path), `${name}.safetensors`);
      expect(Math.abs(kappa / Number(golden(name).metadata.kappa_float64) - 1)).toBeLessThan(1e-3);
    });
  });

  describe('webgpu', () => {
    let tab: Tab;
    let missingAdapter: string | undefined;
    beforeAll(async () => {
      tab = await open(await bundle(entry));
      const { device, error } = await openMode(tab, 'webgpu');
      if (error !== undefined && devicesRequired) throw new Error(error);
      missingAdapter = error;
      if (error === undefined) expect(device).toMatch(/webgpu on .+float32/);
    });
    afterAll(() => tab.close());

    test('every primitive', async ({ skip }) => {
      if (missingAdapter !== undefined) skip(missingAdapter);
      for (const name of primitiveNames) {
        expect(`${name}: ${await tab.evaluate((n) => page.check(n, 5), name)}`).toBe(`${name}: `);
      }
    });

    test.for(networks)('%s: κ to 1e-3', async (name, { skip }) => {
      if (missingAdapter !== undefined) skip(missingAdapter);
      const kappa = await tab.evaluate((path) => page.kappa(path), `${name}.safetensors`);
      expect(Math.abs(kappa / Number(golden(name).metadata.kappa_float64) - 1)).toBeLessThan(1e-3);
    });
  });

  test('webgl2, bundled and minified by Vite: κ to 1e-3, and a clear error when the context is lost', async () => {
    const tab = await open(await byVite());
    expect((await openMode(tab, 'webgl2')).error).toBeUndefined();
    const name = 'nb201-arch-00-train';
    const kappa = await tab.evaluate((path) => page.kappa(path), `${name}.safetensors`);
    expect(Math.abs(kappa / Number(golden(name).metadata.kappa_float64) - 1)).toBeLessThan(1e-3);
    await tab.evaluate('loseContexts()');
    expect(await tab.evaluate(() => page.check('multiply', 1))).toMatch(
      /BackendError: backend gpu: the graphics context of webgl2 was lost, and all arrays with it/,
    );
    await tab.close();
  });
});
