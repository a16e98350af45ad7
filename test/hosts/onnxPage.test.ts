import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tangentKernel } from '../../src/ntk/index.ts';
import { parseOnnx } from '../../src/onnx/index.ts';
import { Generator } from '../../src/tensor/index.ts';
import { chromiumPath, openChromium } from '../support/chromium.ts';
import { makeApplication } from './application.ts';
import { withSite } from './site.ts';

// examples/onnx-page, served as it is, with the package's files beside it.

const vit = readFileSync(new URL('../onnx/models/vit.onnx', import.meta.url));
const application = await makeApplication();
const missing = chromiumPath === undefined;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'Chromium', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await openChromium();
  });
  afterAll(() => browser.close());

  test('a dropped ONNX file gives its kernel, and any other file a message', async () => {
    const folder = join(application, 'onnx-page');
    cpSync(fileURLToPath(new URL('../../examples/onnx-page', import.meta.url)), folder, { recursive: true });
    cpSync(join(application, 'node_modules/ntkit/dist'), join(folder, 'ntkit'), { recursive: true });
    await withSite(folder, {}, async (url) => {
      const page = await browser.newPage();
      await page.goto(url);
      const drop = async (name: string, bytes: Uint8Array) => {
        const content = Buffer.from(bytes).toString('base64');
        await page.evaluate(
          `{ const data = new DataTransfer();
             data.items.add(new File([Uint8Array.from(atob('${content}'), (c) => c.charCodeAt(0))], '${name}'));
             document.getElementById('drop').dispatchEvent(new DragEvent('drop', { dataTransfer: data })); }`,
        );
      };
      await drop('vit.onnx', vit);
      await page.waitForFunction(`document.getElementById('status').textContent.includes('7941 parameters')`);
      const cells = await page.evaluate<string[]>(
        `[...document.querySelectorAll('td')].map((cell) => cell.textContent)`,
      );
      const batch = new Generator(0).normals([8, 3, 32, 32]);
      const { kernel } = await tangentKernel(parseOnnx(vit, 'vit.onnx'), batch, { outputs: 'sum', dtype: 'float64' });
      expect(cells).toHaveLength(64);
      // Four digits of float32.
      cells.forEach((cell, i) => expect(Math.abs(Number(cell) / kernel.data[i] - 1)).toBeLessThan(1e-3));

      await drop('note.onnx', new TextEncoder().encode('hello'));
      await page.waitForFunction(`document.getElementById('status').textContent.includes('looks like')`);
      const said = await page.evaluate<string>(`document.getElementById('status').textContent`);
      expect(said).toBe('note.onnx: not an ONNX model: looks like a text');
      await page.close();
    });
  });
});
