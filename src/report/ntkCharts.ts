import type * as PlotTypes from '@observablehq/plot';
import type { ConditionNumber, Ntk } from '../ntk/index.ts';
import type { ScoredNetwork } from './model.ts';
import { format } from './numbers.ts';
import { forBothWidths } from './page.ts';
import type { Plotter } from './plotter.ts';
import { divergingColor } from './style.ts';

/** The page's own colours, which are told apart with any colour vision and follow its light or dark theme. */
const VERDICT_COLORS = { resolved: 'var(--good)', 'lower-bound': 'var(--warn)', indefinite: 'var(--bad)' } as const;

/** κ of every repeat, a network a line, in the order given: with names beside the lines, or above them where it is narrow. */
export function kappaChart(plotter: Plotter, networks: readonly ScoredNetwork[]): string {
  return forBothWidths((isNarrow) =>
    kappaPlot(
      plotter,
      networks,
      isNarrow
        ? { width: 320, row: 46, marginLeft: 8, named: 'above' }
        : { width: 900, row: 34, marginLeft: 210, named: 'beside' },
    ),
  );
}

interface KappaLayout {
  readonly width: number;
  /** The height of a network's line. */
  readonly row: number;
  readonly marginLeft: number;
  readonly named: 'beside' | 'above';
}

function kappaPlot({ Plot, draw }: Plotter, networks: readonly ScoredNetwork[], layout: KappaLayout): string {
  const keys = networks.map((_, i) => String(i));
  const nameOf = (key: string) => shorten(networks[Number(key)].name, layout.named === 'above' ? 46 : 27);
  const dots = networks.flatMap(({ ntks }, i) =>
    ntks.map(({ kappa, verdict }) => ({ key: String(i), kappa, verdict })),
  );
  const shown = dots.filter(({ kappa }) => Number.isFinite(kappa) && kappa > 0);
  const kappas = shown.map(({ kappa }) => kappa);
  const wide = Math.max(...kappas) > 30 * Math.min(...kappas);
  const names =
    layout.named === 'beside'
      ? []
      : [Plot.text(keys, { y: (key: string) => key, text: nameOf, frameAnchor: 'left', textAnchor: 'start', dy: -15 })];
  return draw('κ of every repeat', {
    width: layout.width,
    height: 80 + layout.row * keys.length,
    marginLeft: layout.marginLeft,
    marginBottom: 46,
    marginRight: layout.named === 'above' ? 12 : 30,
    x: {
      type: wide ? 'log' : 'linear',
      label: 'κ →',
      labelOffset: 40,
      grid: true,
      ticks: layout.named === 'above' ? 5 : 10,
      ...(kappas.length === 0
        ? { domain: [1, 10] }
        : wide
          ? { nice: true }
          : { domain: [0, 1.05 * Math.max(...kappas)] }),
    },
    y: { domain: keys, ...(layout.named === 'beside' ? { label: null, tickFormat: nameOf } : { axis: null }) },
    marks: [
      ...names,
      Plot.dot(shown, {
        x: 'kappa',
        y: 'key',
        r: 5,
        fill: (d: (typeof shown)[number]) => VERDICT_COLORS[d.verdict],
        fillOpacity: 0.75,
        title: (d: (typeof shown)[number]) => `κ = ${format(d.kappa)}, ${d.verdict}`,
      }),
    ],
  });
}

/** The kernel matrix as a heat map, with the scale of its colours below. */
export function kernelChart({ Plot, draw }: Plotter, { kernel }: Ntk): string {
  const n = kernel.shape[0];
  const entries = Array.from(kernel.data, (value, k) => ({ i: Math.floor(k / n), j: k % n, value }));
  let [low, high] = [0, 0];
  for (const { value } of entries)
    if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
  // Colours that part at 0 only where there is something below it: they fade into the page, light or dark.
  const most = Math.max(-low, high) || 1;
  const domain: [number, number] = [low < 0 ? -most : 0, most];
  const color: PlotTypes.ScaleOptions = low < 0 ? { type: 'identity' } : { type: 'linear', scheme: 'viridis', domain };
  const fillOf = (value: number) => (low < 0 ? divergingColor(value / most) : value);
  const map = draw(`kernel matrix, ${n} by ${n}`, {
    width: 380,
    height: 370,
    margin: 10,
    marginLeft: 34,
    marginTop: 30,
    x: { axis: 'top', label: null, ticks: sampleTicks(n), tickSize: 0 },
    y: { label: null, ticks: sampleTicks(n), tickSize: 0 },
    color,
    marks: [
      Plot.cell(entries, {
        x: 'j',
        y: 'i',
        fill: (d: (typeof entries)[number]) => fillOf(d.value),
        inset: n > 40 ? 0 : 0.5,
        ariaLabel: (d: (typeof entries)[number]) => `Θ ${d.i + 1}, ${d.j + 1}`,
        title: (d: (typeof entries)[number]) => `Θ(${d.i + 1}, ${d.j + 1}) = ${format(d.value)}`,
      }),
    ],
  });
  const steps = Array.from({ length: 64 }, (_, k) => ({
    from: domain[0] + ((domain[1] - domain[0]) * k) / 64,
    to: domain[0] + ((domain[1] - domain[0]) * (k + 1)) / 64,
  }));
  const legend = draw('scale of the colours', {
    width: 380,
    height: 44,
    marginLeft: 34,
    marginRight: 20,
    marginTop: 4,
    marginBottom: 24,
    x: { domain, label: null, ticks: 5, tickFormat: 's', tickSize: 4 },
    color,
    marks: [
      Plot.rectX(steps, { x1: 'from', x2: 'to', fill: (d: (typeof steps)[number]) => fillOf((d.from + d.to) / 2) }),
    ],
  });
  return map + legend;
}

/** The spectrum on a log axis, the largest eigenvalue first, with the noise floor as a line. */
export function spectrumChart(
  { Plot, draw }: Plotter,
  { eigenvalues, noiseFloor, lambdaMax }: ConditionNumber,
): string {
  const floor = noiseFloor > 0 ? noiseFloor : Math.abs(lambdaMax || 1) * 1e-16;
  const points = [...eigenvalues].reverse().map((value, i) => ({
    rank: i + 1,
    value,
    // What a log axis cannot show is drawn on the floor, as a cross.
    height: value > 0 ? value : floor,
    below: !(value > 0),
  }));
  const heights = [floor, ...points.map(({ height }) => height)].filter((h) => Number.isFinite(h) && h > 0);
  const title = (d: (typeof points)[number]) => `λ${d.rank} = ${format(d.value)}`;
  return draw('eigenvalues and noise floor', {
    width: 420,
    height: 370,
    marginLeft: 64,
    marginRight: 20,
    marginTop: 30,
    marginBottom: 40,
    x: { label: 'rank →', domain: [0.5, points.length + 0.5], ticks: Math.min(points.length, 8), tickFormat: 'd' },
    y: {
      type: 'log',
      label: '↑ eigenvalue',
      grid: true,
      ticks: 6,
      tickFormat: (value: number) => value.toExponential(0).replace('e+', 'e'),
      domain: [Math.min(...heights) / 2, 2 * Math.max(...heights)],
    },
    marks: [
      Plot.ruleY([floor], { stroke: VERDICT_COLORS.indefinite, strokeDasharray: '5 4' }),
      Plot.text([floor], {
        x: points.length + 0.5,
        y: (d: number) => d,
        text: () => 'noise floor',
        textAnchor: 'end',
        dy: -7,
        fill: VERDICT_COLORS.indefinite,
      }),
      Plot.line(
        points.filter(({ below }) => !below),
        { x: 'rank', y: 'height', stroke: VERDICT_COLORS.resolved, strokeOpacity: 0.35 },
      ),
      Plot.dot(points, {
        x: 'rank',
        y: 'height',
        r: points.length > 40 ? 2.5 : 4,
        symbol: (d: (typeof points)[number]) => (d.below ? 'times' : 'circle'),
        fill: (d: (typeof points)[number]) => (d.below ? 'none' : VERDICT_COLORS.resolved),
        stroke: (d: (typeof points)[number]) => (d.below ? VERDICT_COLORS.indefinite : 'none'),
        title,
      }),
    ],
    symbol: { type: 'identity' },
  });
}

function shorten(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, most - 1)}…`;
}

/** About eight sample numbers along an axis. */
function sampleTicks(n: number): number[] {
  const step = Math.max(1, Math.ceil(n / 8));
  return Array.from({ length: Math.ceil(n / step) }, (_, k) => k * step);
}
