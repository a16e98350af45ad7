import { pageStyle } from './style.ts';

/** What every page has. */
export interface Page {
  readonly title: string;
  /** Label and value, in order. */
  readonly settings: readonly (readonly [string, string])[];
  /** HTML above the settings. */
  readonly introduction: string;
  /** HTML below them. */
  readonly body: string;
}

/** One self-contained HTML page. It loads nothing and runs no script. */
export function renderPage({ title, settings, introduction, body }: Page): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(title)}</title>
<style>${pageStyle()}</style>
</head>
<body>
<main>
<h1>${escape(title)}</h1>
${introduction}
<dl>${settings.map(([label, value]) => `<div><dt>${escape(label)}</dt><dd>${escape(value)}</dd></div>`).join('')}</dl>
${body}
</main>
</body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text as HTML shows it, whatever it holds. */
export function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

/** A column of a table in a page. */
export interface HtmlColumn {
  readonly head: string;
  /** Whether it holds numbers, which stand to the right. */
  readonly number?: boolean;
}

/**
 * What is drawn for the width that there is: once for wide screens and once for narrow ones. The page shows one.
 *
 * @param draw the chart; on a narrow screen it has 320 pixels.
 */
export function forBothWidths(draw: (isNarrow: boolean) => string): string {
  return `<div class="wide">${draw(false)}</div><div class="narrow">${draw(true)}</div>`;
}

/**
 * A table in a page, which scrolls sideways where there is no room for it, under its first column.
 *
 * @param rows `[row][column]`, the cells in HTML
 * @param rowClass of each row
 */
export function htmlTable(
  columns: readonly HtmlColumn[],
  rows: readonly (readonly string[])[],
  rowClass: (row: number) => string | undefined = () => undefined,
): string {
  const kind = ({ number = false }: HtmlColumn) => (number ? ' class="number"' : '');
  const heads = columns.map((column) => `<th scope="col"${kind(column)}>${column.head}</th>`);
  const lines = rows.map((row, r) => {
    const cells = row.map((cell, c) => `<td${kind(columns[c])}>${cell}</td>`);
    const name = rowClass(r);
    return `<tr${name === undefined ? '' : ` class="${name}"`}>${cells.join('\n')}</tr>`;
  });
  const label = columns.map(({ head }) => head).join(', ');
  // What scrolls can be reached by the keyboard.
  return `<div class="scroll" tabindex="0" role="region" aria-label="table: ${label}"><table><thead><tr>${heads.join('')}</tr></thead><tbody>${lines.join('')}</tbody></table></div>`;
}
