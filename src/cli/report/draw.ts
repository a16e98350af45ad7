/// <reference lib="dom" />
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

// Charts are drawn here, once, as SVG: the page needs no script. Colours follow the page through CSS variables, so that
// a dark page has light axes.

const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as {
  document: NonNullable<Plot.PlotOptions['document']>;
};

/** A plot as SVG, with a label for who cannot see it. */
export function draw(label: string, options: Plot.PlotOptions): string {
  const figure = Plot.plot({
    document,
    style: { background: 'none', color: 'currentColor', fontSize: '12.5px' },
    ...options,
  });
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', label);
  return figure.outerHTML;
}
