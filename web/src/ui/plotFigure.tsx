import type * as PlotModule from '@observablehq/plot';
import { useEffect, useRef, useState } from 'preact/hooks';
import { theme } from '../theme.ts';
import { ErrorLine } from './errorLine.tsx';

/** What Plot draws. */
export type Figure = (SVGSVGElement | HTMLElement) & PlotModule.Plot;

/**
 * A plot by Observable Plot, redrawn for the available width and for the theme. Plot is loaded with the first figure.
 */
export function PlotFigure({
  label,
  options,
  height,
  onDraw,
}: {
  /** What it shows, for assistive technology. */
  readonly label: string;
  /** The plot for a width in pixels; a new function is a new plot. */
  readonly options: (Plot: typeof PlotModule, width: number) => PlotModule.PlotOptions;
  /** In pixels: the space that is reserved until it is drawn. */
  readonly height: number;
  /** Called with the drawing, e.g. to export it. */
  readonly onDraw?: (svg: SVGSVGElement, figure: Figure) => void;
}) {
  const place = useRef<HTMLDivElement>(null);
  const told = useRef(onDraw);
  told.current = onDraw;
  const [width, setWidth] = useState(0);
  const [failure, setFailure] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  const { value: shade } = theme;
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    if (width === 0) return;
    let current = true;
    const draw = (Plot: typeof PlotModule) => {
      if (!current || !place.current) return;
      setFailure(undefined);
      const figure = Plot.plot({
        width,
        height,
        style: { background: 'none', color: 'var(--ink)', fontSize: '12px', overflow: 'visible' },
        ...options(Plot, width),
      });
      figure.setAttribute('aria-hidden', 'true'); // the whole has a name
      place.current.replaceChildren(figure);
      const svg = figure instanceof SVGSVGElement ? figure : figure.querySelector('svg');
      if (svg) told.current?.(svg, figure);
    };
    import('@observablehq/plot').then(draw, () => {
      if (current) setFailure('plot: what draws it did not arrive; is this device online?');
    });
    return () => void (current = false);
  }, [width, options, height, shade, attempt]);
  return (
    <>
      <ErrorLine message={failure} onRetry={() => setAttempt(attempt + 1)} />
      <div class="plot" ref={place} role="img" aria-label={label} style={{ minHeight: `${height}px` }} />
    </>
  );
}
