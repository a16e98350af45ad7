import { csvParseRows, dsvFormat, tsvParseRows } from 'd3-dsv';
import { formatValue } from '../check.ts';
import { InputError } from '../errors.ts';

/** A table of texts, as a CSV file holds it. */
export interface CsvTable {
  /** Names the table in messages. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly CsvRow[];
}

/** A row of a table: as many fields as there are columns. */
export interface CsvRow {
  /** The line of the file that it begins at, from 1. */
  readonly line: number;
  readonly fields: readonly string[];
}

/**
 * Reads comma-separated values (RFC 4180), with a byte-order mark or without, quoted fields, lines that end in LF or CRLF;
 * also with semicolons or tabs between the fields, when the first line has some and no comma. Empty lines are passed over.
 *
 * @param name names the table in messages.
 * @throws InputError when it has no header, two columns of one name, or a row of more or fewer fields.
 */
export function parseCsv(text: string, name: string): CsvTable {
  const content = text.replace(/^\uFEFF/, '');
  const [first = ''] = content.split(/[\r\n]/, 1);
  const rows = readerOf(first)(content);
  let line = 1;
  const all = rows.flatMap((fields): CsvRow[] => {
    const at = line;
    line += 1 + fields.reduce((breaks, field) => breaks + (field.match(/\r\n|\r|\n/g)?.length ?? 0), 0);
    return fields.length === 1 && fields[0] === '' ? [] : [{ line: at, fields }];
  });
  const [header, ...body] = all;
  if (header === undefined) throw new InputError(`${name}: expected a table with a header, got an empty file`);
  const columns = header.fields;
  const twice = columns.find((column, i) => columns.indexOf(column) < i);
  if (twice !== undefined)
    throw new InputError(`${name}: expected distinct column names, got two of one name: ${formatValue(twice)}`);
  for (const { line: at, fields } of body) {
    if (fields.length === columns.length) continue;
    throw new InputError(`${name}: line ${at}: expected ${columns.length} fields, got ${fields.length}`);
  }
  return { name, columns, rows: body };
}

function readerOf(header: string): (text: string) => string[][] {
  if (header.includes(',')) return (text) => csvParseRows(text);
  if (header.includes(';')) return (text) => dsvFormat(';').parseRows(text);
  return header.includes('\t') ? (text) => tsvParseRows(text) : (text) => csvParseRows(text);
}

/** The error of a field: where it is, what it should be, what it is. */
export function fieldError(table: string, line: number, column: string, expected: string, got: string): InputError {
  return new InputError(`${table}: line ${line}, column ${column}: expected ${expected}, got ${formatValue(got)}`);
}

/** How JavaScript, Python, NumPy and R write what is no finite number. */
const WORDS: Readonly<Record<string, number>> = {
  nan: NaN,
  inf: Infinity,
  '+inf': Infinity,
  '-inf': -Infinity,
  infinity: Infinity,
  '+infinity': Infinity,
  '-infinity': -Infinity,
};

/** A field as a number, `nan` and `inf` among them; undefined when it is none. */
export function parseNumber(field: string): number | undefined {
  const text = field.trim().toLowerCase();
  if (Object.hasOwn(WORDS, text)) return WORDS[text];
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(text) ? Number(text) : undefined;
}
