/**
 * A chart as an SVG file for light and dark pages: its background and text colour follow the reader's system.
 *
 * @param svg one svg element, as a plotter draws it
 * @param colors by the name of a CSS variable: in light and in dark
 */
export function svgFile(svg: string, colors: Readonly<Record<string, readonly [light: string, dark: string]>>): string {
  const variables = (dark: 0 | 1) => Object.entries(colors).map(([name, pair]) => `--${name}: ${pair[dark]};`);
  const rule = (dark: 0 | 1, ink: string, paper: string) =>
    `:root { --paper: ${paper}; --ink: ${ink}; ${variables(dark).join(' ')} }`;
  const style =
    `${rule(0, '#1b1f24', '#ffffff')} @media (prefers-color-scheme: dark) { ${rule(1, '#e8eaed', '#1c2127')} } ` +
    'svg { color: var(--ink) !important; background: var(--paper) !important; font-family: system-ui, sans-serif; }';
  const start = /^<svg([^>]*)>/.exec(svg);
  if (!start) throw new Error(`svgFile: expected one svg element, got ${svg.slice(0, 40)}`);
  const namespace = start[1].includes('xmlns=') ? '' : ' xmlns="http://www.w3.org/2000/svg"';
  return `<svg${namespace}${start[1]}><style>${style}</style>${svg.slice(start[0].length)}\n`;
}
