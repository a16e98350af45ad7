import { readFileSync } from 'node:fs';
import type { Download, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeNpy } from '../../src/data/index.ts';
import { parseCase, WELL_KNOWN_CELLS } from '../../src/nn/index.ts';
import { computeNtk, conditionNumber } from '../../src/ntk/index.ts';
import { ndarray } from '../../src/tensor/index.ts';
import { chromiumPath } from '../support/chromium.ts';
import { alert, kappa, kappasOf, linkOf } from './cellRoom.ts';
import { Lab, type Visit } from './harness.ts';

const missing = chromiumPath === undefined;
const ARCH = WELL_KNOWN_CELLS['best on CIFAR-100'];
const POOLED = ARCH.replace('+|nor_conv_3x3~0', '+|avg_pool_3x3~0');
const SMALL = { channels: 2, batch: 4 };

const edge = (page: Page, from: number, to: number): Locator =>
  page.getByRole('combobox', { name: new RegExp(`^Edge from node ${from}\\b.* to node ${to}\\b`) });

/** Changes something, and waits for another κ. @returns it, and how long it took, in ms */
async function changed(page: Page, change: () => Promise<unknown>): Promise<{ kappa: number; ms: number }> {
  const before = String(await kappa(page));
  const start = performance.now();
  await change();
  await page.waitForFunction(
    (value) => {
      const figure = document.querySelector('[data-testid=kappa]');
      return figure?.getAttribute('value') !== value && figure?.closest('[aria-busy=true]') === null;
    },
    before,
    { polling: 20 },
  );
  return { kappa: await kappa(page), ms: performance.now() - start };
}

async function saved(page: Page, label: string): Promise<Buffer> {
  const downloads: Promise<Download> = page.waitForEvent('download');
  await page.getByText('Save', { exact: true }).first().click();
  await page.getByRole('button', { name: label }).first().click();
  return readFileSync(await (await downloads).path());
}

describe.skipIf(missing)(missing ? 'Chromium (skipped: not installed; apt install chromium)' : 'the room Cell', () => {
  let lab: Lab;
  let expected: number[];
  beforeAll(async () => {
    [lab, expected] = await Promise.all([Lab.open(), kappasOf([ARCH, POOLED])]);
  });
  afterAll(() => lab.close());

  const enter = (query: Readonly<Record<string, string | number>> = {}, look = {}): Promise<Visit> =>
    lab.enter(linkOf(query), look);

  test('shows the κ of the command, also after a change of an edge; the link restores it in a new tab', async () => {
    const [first, pooled] = expected;
    const start = performance.now();
    const visit = await enter();
    const { page } = visit;
    expect(await kappa(page)).toBeCloseTo(first, 3 - Math.ceil(Math.log10(first)));
    const opened = (performance.now() - start) / 1000;

    const times: number[] = [];
    const longest = await visit.longestTask(async () => {
      const change = await changed(page, () => edge(page, 0, 2).selectOption('avg_pool_3x3'));
      expect(Math.abs(change.kappa / pooled - 1)).toBeLessThan(1e-3);
      await page.waitForTimeout(1000); // changes that follow each other faster are one step back
      const again = await changed(page, () => edge(page, 0, 2).selectOption('nor_conv_3x3'));
      times.push(change.ms, again.ms);
    });
    console.log(
      `κ: ${opened.toFixed(2)} s after opening, ${times.map((ms) => ms.toFixed(0)).join(' and ')} ms after a change; ` +
        `the longest task of the page's thread takes ${longest.toFixed(0)} ms`,
    );
    // Generous: the machine may be busy with more. Meant are 2 s and 0.7 s.
    expect(opened).toBeLessThan(20);
    expect(Math.max(...times)).toBeLessThan(7000);
    expect(longest).toBeLessThan(100);

    await page.goBack();
    expect(Math.abs((await kappa(page)) / pooled - 1)).toBeLessThan(1e-3);
    const { hash } = new URL(page.url());
    await visit.close();
    const other = await lab.enter(hash);
    expect(Math.abs((await kappa(other.page)) / pooled - 1)).toBeLessThan(1e-3);
    expect(await edge(other.page, 0, 2).inputValue()).toBe('avg_pool_3x3');
    await other.close();
  });

  test('an edge is edited by a click on its line, and by the keyboard', async () => {
    const visit = await enter(SMALL);
    const { page } = visit;
    await kappa(page);
    await page.locator('.cell-graph .edge .target').nth(3).dispatchEvent('click');
    expect(await edge(page, 0, 3).evaluate((field) => field === document.activeElement)).toBe(true);
    await page.keyboard.press('Escape');
    await edge(page, 0, 1).focus();
    await changed(page, () => page.keyboard.press('ArrowDown'));
    expect(new URL(page.url()).hash).toContain('avg_pool_3x3~0|%2B|nor_conv_3x3~0');
    await visit.close();
  });

  test('two cells stand side by side', async () => {
    const [first, pooled] = expected;
    const visit = await enter({ compare: POOLED });
    const { page } = visit;
    await page.getByTestId('accuracy').nth(1).waitFor();
    expect(Math.abs((await kappa(page)) / first - 1)).toBeLessThan(1e-3);
    expect(Math.abs((await kappa(page, 1)) / pooled - 1)).toBeLessThan(1e-3);
    // As NAS-Bench-201 records it of cell 9930.
    expect(await page.getByTestId('accuracy').first().textContent()).toBe('94.36 %');
    await page.getByRole('button', { name: 'End the comparison' }).click();
    await expect.poll(() => page.getByTestId('kappa').count()).toBe(1);
    await visit.close();
  });

  test('a κ that fails leaves no κ of an earlier request, and the next change starts again', async () => {
    const visit = await enter(SMALL);
    const { page } = visit;
    const first = await kappa(page);
    await page.route('**/gpu*', (route) =>
      route.fulfill({ contentType: 'text/javascript', body: 'throw Error("no device")' }),
    );
    await page.getByLabel('Computed by').selectOption('webgl2');
    await alert(page).waitFor();
    expect(await page.getByTestId('kappa').count()).toBe(0);
    await page.getByLabel('Computed by').selectOption('wasm');
    expect(await kappa(page)).toBe(first);
    expect(await alert(page).count()).toBe(0);
    await visit.close();
  });

  test('dropped pictures come first; other files are refused in one line', async () => {
    const visit = await enter(SMALL);
    const { page } = visit;
    await kappa(page);
    const input = page.locator('input[type=file]');
    await input.setInputFiles({ name: 'notes.png', mimeType: 'image/png', buffer: Buffer.from('not a picture') });
    await expect
      .poll(() => alert(page).textContent())
      .toBe('notes.png: expected an image that this browser can read, got image/png');
    const pixel = await page.evaluate<string>(
      `(() => { const c = document.createElement('canvas'); c.width = c.height = 40; const x = c.getContext('2d'); x.fillStyle = 'red'; x.fillRect(0, 0, 20, 40); return c.toDataURL('image/png'); })()`,
    );
    const buffer = Buffer.from(pixel.slice(pixel.indexOf(',') + 1), 'base64');
    await changed(page, () => input.setInputFiles({ name: 'half.png', mimeType: 'image/png', buffer }));
    expect(await alert(page).count()).toBe(0);
    await page.locator('.heat-map canvas').focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await expect
      .poll(() => page.locator('.readout').textContent())
      .toMatch(/^Θ\(1, \d\) = \S+?image 1 \(yours\), image \d \(\w+\)$/);
    await visit.close();
  });

  test('what is saved is what is shown: Θ, the spectrum, a case', async () => {
    const visit = await enter(SMALL);
    const { page } = visit;
    const own = await kappa(page);
    await page.locator('.plot svg').first().waitFor();

    const theta = decodeNpy({ name: 'theta.npy', bytes: await saved(page, 'Θ, NumPy array (NPY)') });
    expect(theta.shape).toEqual([4, 4]);
    const values = [...theta.data];
    expect(conditionNumber(ndarray(values, [4, 4]), { dtype: 'float32' }).kappa).toBeCloseTo(own, 6);
    const [head, ...rows] = (await saved(page, 'Θ, table (CSV)')).toString().trim().split('\r\n');
    expect(head).toMatch(/^,image 1 \(\w+\),image 2/);
    expect(rows.map((row) => row.split(',').slice(1).map(Number))).toEqual(
      [0, 1, 2, 3].map((i) => values.slice(4 * i, 4 * i + 4)),
    );
    const { network, input, mode } = parseCase(await saved(page, 'Network and images, case file'), 'cell.safetensors');
    const ntk = await computeNtk(network, input, { mode });
    expect(Math.abs(ntk.kappa / own - 1)).toBeLessThan(1e-4);
    expect((await saved(page, 'Eigenvalues, table (CSV)')).toString().split('\r\n')).toHaveLength(6);
    expect((await saved(page, 'Spectrum, drawing (SVG)')).toString()).not.toContain('var(');
    for (const label of ['Θ, picture (PNG)', 'Spectrum, picture (PNG)']) {
      expect((await saved(page, label)).subarray(1, 4).toString()).toBe('PNG');
    }
    await visit.close();
  });

  test.each([
    [1280, 'light'],
    [390, 'dark'],
    [360, 'light'],
  ] as const)('is accessible and fits at %d px, %s', async (width, theme) => {
    const visit = await enter({ ...SMALL, compare: POOLED }, { width, theme });
    const { page } = visit;
    await page.locator('.layers').nth(1).waitFor();
    expect(await page.getByRole('status').allTextContents()).toEqual([
      expect.stringMatching(/^κ A: [\d.e+]+, resolved$/),
      expect.stringMatching(/^κ B: [\d.e+]+, resolved$/),
    ]);
    await page.locator('.scatter .marks').waitFor();
    expect(await visit.axe()).toEqual([]);
    expect(await page.evaluate<number>('document.documentElement.scrollWidth')).toBe(width);
    const shown = () => page.locator('html').getAttribute('data-theme');
    expect(await shown()).toBe(theme);
    await page.emulateMedia({ media: 'print' });
    await expect.poll(shown).toBe('light');
    expect(await page.getByText('Save', { exact: true }).first().isVisible()).toBe(false);
    await visit.close();
  });
});
