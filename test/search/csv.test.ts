import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { csvFormatRows, dsvFormat } from 'd3-dsv';
import { describe, expect, test } from 'vitest';
import { AccuracyTable, parseRow, parseSweepTable, type SweepSettings } from '../../src/search/index.ts';
import { parseCsv, parseNumber } from '../../src/search/csv.ts';
import { expectInputError } from '../support/messages.ts';
import { runs } from '../support/runs.ts';

const cell = '|none~0|+|none~0|none~1|+|none~0|none~1|none~2|';

describe('CSV', () => {
  test('of any texts is parsed as it was written, with line numbers', () => {
    const field = fc.string({ unit: fc.constantFrom('a', ',', ';', '"', '\n', ' ', 'é') });
    const table = fc.array(fc.tuple(field, field, field), { maxLength: 5 });
    fc.assert(
      fc.property(table, fc.constantFrom('', '\uFEFF'), (rows, mark) => {
        const text = `${mark}a,b,c\n${csvFormatRows(rows)}${rows.length > 0 ? '\n' : ''}`;
        const { columns, rows: read } = parseCsv(text, 'x');
        expect(columns).toEqual(['a', 'b', 'c']);
        expect(read.map(({ fields }) => fields)).toEqual(rows);
        read.forEach(({ line, fields }) => {
          const rest = text
            .split('\n')
            .slice(line - 1)
            .join('\n');
          expect(rest.startsWith(csvFormatRows([[...fields]]))).toBe(true);
        });
      }),
      { numRuns: runs(400) },
    );
  });

  test('may have CRLF, empty lines, semicolons and tabs', () => {
    expect(parseCsv('a,b\r\n1,2\r\n\r\n3,4', 'x').rows).toEqual([
      { line: 2, fields: ['1', '2'] },
      { line: 4, fields: ['3', '4'] },
    ]);
    expect(parseCsv('a;b\n"1;5";2\n', 'x').rows[0].fields).toEqual(['1;5', '2']);
    expect(parseCsv('a\tb\n1,5\t2\n', 'x').rows[0].fields).toEqual(['1,5', '2']);
  });

  test('is refused without a header, with a duplicate column or a row of another length', () => {
    expectInputError(() => parseCsv('', 'x'), 'x: expected a table with a header, got an empty file');
    expectInputError(() => parseCsv('a,b,a\n', 'x'), 'x: expected distinct column names, got two of one name: "a"');
    expectInputError(() => parseCsv('a,b\n"1\n2",3\n4\n', 'x'), 'x: line 4: expected 2 fields, got 1');
  });

  test('has numbers as JavaScript, Python and R write them, and no others', () => {
    const numbers = ['1', '-2.5', '.5', '5.', '1e-3', '+4E5', 'nan', 'inf', '-Infinity', ' 7 '].map(parseNumber);
    expect(numbers).toEqual([1, -2.5, 0.5, 5, 1e-3, 4e5, NaN, Infinity, -Infinity, 7]);
    for (const text of ['', ' ', 'oops', '0x10', '1,5', '1e', '--1', '1 2']) expect(parseNumber(text)).toBeUndefined();
  });
});

describe('a table of cells', () => {
  test('is read with a byte-order mark, quoted fields and semicolons', () => {
    const rows = [
      ['architecture', 'kappa', 'note'],
      [cell, '2.5', 'a "quoted", text;\nof two lines'],
      [cell, 'inf', ''],
    ];
    for (const text of [csvFormatRows(rows), `\uFEFF${csvFormatRows(rows)}`, dsvFormat(';').formatRows(rows)]) {
      for (const ends of [text, text.replaceAll('\n', '\r\n'), `${text}\n`]) {
        const { cells, metrics } = parseSweepTable(ends, 'x');
        expect(cells).toHaveLength(2);
        expect(metrics).toEqual({ kappa: [2.5, Infinity] });
      }
    }
  });

  test('names line and column of what is wrong', () => {
    const refused = (row: string, problem: string) =>
      expectInputError(
        () => parseSweepTable(`architecture,kappa,flops\n${cell},1,2\n${row}\n`, 'x.csv'),
        `x.csv: ${problem}`,
      );
    refused(`${cell},oops,2`, 'line 3, column kappa: expected a number, got "oops"');
    refused(`${cell},,2`, 'line 3, column kappa: expected a number, got ""');
    refused(`${cell},1,inf`, 'line 3, column flops: expected a finite number, got "inf"');
    refused(`${cell},1`, 'line 3: expected 3 fields, got 2');
  });

  test('that a sweep is writing is read without its last line, any other one completely', () => {
    const lines = (header: string) =>
      `architecture,flops${header}\n${cell},1${header && ',1'}\n${cell},2${header && ',2'}`;
    expect(parseSweepTable(lines(''), 'x').metrics.flops).toEqual([1, 2]);
    expect(parseSweepTable(lines(',lambda_min_1'), 'x').metrics.flops).toEqual([1]);
  });

  test('of a thousand cells is read row by row as it was written', () => {
    const at = (name: string) => readFileSync(new URL(`../../docs/sweep/${name}`, import.meta.url), 'utf8');
    const settings = JSON.parse(at('random-1000.csv.settings.json')) as SweepSettings;
    const lines = at('random-1000.csv').trimEnd().split('\n').slice(1);
    const rows = lines.map((line, i) => parseRow(line, settings, { table: 'x', line: i + 2 }));
    const { cells, metrics } = parseSweepTable(at('random-1000.csv'), 'x');
    expect(rows.map((row) => row.cell)).toEqual(cells);
    expect(metrics.kappa).toHaveLength(1000);
  });
});

describe('the table of accuracies', () => {
  const text = readFileSync(new URL('../../assets/nas-bench-201-test-accuracy.csv', import.meta.url), 'utf8');
  const edited = (line: number, change: (fields: string[]) => void) => {
    const lines = text.split('\n');
    const fields = lines[line - 1].split(',');
    change(fields);
    lines[line - 1] = fields.join(',');
    return () => AccuracyTable.parse(lines.join('\n'), 'x.csv');
  };

  test('is validated field by field', () => {
    const refused = (line: number, change: (fields: string[]) => void, problem: string) =>
      expectInputError(edited(line, change), `accuracies x.csv: ${problem}`);
    const index = 'a number of its own from 0 to 15624';
    const ops = 'six operations, 0 to 4, that no other line has';
    refused(7, (f) => (f[2] = 'text'), 'line 7, column cifar10: expected percent, 0 to 100, got "text"');
    refused(7, (f) => (f[3] = '1e9'), 'line 7, column cifar100: expected percent, 0 to 100, got "1e9"');
    refused(9, (f) => (f[4] = ''), 'line 9, column imagenet16_120: expected percent, 0 to 100, got ""');
    refused(9, (f) => f.pop(), 'line 9: expected 5 fields, got 4');
    refused(2, (f) => (f[1] = '000005'), `line 2, column ops: expected ${ops}, got "000005"`);
    refused(3, (f) => (f[1] = '000000'), `line 3, column ops: expected ${ops}, got "000000"`);
    refused(2, (f) => (f[0] = '15625'), `line 2, column index: expected ${index}, got "15625"`);
    refused(3, (f) => (f[0] = '1651'), `line 3, column index: expected ${index}, got "1651"`);
    expectInputError(
      () => AccuracyTable.parse(text.split('\n').slice(0, -5).join('\n'), 'x.csv'),
      'accuracies x.csv: expected 15625 cells and index,ops,cifar10,cifar100,imagenet16_120, ' +
        'got 15621 and "index,ops,cifar10,cifar100,imagenet16_120"',
    );
    expect(
      edited(2, () => undefined)().of([
        ['avg_pool_3x3'],
        ['nor_conv_1x1', 'skip_connect'],
        ['nor_conv_1x1', 'skip_connect', 'skip_connect'],
      ]).index,
    ).toBe(0);
  });
});
