import { STYLE } from './style.ts';

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
<style>${STYLE}</style>
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
