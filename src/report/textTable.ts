import { Table } from 'console-table-printer';

/** A column of a table in text. */
export interface Column {
  readonly head: string;
  /** Left for words, right for numbers; left by default. */
  readonly align?: 'left' | 'right';
  /**
   * How soon the column goes where space is short: those of the highest number first. 0, the default, is of a column that
   * a table cannot do without.
   */
  readonly spare?: number;
}

/** What a table has to fit. */
export interface TextOptions {
  /** Columns of the terminal, of one character each; without end by default. */
  readonly width?: number;
}

/** The narrowest that records are laid out for. */
const LEAST_WIDTH = 20;

/**
 * A table in text, no line of it longer than `width`. Columns that can be spared go first; where the others do not fit
 * either, each row becomes a record with a line a column, and nothing is left out.
 *
 * @param rows `[row][column]`
 *
 * @example
 * const columns = [{ head: 'cell' }, { head: 'κ', align: 'right' as const }];
 * console.log(textTable(columns, [['5374', '12.1'], ['9506', '8.94']]));
 * // ┌──────┬──────┐
 * // │ cell │    κ │
 * // ├──────┼──────┤
 * // │ 5374 │ 12.1 │
 * // │ 9506 │ 8.94 │
 * // └──────┴──────┘
 */
export function textTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width = Infinity }: TextOptions = {},
): string {
  const levels = [...new Set(columns.map(({ spare = 0 }) => spare))].sort((a, b) => b - a);
  for (const level of levels) {
    const kept = columns.flatMap(({ spare = 0 }, i) => (spare <= level ? [i] : []));
    const text = boxed(
      kept.map((i) => columns[i]),
      rows.map((row) => kept.map((i) => row[i])),
    );
    // The first line is the upper border, of characters that are one column wide.
    if (text.indexOf('\n') <= width) return text;
  }
  return records(columns, rows, Math.max(LEAST_WIDTH, width));
}

function boxed(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    columns: columns.map(({ head, align = 'left' }, i) => ({ name: String(i), title: head, alignment: align })),
    shouldDisableColors: true,
  });
  for (const row of rows) table.addRow(Object.fromEntries(row.map((cell, i) => [String(i), cell])));
  return table.render();
}

/** Each row as lines of `head  value`; the first column without a head numbers the records. */
function records(columns: readonly Column[], rows: readonly (readonly string[])[], width: number): string {
  const indent = '  ';
  const label = Math.max(...columns.map(({ head }) => head.length)) + 2;
  const lines = rows.map((row) => {
    const number = columns[0].head === '' ? `${row[0]} ` : '';
    const [title, ...rest] = columns.flatMap(({ head }, i) => (head === '' ? [] : [{ head, text: row[i] }]));
    return [
      ...pieces(title.text, width - number.length).map(
        (piece, i) => (i === 0 ? number : ' '.repeat(number.length)) + piece,
      ),
      ...rest.flatMap(({ head, text }) =>
        pieces(text, width - indent.length - label).map(
          (piece, i) => indent + (i === 0 ? head : '').padEnd(label) + piece,
        ),
      ),
    ].join('\n');
  });
  return lines.join('\n\n');
}

/** A text in pieces of at most `width` characters, parted where its words or the operations of a cell end. */
function pieces(text: string, width: number): string[] {
  const found = [''];
  for (const word of text.split(/(?<=[\s+,/])|(?<=\d\|)(?=\w)/)) {
    if (found[found.length - 1].length + word.trimEnd().length > width && found.at(-1) !== '') found.push('');
    found[found.length - 1] += word;
    while (found[found.length - 1].trimEnd().length > width) {
      const long = found.pop()!;
      found.push(long.slice(0, width), long.slice(width));
    }
  }
  return found.map((piece) => piece.trimEnd());
}
