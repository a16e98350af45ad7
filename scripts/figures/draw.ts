import type { PlotOptions } from '@observablehq/plot';
import { loadPlotter, type Plotter } from '../../src/report/plotter.ts';

// Figures are SVG files that follow the reader's light or dark theme, on a background of their own: pages show them as
// images, whose text does not inherit the page's style.

/** The colours of the figures: lines and text, and six that are distinguishable with any colour vision. */
export const color = {
  ink: 'var(--ink)',
  quiet: 'var(--quiet)',
  line: 'var(--line)',
  ground: 'var(--ground)',
  blue: 'var(--blue)',
  orange: 'var(--orange)',
  green: 'var(--green)',
  pink: 'var(--pink)',
  sky: 'var(--sky)',
  gold: 'var(--gold)',
} as const;

/** Colours for a series of any length up to six. */
export const series: readonly string[] = [color.blue, color.orange, color.green, color.pink, color.sky, color.gold];

const light = {
  ink: '#1b1f24',
  quiet: '#5b6470',
  line: '#c9d0d8',
  ground: '#ffffff',
  blue: '#0a5c99',
  orange: '#c75000',
  green: '#00795a',
  pink: '#a8508a',
  sky: '#2f8fc6',
  gold: '#a86b00',
};
const dark: typeof light = {
  ink: '#e8eaed',
  quiet: '#a4adb8',
  line: '#414a55',
  ground: '#1b1e24',
  blue: '#62b5e5',
  orange: '#ff8a4a',
  green: '#2fbf93',
  pink: '#e08dbf',
  sky: '#9ad4f5',
  gold: '#f0b93a',
};
const variables = (theme: typeof light) =>
  Object.entries(theme)
    .map(([name, value]) => `--${name}: ${value};`)
    .join(' ');

/** A mixture of a colour with the background: 0 is the background, 1 the colour. */
export function tint(of: string, strength: number): string {
  return `color-mix(in oklab, ${of} ${Math.round(100 * Math.min(1, Math.max(0, strength)))}%, ${color.ground})`;
}

/** One plot of a figure. */
export interface Panel extends PlotOptions {
  readonly heading?: string;
  readonly width: number;
  readonly height: number;
}

/** A figure as the texts of two SVG files: for pages that have room for its panels side by side, and for telephones. */
export interface Figure {
  readonly wide: string;
  readonly narrow: string;
}

/** The width of a panel on a telephone; with the edges the figure has the width of a page at 390 px. */
const NARROW = 314;

/**
 * Panels side by side, or, narrow, one below the other.
 *
 * @param label what the figure shows, for assistive technology.
 * @param panels narrow ones that are wider than a telephone are drawn for its width.
 */
export async function figure(
  label: string,
  panels: (plotter: Plotter['Plot'], narrow: boolean) => readonly Panel[],
): Promise<Figure> {
  const { Plot, draw } = await loadPlotter();
  const file = (narrow: boolean) => {
    const [top, gap, edge] = [34, 22, 14];
    let [x, y, right, bottom] = [edge, 0, 0, 0];
    const drawn = panels(Plot, narrow).map(({ heading, ...options }) => {
      const style = { background: 'none', color: color.ink, fontSize: '12.5px', fontFamily: 'inherit' };
      const width = narrow ? Math.min(NARROW, options.width) : options.width;
      const above = heading === undefined ? edge : top;
      const svg = draw(heading ?? label, { ...options, width, style }).replace(
        '<svg ',
        `<svg x="${x}" y="${y + above}" `,
      );
      const title =
        heading === undefined ? '' : `<text x="${x + 4}" y="${y + 22}" class="heading">${escape(heading)}</text>`;
      right = Math.max(right, x + width);
      bottom = Math.max(bottom, y + above + options.height);
      if (narrow) y = bottom;
      else x = right + gap;
      return title + svg;
    });
    return fileOf(label, drawn.join(''), narrow ? NARROW + 2 * edge : right + edge, bottom + edge);
  };
  return { wide: file(false), narrow: file(true) };
}

function fileOf(label: string, content: string, width: number, height: number): string {
  const style =
    `:root { ${variables(light)} } @media (prefers-color-scheme: dark) { :root { ${variables(dark)} } } ` +
    `text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; } .heading { font: 600 14px system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }`;
  const open = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escape(label)}">`;
  const ground = `<rect width="${width}" height="${height}" rx="10" fill="${color.ground}"/>`;
  return rounded(`${open}<style>${style}</style>${ground}${content}</svg>\n`);
}

/** Lengths to a hundredth of a pixel: a figure does not change with the last bits of a logarithm. */
function rounded(svg: string): string {
  const shorter = (number: string) => String(Number(Number(number).toFixed(2)));
  return svg.replace(/<[^>]*>/g, (tag) => tag.replace(/-?\d+\.\d{3,}(e-?\d+)?/g, shorter));
}

function escape(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}

/** A matrix as a heat map; the colour of an entry is a tint of one colour, by its share of the largest. */
export function heatPanel(
  Plot: Plotter['Plot'],
  { data, shape: [rows, columns] }: { readonly data: ArrayLike<number>; readonly shape: readonly number[] },
  size: { readonly heading: string; readonly side: number; readonly across: string; readonly down: string },
): Panel {
  const most = Math.max(...Array.from(data, Math.abs)) || 1;
  const cells = Array.from(data, (value, k) => ({ i: Math.floor(k / columns), j: k % columns, share: value / most }));
  const axis = (count: number, label: string) => ({
    ...{ type: 'band' as const, domain: Array.from({ length: count }, (_, k) => k), label, tickSize: 0 },
    ...{ labelAnchor: 'center' as const, labelArrow: 'none' as const, padding: 0, round: false },
    ticks: Array.from({ length: count }, (_, k) => k).filter((k) => k % Math.ceil((22 * count) / size.side) === 0),
  });
  return {
    ...{ heading: size.heading, width: size.side + 48, height: size.side + 48 },
    ...{ margin: 8, marginLeft: 40, marginTop: 40 },
    x: { ...axis(columns, size.across), axis: 'top' },
    y: axis(rows, size.down),
    marks: [
      Plot.cell(cells, {
        ...{ x: 'j', y: 'i', inset: rows > 16 ? 0 : 0.5 },
        fill: ({ share }: (typeof cells)[number]) => tint(share < 0 ? color.orange : color.blue, Math.abs(share)),
      }),
      Plot.frame({ stroke: color.line }),
    ],
  };
}
