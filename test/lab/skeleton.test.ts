import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath } from '../support/chromium.ts';
import { Lab } from './harness.ts';

const missing = chromiumPath === undefined;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'the laboratory', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab.close());

  test('opens in its first room, and tells of a room that is not there', async () => {
    const visit = await lab.enter('#/cellar');
    await visit.page.waitForSelector('h1');
    expect(await visit.page.textContent('[role=alert]:not([hidden])')).toBe(
      'link: there is no room "cellar"; this is Cell',
    );
    await visit.close();
  });

  test('chooses the system’s theme, and keeps another that is chosen', async () => {
    const visit = await lab.enter('', { theme: 'dark' });
    const background = () => visit.page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    await visit.page.waitForSelector('h1');
    expect(await background()).toBe('rgb(19, 23, 27)');
    await visit.page.getByRole('button', { name: 'Use the light theme' }).click();
    expect(await background()).toBe('rgb(245, 246, 248)');
    await visit.page.reload();
    await visit.page.waitForSelector('h1');
    expect(await background()).toBe('rgb(245, 246, 248)');
    await visit.close();
  });

  test('hides its header where it is embedded', async () => {
    const visit = await lab.enter('#/cell?embed=1');
    await visit.page.waitForSelector('h1');
    expect(await visit.page.locator('header').count()).toBe(0);
    await visit.close();
  });

  test('loads under 400 kB gzip in the room that opens first, without the images', async () => {
    const visit = await lab.enter('');
    await visit.page.waitForSelector('.plot svg');
    const files = new Set(visit.requests.filter((path) => path.startsWith('/assets/')));
    const sizes = [...files].map((path) => gzipSync(readFileSync(join(lab.folder, path))).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`the first room: ${files.size} files, ${(total / 1000).toFixed(0)} kB gzip`);
    expect(total).toBeGreaterThan(100_000); // it was counted
    expect(total).toBeLessThan(400_000);
    expect(readdirSync(join(lab.folder, 'assets')).length).toBeGreaterThan(files.size);
    await visit.close();
  });
});
