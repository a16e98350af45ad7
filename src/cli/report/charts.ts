import * as Plot from '@observablehq/plot';
import { format } from '../table.ts';
import { draw } from './draw.ts';
import type { ArchitectureReport, RepeatReport } from './model.ts';

/** The page's own colours, which are told apart with any colour vision and follow its light or dark theme. */
const VERDICT_COLORS = { resolved: 'var(--good)', 'lower-bound': 'var(--warn)', indefinite: 'var(--bad)' } as const;

/** κ of every repeat, an architecture a line, in the order given. */
export function kappaChart(architectures: readonly ArchitectureReport[]): string {
  const names = architectures.map(({ name }, i) => ({ name, key: String(i) }));
  const dots = architectures.flatMap(({ repeats }, i) =>
    repeats.map(({ kappa, verdict }) => ({ key: String(i), kappa, verdict })),
  );
  const shown = dots.filter(({ kappa }) => Number.isFinite(kappa) && kappa > 0);
  const kappas = shown.map(({ kappa }) => kappa);
  const wide = Math.max(...kappas) > 30 * Math.min(...kappas);
  return draw('κ of every repeat', {
    width: 900,
    height: 80 + 34 * names.length,
    marginLeft: 210,
    marginBottom: 46,
    marginRight: 30,
    x: {
      type: wide ? 'log' : 'linear',
      label: 'κ →',
      labelOffset: 40,
      grid: true,
      ...(kappas.length === 0
        ? { domain: [1, 10] }
        : wide
          ? { nice: true }
          : { domain: [0, 1.05 * Math.max(...kappas)] }),
    },
    y: {
      domain: names.map(({ key }) => key),
      label: null,
      tickFormat: (key: string) => shorten(names[Number(key)].name),
    },
    marks: [
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
export function kernelChart({ ntk }: RepeatReport): string {
  const n = ntk.length;
  const entries = ntk.flatMap((row, i) => row.map((value, j) => ({ i, j, value })));
  const values = entries.map(({ value }) => value).filter(Number.isFinite);
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  // Colours that part at 0 only where there is something below it.
  const color: Plot.ScaleOptions =
    low < 0
      ? { type: 'diverging', scheme: 'PuOr', domain: [-Math.max(-low, high), Math.max(-low, high)], pivot: 0 }
      : { type: 'linear', scheme: 'viridis', domain: [0, high || 1] };
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
        fill: 'value',
        inset: n > 40 ? 0 : 0.5,
        ariaLabel: (d: (typeof entries)[number]) => `Θ ${d.i + 1}, ${d.j + 1}`,
        title: (d: (typeof entries)[number]) => `Θ(${d.i + 1}, ${d.j + 1}) = ${format(d.value)}`,
      }),
    ],
  });
  const domain = color.domain as [number, number];
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
    marks: [Plot.rectX(steps, { x1: 'from', x2: 'to', fill: (d: (typeof steps)[number]) => (d.from + d.to) / 2 })],
  });
  return map + legend;
}

/** The spectrum on a log axis, the largest eigenvalue first, with the noise floor as a line. */
export function spectrumChart({ eigenvalues, noiseFloor, lambdaMax }: RepeatReport): string {
  const floor = noiseFloor > 0 ? noiseFloor : Math.abs(lambdaMax || 1) * 1e-16;
  const points = eigenvalues.toReversed().map((value, i) => ({
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

function shorten(name: string): string {
  return name.length <= 32 ? name : `${name.slice(0, 31)}…`;
}

/** About eight sample numbers along an axis. */
function sampleTicks(n: number): number[] {
  const step = Math.max(1, Math.ceil(n / 8));
  return Array.from({ length: Math.ceil(n / step) }, (_, k) => k * step);
}
