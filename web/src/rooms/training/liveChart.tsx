import type * as PlotModule from '@observablehq/plot';
import { useCallback, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { PlotFigure } from '../../ui/plotFigure.tsx';

/** One axis of a chart. */
export interface Axis {
  readonly label: string;
  readonly domain: readonly [number, number];
  readonly log?: boolean;
}

/** A line that is redrawn in each frame. */
export interface Curve {
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
  /** A colour of CSS. */
  readonly color: string;
  readonly dashed?: boolean;
  readonly width?: number;
}

/** The area between two curves. */
export interface Band {
  readonly x: ArrayLike<number>;
  readonly low: ArrayLike<number>;
  readonly high: ArrayLike<number>;
  readonly color: string;
}

type Scale = Required<Pick<PlotModule.Scale, 'apply' | 'invert'>>;

interface Drawing {
  readonly svg: SVGSVGElement;
  readonly x: Scale;
  readonly y: Scale;
  readonly group: SVGGElement;
}

const SVG = 'http://www.w3.org/2000/svg';
let clips = 0;

function svgElement(name: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Tenths of a pixel are enough; positions far outside are clipped. */
const pixel = (value: number) => Math.round(Math.max(-5000, Math.min(5000, value)) * 10) / 10;

function pathOf({ x, y }: Drawing, xs: ArrayLike<number>, ys: ArrayLike<number>): string {
  let path = '';
  let pen = 'M';
  for (let i = 0; i < xs.length; i++) {
    const at = y.apply(ys[i]) as number;
    if (!Number.isFinite(at)) {
      pen = 'M';
      continue;
    }
    path += `${pen}${pixel(x.apply(xs[i]) as number)},${pixel(at)}`;
    pen = 'L';
  }
  return path;
}

function bandOf(drawing: Drawing, { x, low, high }: Band): string {
  const up = pathOf(drawing, x, high);
  const back = Array.from(x).toReversed();
  return up === '' ? '' : `${up}L${pathOf(drawing, back, Array.from(low).toReversed()).slice(1)}Z`;
}

/**
 * A plot whose curves move: Plot draws the axes, anew only when their domains change, and the curves are paths between
 * them.
 */
export function LiveChart({
  label,
  x,
  y,
  curves,
  band,
  dots = [],
  height,
  onPress,
  onDraw,
}: {
  /** What it shows, for assistive technology. */
  readonly label: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly curves: readonly Curve[];
  readonly band?: Band | undefined;
  readonly dots?: readonly { readonly x: number; readonly y: number }[];
  /** In pixels. */
  readonly height: number;
  /** Called with the position of a click and the number of the dot there, if there is one. */
  readonly onPress?: (x: number, y: number, dot: number | undefined) => void;
  readonly onDraw?: (svg: SVGSVGElement) => void;
}) {
  const [drawing, setDrawing] = useState<Drawing>();
  const clip = useRef(`clip-${++clips}`);
  const key = JSON.stringify([x, y]);
  const options = useCallback(
    (_: typeof PlotModule, width: number): PlotModule.PlotOptions => ({
      ...{ marginLeft: 50, marginRight: 14, marginBottom: 36, marginTop: 22 },
      x: { label: x.label, domain: [...x.domain], ticks: Math.max(3, Math.floor(width / 90)), labelArrow: 'right' },
      y: {
        ...{
          label: y.label,
          domain: [...y.domain],
          grid: true,
          ticks: 5,
          type: y.log ? 'log' : 'linear',
          labelArrow: 'up',
        },
        ...(y.log ? { tickFormat: power } : {}),
      },
    }),
    [key],
  );
  const drawn = useCallback(
    (svg: SVGSVGElement) => {
      const figure = svg as unknown as PlotModule.Plot;
      const [xs, ys] = [figure.scale('x'), figure.scale('y')] as [PlotModule.Scale, PlotModule.Scale];
      const [left, right] = xs.range as [number, number];
      const [bottom, top] = ys.range as [number, number];
      const area = svgElement('clipPath', { id: clip.current });
      area.append(svgElement('rect', { x: left, y: top, width: right - left, height: bottom - top }));
      const group = svgElement('g', { 'clip-path': `url(#${clip.current})` }) as SVGGElement;
      svg.append(area, group);
      setDrawing({ svg, x: xs as Scale, y: ys as Scale, group });
      onDraw?.(svg);
    },
    [onDraw],
  );
  useLayoutEffect(() => {
    if (!drawing) return;
    const parts = [
      ...(band ? [svgElement('path', { d: bandOf(drawing, band), fill: band.color, 'fill-opacity': 0.18 })] : []),
      ...curves.map(({ x: xs, y: ys, color, dashed, width = 2 }) =>
        svgElement('path', {
          ...{ d: pathOf(drawing, xs, ys), fill: 'none', stroke: color, 'stroke-width': width },
          ...{ 'stroke-linejoin': 'round', ...(dashed ? { 'stroke-dasharray': '6 4' } : {}) },
        }),
      ),
      ...dots.map(({ x: dx, y: dy }) =>
        svgElement('circle', {
          ...{ cx: pixel(drawing.x.apply(dx) as number), cy: pixel(drawing.y.apply(dy) as number), r: 4.5 },
          ...{ fill: 'var(--ink)', stroke: 'var(--card)', 'stroke-width': 1.5 },
        }),
      ),
    ];
    drawing.group.replaceChildren(...parts);
  }, [drawing, curves, band, dots]);
  const press = (event: MouseEvent) => {
    if (!onPress || !drawing) return;
    const box = drawing.svg.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    const near = dots.findIndex(
      (dot) => Math.hypot((drawing.x.apply(dot.x) as number) - px, (drawing.y.apply(dot.y) as number) - py) < 9,
    );
    onPress(drawing.x.invert(px) as number, drawing.y.invert(py) as number, near < 0 ? undefined : near);
  };
  return (
    <div class={onPress ? 'pressable' : undefined} onClick={press}>
      <PlotFigure label={label} options={options} height={height} onDraw={drawn} />
    </div>
  );
}

/** Powers of ten as tick labels: 0.01, 1, 1e6. */
function power(value: number): string {
  return value >= 0.001 && value < 10_000
    ? String(Number(value.toPrecision(2)))
    : value.toExponential(0).replace('e+', 'e');
}
