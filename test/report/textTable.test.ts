import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { correlationTable, kernelTable, ntkTable, textTable } from '../../src/report/index.ts';
import { ndarray } from '../../src/tensor/index.ts';
import { runs } from '../support/runs.ts';
import { kernelWith, network } from './networks.ts';

const longest = (text: string) => Math.max(...text.split('\n').map((line) => [...line].length));

const LONG = '|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|';
const networks = [
  { ...network('steep', kernelWith([1, 100])), seconds: 1.234 },
  { ...network('flat', kernelWith([1, 2]), kernelWith([1, 4], { verdict: 'lower-bound' })), seconds: 0.5 },
];

describe('the table of kernels', () => {
  test('has one line per network, the smallest κ first', () => {
    const lines = ntkTable(networks)
      .split('\n')
      .filter((line) => /│ +\d+ │/.test(line));
    expect(lines[0]).toMatch(
      /1 │ flat +│ 3\.000 ± 1\.414 │ 1\.000 – 8\.000 │ 1\.000 │ 3\.000 │ 1 resolved, 1 lower-bound │ +12,345 │ +0\.50 │/,
    );
    expect(lines[1]).toMatch(
      /2 │ steep +│ +100\.0 │ 1\.000 – 200\.0 │ 1\.000 │ 100\.0 │ resolved +│ +12,345 │ +1\.23 │/,
    );
  });

  test('is as wide as necessary where nothing limits it', () => {
    expect(ntkTable([network(LONG, kernelWith([1, 2]))])).toContain(`│ ${LONG} │`);
  });

  test('drops the least important columns first', () => {
    const one = [{ ...network('all 3×3 convolutions', kernelWith([1, 2]), kernelWith([1, 4])), seconds: 1 }];
    const heads = (width: number) =>
      ntkTable(one, { width })
        .split('\n')[1]
        .replace(/[│\s]+/g, ' ')
        .trim();
    expect(heads(120)).toBe('architecture κ κ between λmin λmax verdict parameters s / κ');
    expect(heads(103)).toBe('architecture κ κ between λmin λmax verdict parameters');
    expect(heads(90)).toBe('architecture κ κ between verdict parameters');
    expect(heads(75)).toBe('architecture κ verdict parameters');
    expect(heads(60)).toBe('architecture κ verdict');
  });

  test('becomes records with all fields where no table fits', () => {
    expect(ntkTable([{ ...network(LONG, kernelWith([1, 100])), seconds: 1.5 }], { width: 60 })).toBe(
      [
        '1 |nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+',
        '  |skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|',
        '  κ             100.0',
        '  κ between     1.000 – 200.0',
        '  λmin          1.000',
        '  λmax          100.0',
        '  verdict       resolved',
        '  parameters    12,345',
        '  s / κ         1.50',
      ].join('\n'),
    );
  });
});

test('a table never has a line longer than the width, and records leave nothing out', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '|', '+', ' ', '~', '9'), maxLength: 90 });
  const rows = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(
      rows,
      fc.integer({ min: 40, max: 140 }),
      fc.array(fc.nat(2), { minLength: 3, maxLength: 3 }),
      (cells, width, spare) => {
        const columns = ['one', 'two', 'three'].map((head, i) => ({ head, spare: spare[i] }));
        const text = textTable(columns, cells, { width });
        expect(longest(text)).toBeLessThanOrEqual(width);
        if (text.includes('─')) return;
        const letters = (s: string) => s.replace(/\s/g, '');
        const shown = letters(text.replace(/^  (one|two|three)/gm, ''));
        expect(shown).toBe(letters(cells.flat().join('')));
      },
    ),
    { numRuns: runs(200) },
  );
});

test('the table of a kernel of two batches', () => {
  const kernel = { ...kernelWith([1, 2]), kernel: ndarray([1, -2, 3, 4, 5, 6], [2, 3]), samples: [2, 3] } as const;
  const text = kernelTable({ name: 'case', kernel, seconds: 0.25 });
  expect(text).toMatch(/│ case +│ 2 × 3 +│ -2\.000 │ +6\.000 │ +12,345 │ +0\.25 │/);
  expect(longest(kernelTable({ name: 'case', kernel, seconds: 0.25 }, { width: 60 }))).toBeLessThanOrEqual(60);
});

test('the table of correlations', () => {
  const estimate = { value: -0.4881, low: -0.52, high: NaN };
  const correlations = [{ metric: 'kappa', kendallTau: estimate, spearmanRho: { ...estimate, value: 0.5 } }] as const;
  expect(correlationTable(correlations, 'cifar10')).toMatch(/│ κ +│ +−0\.488 │ −0\.520 … – │ +0\.500 │/);
  expect(longest(correlationTable(correlations, 'imagenet16-120', { width: 60 }))).toBeLessThanOrEqual(60);
});
