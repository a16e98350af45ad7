import { loadPlotter } from '../../src/report/plotter.ts';
import { svgFile } from './svgFile.ts';
import { POINTS, PREDICTIONS } from './widthGap.ts';

/** What a curve is of. */
interface Kind {
  readonly prediction: (typeof PREDICTIONS)[number];
  readonly points: (typeof POINTS)[number];
}

/** What was measured of one network. */
export interface Row extends Kind {
  readonly width: number;
  readonly draw: number;
  readonly gap: number;
}

/** Gaps over width. */
export interface Curve extends Kind {
  /** Over draws, one for each width. */
  readonly rootMeanSquareGaps: readonly number[];
  /** The power of the width that they go with. */
  readonly slope: number;
  /** Those of each draw by itself. */
  readonly slopes: readonly number[];
}

const NAMES = { own: 'own kernel', infinite: 'infinite width' } as const;

/**
 * Gaps against width on logarithmic axes, as an SVG file: dots are draws, lines their root mean squares.
 *
 * @param options.narrow whether training and test points are one below the other
 */
export async function widthChart(
  widths: readonly number[],
  rows: readonly Row[],
  curves: readonly Curve[],
  { narrow = false }: { readonly narrow?: boolean } = {},
): Promise<string> {
  const { Plot, draw } = await loadPlotter();
  const nameOf = (points: string) => `${points === 'train' ? 'training' : 'test'} points`;
  const facet = narrow ? 'fy' : 'fx';
  const at = { x: 'width', y: 'gap', [facet]: 'points' } as const;
  const means = curves.flatMap(({ prediction, points, rootMeanSquareGaps }) =>
    rootMeanSquareGaps.map((gap, i) => ({ width: widths[i], prediction, points, gap })),
  );
  const guide = POINTS.flatMap((points) => {
    const start = means.find((each) => each.points === points && each.prediction === 'infinite')!;
    return widths.map((width) => ({ width, points, gap: 1.6 * start.gap * Math.sqrt(widths[0] / width) }));
  });
  const labels = curves.map(({ prediction, points, slope }) => {
    return { prediction, points, text: `${NAMES[prediction]}: slope ${slope.toFixed(2).replace('-', '−')}` };
  });
  const chart = draw('gap between predicted and real outputs against width, on training and on test points', {
    ...{ marginLeft: 52, marginRight: 24, marginBottom: 44, marginTop: 40 },
    ...(narrow ? { width: 342, height: 640 } : { width: 680, height: 400 }),
    x: { type: 'log', base: 2, label: 'width →', ticks: widths.filter((_, i) => i % 2 === 1), tickFormat: String },
    y: {
      type: 'log',
      label: '↑ gap',
      grid: true,
      domain: [0.005, 0.4],
      ticks: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2],
      tickFormat: String,
    },
    [facet]: {
      label: null,
      domain: [...POINTS],
      tickFormat: nameOf,
      padding: 0.14,
      ...(narrow && { axis: null }),
    },
    marks: [
      ...(narrow
        ? [Plot.text(POINTS, { ...{ [facet]: (points: string) => points, text: nameOf, frameAnchor: 'top-right' } })]
        : []),
      Plot.line(guide, { ...at, stroke: 'currentColor', strokeDasharray: '3 4', strokeOpacity: 0.7 }),
      Plot.text(
        guide.filter(({ width }) => width === widths[3]),
        { ...at, text: () => 'slope −½', textAnchor: 'start', dx: 4, dy: -8 },
      ),
      ...PREDICTIONS.flatMap((prediction) => {
        const of = <T extends Kind>(all: readonly T[]) => all.filter((each) => each.prediction === prediction);
        const color = `var(--${prediction})`;
        const place = { frameAnchor: 'bottom-left', dx: 10, dy: prediction === 'own' ? -14 : -34 } as const;
        return [
          Plot.dot(of(rows), { ...at, r: 2.5, fill: color, fillOpacity: 0.5 }),
          Plot.line(of(means), { ...at, stroke: color, strokeWidth: 2 }),
          Plot.text(of(labels), { ...place, [facet]: 'points', text: 'text', fill: color }),
        ];
      }),
    ],
  });
  return svgFile(chart, { own: ['#b34700', '#ff9455'], infinite: ['#0072b2', '#62b5e5'] });
}
