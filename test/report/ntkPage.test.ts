import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { ntkPage } from '../../src/report/index.ts';
import type { Ntk } from '../../src/ntk/index.ts';
import { ndarray } from '../../src/tensor/index.ts';
import { kernelWith, network } from './networks.ts';

const page = async (...networks: Parameters<typeof ntkPage>[0]['networks']) => {
  const html = await ntkPage({ title: 'a title', settings: [['data', 'sample']], networks });
  return { html, document: (parseHTML(html) as unknown as { document: Element & { title: string } }).document };
};
const count = (root: { querySelectorAll(selector: string): { readonly length: number } }, selector: string) =>
  root.querySelectorAll(selector).length;

describe('the page', () => {
  test('shows every entry of the kernel, every eigenvalue, and the noise floor', async () => {
    const { document } = await page(network('a', kernelWith([1, 2, 4, 8])));
    expect(count(document, '[aria-label="kernel matrix, 4 by 4"] rect')).toBe(16);
    const spectrum = document.querySelector('[aria-label="eigenvalues and noise floor"]')!;
    expect([...spectrum.querySelectorAll('title')].map(({ textContent }) => textContent)).toEqual([
      'λ1 = 8.000',
      'λ2 = 4.000',
      'λ3 = 2.000',
      'λ4 = 1.000',
    ]);
    expect(count(spectrum, '[aria-label="rule"] line')).toBe(1);
  });

  test('ranks architectures by mean κ, and a negative κ last', async () => {
    const { document } = await page(
      network('steep', kernelWith([1, 100]), kernelWith([1, 200])),
      network('broken', kernelWith([-1, 100], { verdict: 'indefinite' })),
      network('flat', kernelWith([1, 2])),
    );
    const rows = [...document.querySelectorAll('tbody tr')].map((row) => row.textContent.replace(/\s+/g, ' '));
    expect(rows.map((row) => row.slice(0, 4))).toEqual(['flat', 'stee', 'brok']);
    expect(rows[1]).toMatch(/150\.0 ± 70\.71 ?resolved 12,345/);
    expect(rows[2]).toContain('indefinite');
    // Drawn for wide screens and for narrow ones.
    for (const kind of ['.wide', '.narrow']) {
      expect(count(document, `${kind} [aria-label="κ of every repeat"] circle`)).toBe(3);
    }
  });

  test('without networks is a page, and with a network without a kernel an error', async () => {
    expect(count((await page()).document, 'svg')).toBe(2);
    await expect(page(network('a\nb'))).rejects.toThrow(
      new InputError('report: network "a\\nb": expected a kernel, got none'),
    );
  });

  test('says so when eigenvalues are zero or negative', async () => {
    const { document, html } = await page(network('a', kernelWith([-1e-3, 0, 5, 7], { verdict: 'lower-bound' })));
    expect(html).toContain('2 of 4 eigenvalues are zero or negative (-0.001000, 0.000)');
    expect([...document.querySelectorAll('title')].map(({ textContent }) => textContent)).toContain('λ4 = -0.001000');
  });

  test('escapes the names of users', async () => {
    const { html, document } = await page(network('<script>alert(1)</script>', kernelWith([1, 2])));
    expect(count(document, 'script')).toBe(0);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('loads no other files', async () => {
    const { html } = await page(network('a', kernelWith([1, 2])));
    const addresses = [...html.matchAll(/https?:\/\/[^"'\s)]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
    expect(html).not.toMatch(/<(script|link|img|iframe)|@import|url\(http/);
  });

  test.each<[string, Ntk]>([
    ['one sample', kernelWith([3])],
    ['zeros', { ...kernelWith([0, 0]), kappa: NaN, noiseFloor: 0, kernel: ndarray([0, 0, 0, 0], [2, 2]) }],
    ['an infinite κ', kernelWith([0, 2], { verdict: 'lower-bound' })],
    ['72 samples', kernelWith(Array.from({ length: 72 }, (_, i) => 1.2 ** i))],
  ])('can be drawn for %s', async (_, single) => {
    const { document } = await page(network('a', single));
    const n = single.eigenvalues.length;
    expect(count(document, `[aria-label="kernel matrix, ${n} by ${n}"] rect`)).toBe(n * n);
    expect(count(document, 'svg')).toBe(5);
  }); // prettier-ignore
});
