import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORKER_SCRIPT } from '../../src/tensor/backends/wasm/generated/workerScript.ts';
import { bundle, chromiumPath, openChromium, serve } from '../support/chromium.ts';

// A page with a strict Content-Security-Policy: scripts of its own origin alone.

const missing = chromiumPath === undefined;
const OWN_SCRIPTS = "default-src 'none'; script-src 'self'";
const OWN_SCRIPTS_AND_WASM = `${OWN_SCRIPTS} 'wasm-unsafe-eval'`;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'Chromium', () => {
  let browser: Browser;
  let script: string;
  beforeAll(async () => {
    script = await bundle(new URL('./policyPage.ts', import.meta.url));
    browser = await openChromium();
  });
  afterAll(() => browser.close());

  /** What the page computes, or the error that it meets. */
  async function under(policy: string, workerUrl?: string): Promise<unknown> {
    const { url, server } = await serve(script, { policy, scripts: { '/worker.js': WORKER_SCRIPT } });
    const page = await browser.newPage();
    try {
      await page.goto(url);
      return await page.evaluate(`window.square(${JSON.stringify(workerUrl)})`);
    } finally {
      await page.close();
      server.close();
    }
  }

  test('starts workers from a URL of its own', async () => {
    expect(await under(OWN_SCRIPTS_AND_WASM, '/worker.js')).toEqual([1, 4, 9]);
  });

  test('the error says what to do where blob: workers are forbidden', async () => {
    expect(await under(OWN_SCRIPTS_AND_WASM)).toMatch(
      /^BackendError: backend wasm: worker .*refused as a blob: URL, .*Content-Security-Policy.*ntkit\/worker.*workerUrl$/,
    );
    expect(await under(`${OWN_SCRIPTS_AND_WASM}; worker-src blob:`)).toEqual([1, 4, 9]);
  });

  test('the error names the URL of a missing worker', async () => {
    expect(await under(OWN_SCRIPTS_AND_WASM, '/nothing.js')).toMatch(
      /^BackendError: backend wasm: worker .*its script could not be loaded from \/nothing\.js$/,
    );
  });

  test('the error says that WebAssembly is forbidden', async () => {
    expect(await under(OWN_SCRIPTS, '/worker.js')).toMatch(
      /^BackendError: backend wasm: kernels do not compile here: .*Content Security Policy/,
    );
  });
});
