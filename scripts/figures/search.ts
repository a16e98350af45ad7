import { fileURLToPath } from 'node:url';
import { loadAccuracyTable, readSweepTable } from '../../src/node/index.ts';
import { kendallTau } from '../../src/search/index.ts';
import { color, type Figure, figure, tint } from './draw.ts';

interface Cell {
  readonly kappa: number;
  readonly regions: number;
  readonly parameters: number;
  readonly flops: number;
  readonly accuracy: number;
}

/** The swept cells with their accuracy on CIFAR-100. */
async function sweptCells(): Promise<Cell[]> {
  const { cells, metrics } = await readSweepTable(
    fileURLToPath(new URL('../../docs/sweep/random-1000.csv', import.meta.url)),
  );
  const benchmark = await loadAccuracyTable();
  const { kappa = [], regions = [], parameters = [], flops = [] } = metrics;
  return cells.map((cell, i) => ({
    ...{ kappa: kappa[i], regions: regions[i], parameters: parameters[i], flops: flops[i] },
    accuracy: benchmark.of(cell).cifar100,
  }));
}

type Score = (cell: Cell) => number;

/** τ over pairs of cells with the same number of parameters. */
function tauAtEqualSize(cells: readonly Cell[], score: Score): number {
  let [sum, pairs] = [0, 0];
  cells.forEach((a, i) => {
    for (const b of cells.slice(0, i)) {
      const sign = Math.sign(score(a) - score(b)) * Math.sign(a.accuracy - b.accuracy);
      if (a.parameters !== b.parameters || !sign) continue;
      sum += sign;
      pairs++;
    }
  });
  return sum / pairs;
}

/** How well four scores order cells: all, those of equal size, and the best hundred. */
export async function record(): Promise<Figure> {
  const cells = await sweptCells();
  const best = cells.toSorted((a, b) => b.accuracy - a.accuracy).slice(0, 100);
  const scores: [name: string, score: Score][] = [
    ['size', ({ parameters }) => parameters],
    ['regions', ({ regions }) => regions],
    ['−κ', ({ kappa }) => -kappa],
  ];
  const tau = (among: readonly Cell[], score: Score) =>
    kendallTau(
      among.map(score),
      among.map((c) => c.accuracy),
    );
  const groups = ['All 1,000 cells', 'Pairs of equal size', 'The best 100'];
  const bars = scores.flatMap(([name, score]) => [
    { name, group: groups[0], tau: tau(cells, score) },
    ...(name === 'size' ? [] : [{ name, group: groups[1], tau: tauAtEqualSize(cells, score) }]),
    { name, group: groups[2], tau: tau(best, score) },
  ]);
  return figure('Kendall’s τ with accuracy on CIFAR-100', (Plot, narrow) =>
    groups.map((heading, k) => ({
      ...{
        heading,
        width: k === 0 || narrow ? 246 : 196,
        height: narrow ? 160 : 220,
        marginLeft: k === 0 || narrow ? 62 : 12,
        marginRight: 40,
        marginTop: 10,
        marginBottom: 40,
      },
      x: { domain: [0, 0.6], label: 'τ', labelAnchor: 'center', labelArrow: 'none', ticks: 4, grid: true },
      y: {
        domain: scores.map(([name]) => name),
        label: null,
        tickSize: 0,
        ...(k > 0 && !narrow && { axis: null }),
        padding: 0.35,
      },
      marks: [
        Plot.barX(
          bars.filter(({ group }) => group === heading),
          {
            x: 'tau',
            y: 'name',
            fill: ({ name }: (typeof bars)[number]) => (name === '−κ' ? color.blue : tint(color.quiet, 0.6)),
          },
        ),
        Plot.text(
          bars.filter(({ group }) => group === heading),
          { x: 'tau', y: 'name', text: ({ tau }: (typeof bars)[number]) => tau.toFixed(2), dx: 5, textAnchor: 'start' },
        ),
        Plot.ruleX([0], { stroke: color.quiet }),
      ],
    })),
  );
}

/** Accuracy against κ, by size. */
export async function cells(): Promise<Figure> {
  const all = (await sweptCells()).filter(({ kappa }) => kappa < Infinity);
  const sizes = [
    { name: 'under 100,000 parameters', most: 100_000, fill: color.gold },
    { name: '100,000 to 150,000', most: 150_000, fill: color.green },
    { name: 'more', most: Infinity, fill: color.blue },
  ];
  const fillOf = ({ parameters }: Cell) => sizes.find(({ most }) => parameters < most)!.fill;
  const hundredth = all.map(({ accuracy }) => accuracy).toSorted((a, b) => b - a)[99];
  return figure('Accuracy on CIFAR-100 against κ for 972 cells', (Plot, narrow) => [
    {
      ...{
        heading: 'Accuracy on CIFAR-100 (%) against κ',
        width: 680,
        height: narrow ? 320 : 400,
        marginLeft: 44,
        marginBottom: 44,
      },
      x: {
        type: 'log',
        label: 'κ',
        labelAnchor: 'center',
        labelArrow: 'none',
        ticks: [20, 50, 100, 200, 500, 1000],
        tickFormat: (k: number) => k.toLocaleString('en'),
      },
      y: { label: null, grid: true, ticks: 6 },
      marks: [
        Plot.ruleY([hundredth], { stroke: color.quiet, strokeDasharray: '4 4' }),
        Plot.dot(all, { x: 'kappa', y: 'accuracy', fill: fillOf, fillOpacity: 0.65, r: 2.8 }),
        Plot.text([hundredth], {
          x: Math.max(...all.map(({ kappa }) => kappa)),
          y: (y: number) => y,
          text: () => 'the best 100',
          textAnchor: 'end',
          dy: -8,
          fill: color.quiet,
        }),
        Plot.text(
          sizes.map(({ name, fill }, k) => ({ text: `● ${name}`, fill, y: 34 - 5.5 * k })),
          {
            ...{ x: 14, y: 'y', text: 'text', fill: 'fill', textAnchor: 'start', fontWeight: 600 },
          },
        ),
      ],
    },
  ]);
}
