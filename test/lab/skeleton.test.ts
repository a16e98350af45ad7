import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROOMS } from '../../web/src/rooms/index.ts';
import { chromiumPath } from '../support/chromium.ts';
import { Lab } from './harness.ts';

const missing = chromiumPath === undefined;

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'the laboratory', () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.open();
  });
  afterAll(() => lab.close());

  test('opens in its first room, and reports an unknown room', async () => {
    const visit = await lab.enter('#/cellar');
    await visit.page.waitForSelector('h1');
    expect(await visit.page.textContent('[role=alert]:not([hidden])')).toBe(
      'link: there is no room "cellar"; this is Cell',
    );
    // It is the room itself: it computes.
    await visit.page.getByTestId('kappa').waitFor();
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

  test('follows the system’s theme while it is open, until a theme is chosen', async () => {
    const visit = await lab.enter('#/cell', { theme: 'light' });
    const { page } = visit;
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    await page.waitForSelector('h1');
    expect(await background()).toBe('rgb(245, 246, 248)');
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(background).toBe('rgb(19, 23, 27)');
    await page.getByRole('button', { name: 'Use the light theme' }).click();
    await page.emulateMedia({ colorScheme: 'light' });
    await page.emulateMedia({ colorScheme: 'dark' });
    expect(await background()).toBe('rgb(245, 246, 248)');
    await visit.close();
  });

  test('hides its header where it is embedded, and has the theme of the page around it', async () => {
    const visit = await lab.enter('#/cell?embed=1&theme=dark', { theme: 'light' });
    const { page } = visit;
    await page.waitForSelector('h1');
    expect(await page.locator('header').count()).toBe(0);
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    expect(await background()).toBe('rgb(19, 23, 27)');
    await page.evaluate("location.replace(location.hash.replace('dark', 'light'))");
    await expect.poll(background).toBe('rgb(245, 246, 248)');
    await visit.close();
  });

  test.each(ROOMS)('opens the room $name with less than 400 kB gzip, without the images', async ({ name, title }) => {
    const visit = await lab.enter(`#/${name}`);
    await visit.page.getByRole('heading', { level: 1 }).waitFor();
    // The first plot is the last thing to load.
    if (name !== 'network') await visit.page.locator('.plot svg').first().waitFor();
    expect(await visit.page.title()).toBe(`${title} · ntkit lab`);
    const files = new Set(visit.requests.filter((path) => path.startsWith('/assets/')));
    const sizes = [...files].map((path) => gzipSync(readFileSync(join(lab.folder, path))).length);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    console.log(`${title}: ${files.size} files, ${(total / 1000).toFixed(0)} kB gzip`);
    expect(total).toBeGreaterThan(50_000); // it was counted
    expect(total).toBeLessThan(400_000);
    expect(readdirSync(join(lab.folder, 'assets')).length).toBeGreaterThan(files.size);
    await visit.close();
  });
});
