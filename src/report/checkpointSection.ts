import type { KernelCheckpoint } from '../training/index.ts';
import { checkpointCells } from './checkpoints.ts';
import { escape, htmlTable } from './page.ts';
import type { Plotter } from './plotter.ts';

/** The checkpoints as a section of a page: four charts and the table. */
export function checkpointSection(plotter: Plotter, checkpoints: readonly KernelCheckpoint[]): string {
  const { columns, rows } = checkpointCells(checkpoints);
  const charts = CHARTS.map((chart) => {
    const legend =
      chart.curves.length > 1
        ? `<ul class="legend">${chart.curves.map(({ name, color }) => `<li><span style="background:${color}"></span>${name}</li>`).join('')}</ul>`
        : '';
    return `<figure><figcaption>${chart.title}</figcaption>${legend}${drawn(plotter, chart, checkpoints)}</figure>`;
  });
  return `<h2>The kernel through training</h2>
<div class="card">
<div class="charts">${charts.join('\n')}</div>
${htmlTable(
  columns.map(({ head, align }) => ({ head, number: align === 'right' })),
  rows.map((cells) => cells.map(escape)),
)}</div>`;
}

interface Chart {
  readonly title: string;
  readonly scale: 'linear' | 'log';
  readonly curves: readonly {
    readonly name: string;
    readonly color: string;
    readonly of: (checkpoint: KernelCheckpoint) => number;
  }[];
}

const [ONE, OTHER] = ['var(--good)', 'var(--bad)'];

const CHARTS: readonly Chart[] = [
  {
    title: 'distance of Θ from the first',
    scale: 'linear',
    curves: [{ name: 'distance', color: ONE, of: ({ distance }) => distance }],
  },
  {
    title: 'alignment with the targets',
    scale: 'linear',
    curves: [
      { name: 'alignment', color: ONE, of: ({ alignment }) => alignment },
      { name: 'centred', color: OTHER, of: ({ centeredAlignment }) => centeredAlignment },
    ],
  },
  {
    title: 'effective rank',
    scale: 'linear',
    curves: [{ name: 'effective rank', color: ONE, of: ({ effectiveRank }) => effectiveRank }],
  },
  { title: 'κ', scale: 'log', curves: [{ name: 'κ', color: ONE, of: ({ kappa }) => kappa }] },
];

/** Steps on a scale that is linear up to 1 and logarithmic beyond. */
function drawn({ Plot, draw }: Plotter, chart: Chart, checkpoints: readonly KernelCheckpoint[]): string {
  const steps = checkpoints.map(({ step }) => step);
  const last = Math.max(...steps);
  const ticks = [0, 1, 10, 100, 1000, 10_000, 100_000, 1_000_000].filter((step) => step <= last);
  const marks = chart.curves.flatMap(({ color, of }) => {
    const points = checkpoints
      .map((each) => ({ step: each.step, value: of(each) }))
      .filter(({ value }) => Number.isFinite(value) && (chart.scale === 'linear' || value > 0));
    const at = { x: 'step', y: 'value' } as const;
    return [
      Plot.line(points, { ...at, stroke: color, strokeWidth: 2 }),
      Plot.dot(points, { ...at, fill: color, r: 3 }),
    ];
  });
  return draw(`${chart.title} over steps`, {
    ...{ width: 420, height: 240, marginLeft: 56, marginBottom: 40 },
    x: {
      type: 'symlog',
      constant: 1,
      label: 'step →',
      domain: [Math.min(...steps), Math.max(last, 1)],
      ticks,
      tickFormat: String,
    },
    y: { type: chart.scale, label: null, grid: true, ticks: 5, nice: true, zero: chart.scale === 'linear' },
    marks,
  });
}
