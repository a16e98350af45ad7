import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundle, chromiumPath, openChromium } from '../support/chromium.ts';
import { ntkit } from '../support/command.ts';
import { reportPage } from './reportPage.ts';

describe.skipIf(chromiumPath === undefined)('a report in Chromium', () => {
  let browser: Browser;
  let html: string;
  beforeAll(async () => {
    browser = await openChromium();
    html = await reportPage();
  });
  afterAll(() => browser.close());

  /** A page as it looks at a width. */
  async function opened(width: number, colorScheme: 'light' | 'dark', html: string) {
    const context = await browser.newContext({ viewport: { width, height: 844 }, colorScheme });
    const page = await context.newPage();
    await page.setContent(html);
    return { page, close: () => context.close() };
  }

  test('is made in a page as it is made in Node', async () => {
    const script = await bundle(new URL('reportPage.ts', import.meta.url));
    const page = await browser.newPage();
    await page.addScriptTag({ content: script });
    const made = await page.evaluate(() => (globalThis as unknown as { reportPage: typeof reportPage }).reportPage());
    await page.close();
    const shapes = (text: string) => {
      const { document } = parseHTML(text) as unknown as { document: Document };
      return [...document.querySelectorAll('svg')].map((svg) => [
        svg.getAttribute('aria-label'),
        ...['rect', 'circle', 'path', 'text'].map((name) => svg.querySelectorAll(name).length),
      ]);
    };
    expect(shapes(made)).toEqual(shapes(html));
    expect(shapes(made)).toHaveLength(8);
  });

  /** What a page at a width shows. */
  async function seenAt(width: number, html: string) {
    const { page, close } = await opened(width, 'light', html);
    const seen = await page.evaluate(() => {
      const visible = [...document.querySelectorAll('svg')].filter((svg) => svg.getBoundingClientRect().width > 0);
      return {
        page: document.documentElement.scrollWidth,
        cut: [...document.querySelectorAll('.card, table, tr, td, h3, figure')]
          .filter((each) => each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).display !== 'inline')
          .map((each) => `${each.tagName}: ${each.textContent.slice(0, 60)}`),
        charts: visible.length,
        // Tables with more than there is room for, which the keyboard reaches.
        scrolling: [...document.querySelectorAll<HTMLElement>('.scroll')].filter(
          (each) => each.tabIndex === 0 && each.scrollWidth > each.clientWidth,
        ).length,
        letters: visible.flatMap((svg) => {
          const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
          return [...svg.querySelectorAll('text')].map((text) => parseFloat(getComputedStyle(text).fontSize) * scale);
        }),
      };
    });
    await close();
    return seen;
  }

  test.each([390, 640, 1200])('at %i pixels cuts nothing off, and its charts can be read', async (width) => {
    const seen = await seenAt(width, html);
    expect(seen).toMatchObject({ page: width, cut: [], charts: 7 });
    expect(Math.min(...seen.letters)).toBeGreaterThanOrEqual(9.5);
  });

  test('of training, of a correlation and of a search is readable at 390 pixels, too, and its tables scroll', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ntkit-reports-'));
    const page = join(folder, 'page.html');
    const small = ['--paired', '--batch-size', '2', '--repeats', '1', '--prune-number', '3', '--criteria', 'kappa'];
    const commands = [
      ['dynamics', '--mlp', '3,16,1', '--batch-size', '4', '--steps', '5', '--html', page],
      ['dynamics', '--mlp', '3,16,2', '--batch-size', '4', '--steps', '5', '--checkpoints', '0,2,5', '--html', page],
      ['correlate', 'docs/sweep/random-1000.csv', '--resamples', '2', '--html', page],
      ['search', ...small, '--out', folder],
    ];
    try {
      for (const command of commands) {
        expect((await ntkit(...command)).code, command[0]).toBe(0);
        const path = command[0] === 'search' ? join(folder, 'report.html') : page;
        const seen = await seenAt(390, await readFile(path, 'utf8'));
        expect(seen, command[0]).toMatchObject({ page: 390, cut: [] });
        // Θ through training adds four.
        expect(seen.charts, command[0]).toBeGreaterThanOrEqual(command.includes('--checkpoints') ? 7 : 3);
        expect(Math.min(...seen.letters), command[0]).toBeGreaterThanOrEqual(9.5);
        expect(seen.scrolling, command[0]).toBeGreaterThanOrEqual(command[0] === 'search' ? 0 : 1);
      }
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('has heat maps that are dark on a dark page and light on a light one', async () => {
    // In Oklab the first number is lightness, from 0 to 1.
    const lightness = async (scheme: 'light' | 'dark') => {
      const { page, close } = await opened(1200, scheme, html);
      const fills = await page.evaluate(() => {
        const map = document.querySelector('[aria-label="kernel matrix, 16 by 16"]')!;
        return [...map.querySelectorAll('rect')].map((rect) => getComputedStyle(rect).fill);
      });
      await close();
      const numbers = fills.map((fill) => Number(/^oklab\(([\d.]+)/.exec(fill)?.[1])).sort((a, b) => a - b);
      expect(numbers).toHaveLength(256);
      return numbers[128];
    };
    expect(await lightness('dark')).toBeLessThan(0.4);
    expect(await lightness('light')).toBeGreaterThan(0.8);
  });
});
