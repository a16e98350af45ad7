/// <reference lib="dom" />
import type * as PlotModule from '@observablehq/plot';

// Charts are drawn here, once, as SVG: the page needs no script. Colours follow the page through CSS variables, so that
// a dark page has light axes.

/** What charts are drawn with. */
export interface Plotter {
  readonly Plot: typeof PlotModule;
  /** A plot as SVG, with a label for who cannot see it. */
  readonly draw: (label: string, options: PlotModule.PlotOptions) => string;
}

/** Loads what draws, when the first chart is drawn; the elements are of the host's document where there is one. */
export async function loadPlotter(): Promise<Plotter> {
  const [Plot, document] = await Promise.all([import('@observablehq/plot'), anyDocument()]);
  return {
    Plot,
    draw: (label, options) => {
      const style = { background: 'none', color: 'currentColor', fontSize: '12.5px' };
      const figure = Plot.plot({ document, style, ...options });
      figure.setAttribute('role', 'img');
      figure.setAttribute('aria-label', label);
      return figure.outerHTML;
    },
  };
}

async function anyDocument(): Promise<Document> {
  if (typeof document !== 'undefined') return document;
  const { parseHTML } = await import('linkedom/worker');
  return (parseHTML('<!doctype html><html><body></body></html>') as unknown as { document: Document }).document;
}
