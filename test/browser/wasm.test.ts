import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Blocks } from '../../bench/blocksJob.ts';
import { computeNtk } from '../../src/ntk/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { bundle, chromiumPath, openChromium, serve } from '../support/chromium.ts';
import { smallNetwork, smallNetworks } from '../support/networks.ts';
import type { PageResult } from './wasmPage.ts';

// The wasm backend in a page: with one memory over all its Web Workers where the page is cross-origin isolated, and
// with separate memories where it is not.

const BATCH = 12;
const missing = chromiumPath === undefined;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'Chromium', () => {
  let browser: Browser;
  let script: string;
  beforeAll(async () => {
    script = await bundle(new URL('./wasmPage.ts', import.meta.url));
    browser = await openChromium();
  });
  afterAll(() => browser.close());

  async function inPage<T>(isolated: boolean, call: string): Promise<T> {
    const { url, server } = await serve(script, { isolated });
    const page = await browser.newPage();
    try {
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(error.message));
      await page.goto(url);
      const result = await page.evaluate<T>(`window.${call}`);
      expect(errors).toEqual([]);
      return result;
    } finally {
      await page.close();
      server.close();
    }
  }

  const cases = [true, false].flatMap((isolated) =>
    smallNetworks.flatMap((name) => (['train', 'eval'] as const).map((mode) => ({ isolated, name, mode }))),
  );
  test.each(cases)('κ of a $name in $mode mode, isolated: $isolated', async ({ isolated, name, mode }) => {
    const result = await inPage<PageResult>(isolated, `kappa(${JSON.stringify(name)}, '${mode}', ${BATCH})`);
    const images = draw(7, [BATCH, 3, 16, 16], undefined, 'float32');
    const { kappa } = await computeNtk(smallNetwork(name, 3), images, { mode });
    // Rows in float32, κ of at most a few thousand: the smallest eigenvalue is right to 1e-3.
    expect(Math.abs(result.kappa - kappa) / kappa).toBeLessThan(1e-3);
    expect(result.isolated).toBe(isolated);
    expect(result.device).toBe(`WebAssembly SIMD, 2 threads${isolated ? '' : ', separate memories'}`);
    // The page stays responsive: its own thread only handles messages.
    expect(result.turns).toBeGreaterThan(1);
  });

  // Other work on the machine may stretch a task: the best of several calls counts, and the limit is generous.
  test.each([true, false])('κ of 256 images causes no long task, isolated: %s', async (isolated) => {
    const [{ longest }] = await inPage<Blocks[]>(isolated, "measureBlocks(256, ['eval'], 3)");
    expect(Math.min(...longest.map(({ task }) => task))).toBeLessThan(100);
  });
});
