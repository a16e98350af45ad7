import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { renderReport } from '../../src/cli/report/index.ts';
import type { ArchitectureReport, RepeatReport, Verdict } from '../../src/cli/report/model.ts';
import { renderTable } from '../../src/cli/table.ts';

function repeat(eigenvalues: number[], verdict: Verdict = 'resolved'): RepeatReport {
  const lambdaMin = eigenvalues[0];
  const lambdaMax = eigenvalues[eigenvalues.length - 1];
  const ntk = eigenvalues.map((_, i) => eigenvalues.map((value, j) => (i === j ? value : 0.1)));
  return { kappa: lambdaMax / lambdaMin, lambdaMin, lambdaMax, noiseFloor: 1e-9, verdict, eigenvalues, ntk };
}

const architecture = (name: string, ...repeats: RepeatReport[]): ArchitectureReport => ({
  name,
  detail: `|${name}|`,
  parameters: 12345,
  repeats,
});

const page = (...architectures: ArchitectureReport[]) => {
  const html = renderReport({ title: 'a title', settings: [['data', 'sample']], architectures });
  return { html, document: (parseHTML(html) as unknown as { document: Element & { title: string } }).document };
};
const count = (root: { querySelectorAll(selector: string): { readonly length: number } }, selector: string) =>
  root.querySelectorAll(selector).length;

describe('the page', () => {
  test('shows every entry of the kernel, every eigenvalue, and the noise floor', () => {
    const { document } = page(architecture('a', repeat([1, 2, 4, 8])));
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

  test('ranks architectures by mean κ, and a negative κ last', () => {
    const { document } = page(
      architecture('steep', repeat([1, 100]), repeat([1, 200])),
      architecture('broken', repeat([-1, 100], 'indefinite')),
      architecture('flat', repeat([1, 2])),
    );
    const rows = [...document.querySelectorAll('tbody tr')].map((row) => row.textContent.replace(/\s+/g, ' '));
    expect(rows.map((row) => row.slice(0, 4))).toEqual(['flat', 'stee', 'brok']);
    expect(rows[1]).toMatch(/150\.0 ± 70\.71 ?resolved 12,345/);
    expect(rows[2]).toContain('indefinite');
    expect(count(document, '[aria-label="κ of every repeat"] circle')).toBe(3);
  });

  test('says so when eigenvalues are zero or negative', () => {
    const { document, html } = page(architecture('a', repeat([-1e-3, 0, 5, 7], 'lower-bound')));
    expect(html).toContain('2 of 4 eigenvalues are zero or negative (-0.001000, 0.000)');
    expect([...document.querySelectorAll('title')].map(({ textContent }) => textContent)).toContain('λ4 = -0.001000');
  });

  test('leaves what users name inert', () => {
    const { html, document } = page(architecture('<script>alert(1)</script>', repeat([1, 2])));
    expect(count(document, 'script')).toBe(0);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  });

  test('loads nothing', () => {
    const { html } = page(architecture('a', repeat([1, 2])));
    const addresses = [...html.matchAll(/https?:\/\/[^"'\s)]+/g)].map(([address]) => address);
    expect(addresses.filter((address) => !address.startsWith('http://www.w3.org/'))).toEqual([]);
    expect(html).not.toMatch(/<(script|link|img|iframe)|@import|url\(http/);
  });

  test.each<[string, RepeatReport]>([
    ['one sample', repeat([3])],
    ['zeros', { ...repeat([0, 0]), kappa: NaN, noiseFloor: 0, ntk: [[0, 0], [0, 0]] }],
    ['an infinite κ', { ...repeat([0, 2], 'lower-bound'), kappa: Infinity }],
    ['72 samples', repeat(Array.from({ length: 72 }, (_, i) => 1.2 ** i))],
  ])('can be drawn of %s', (_, single) => {
    const { document } = page(architecture('a', single));
    const n = single.eigenvalues.length;
    expect(count(document, `[aria-label="kernel matrix, ${n} by ${n}"] rect`)).toBe(n * n);
    expect(count(document, 'svg')).toBe(4);
  }); // prettier-ignore
});

describe('the table', () => {
  test('has one line an architecture, the smallest κ first', () => {
    const text = renderTable([
      { architecture: architecture('steep', repeat([1, 100])), seconds: 1.234 },
      { architecture: architecture('flat', repeat([1, 2]), repeat([1, 4], 'lower-bound')), seconds: 0.5 },
    ]);
    const lines = text.split('\n').filter((line) => /│ +\d+ │/.test(line));
    expect(lines[0]).toMatch(
      /1 │ flat +│ 3\.000 ± 1\.414 │ 1\.000 │ 3\.000 │ 1 resolved, 1 lower-bound │ +12,345 │ +0\.50 │/,
    );
    expect(lines[1]).toMatch(/2 │ steep +│ +100\.0 │ 1\.000 │ 100\.0 │ resolved +│ +12,345 │ +1\.23 │/);
  });

  test('has no colours where output is no terminal', () => {
    const text = renderTable([{ architecture: architecture('a', repeat([1, 2])), seconds: 1 }]);
    expect(text).not.toContain('\u001b');
  });
});
