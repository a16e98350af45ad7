import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { csvParse } from 'd3-dsv';
import { loadAccuracyTable } from '../../src/node/index.ts';
import { mean, standardDeviation } from '../../src/report/numbers.ts';
import { loadPlotter } from '../../src/report/plotter.ts';
import { DATASETS, randomSearches } from './randomSearch.mts';
import { svgFile } from './svgFile.ts';

// What searches.mts found beside a random search and the most parameters: a table, and docs/science/searches.svg, which
// has a narrow layout for telephones.
//
//     npx tsx scripts/experiments/searchesFigure.mts

const folder = fileURLToPath(new URL('../../docs/science/', import.meta.url));
const found = csvParse(await readFile(`${folder}searches.csv`, 'utf8'));
const pruning = ['code', 'paper'].flatMap((fidelity) =>
  ['true', 'false'].map((paired) => {
    const rows = found.filter((row) => row.fidelity === fidelity && row.paired === paired);
    return { way: `pruning: ${fidelity}, ${paired === 'true' ? 'paired' : 'unpaired'}`, rows };
  }),
);
const random = (
  [
    ['κ + regions', ['kappa', 'regions']],
    ['parameters', ['parameters']],
    ['regions + parameters', ['regions', 'parameters']],
  ] as const
).map(([name, by]) => ({ way: `best of 160: ${name}`, rows: randomSearches(160, by) }));

const ways = [...pruning, ...random].filter(({ rows }) => rows.length > 0);
console.table(
  ways.map(({ way, rows }) => {
    const columns = DATASETS.map((dataset) => {
      const values = rows.map((row) => Number(row[dataset]));
      return [dataset, `${mean(values).toFixed(2)} ± ${standardDeviation(values).toFixed(2)}`] as const;
    });
    const sorted = rows.map((row) => Number(row.cifar10)).sort((a, b) => a - b);
    const middle = (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
    const range = { least: sorted[0], median: middle, largest: sorted[sorted.length - 1] };
    return { way, searches: rows.length, ...Object.fromEntries(columns), ...range };
  }),
);

const accuracies = await loadAccuracyTable();
const largest = accuracies.of([1, 2, 3].map((edges) => Array<string>(edges).fill('nor_conv_3x3'))).cifar10;

const { Plot, draw } = await loadPlotter();
const pointsOf = (some: readonly (typeof ways)[number][]) =>
  some.flatMap(({ way, rows }) => rows.map((row) => ({ way, accuracy: Number(row.cifar10) })));
const lines = (way: string) => way.replace(': ', ':\n').replace('regions + ', 'regions +\n');

/** The mean and standard deviation of four searches, as TE-NAS reports them. */
const published = { way: 'TE-NAS: published', mean: 93.9, deviation: 0.47 };
const order = [published.way, ...ways.map(({ way }) => way)];

async function write(name: string, width: number): Promise<void> {
  const chart = draw('Test accuracy on CIFAR-10 of the cells that searches find', {
    ...{ width, height: 74 + 44 * order.length, marginLeft: 96, marginTop: 34, marginBottom: 40, marginRight: 16 },
    x: { label: 'test accuracy on CIFAR-10 in % →', domain: [91, 94.5], grid: true, ticks: [91, 92, 93, 94] },
    y: {
      type: 'band',
      label: null,
      domain: order,
      tickSize: 0,
      tickFormat: lines,
      padding: 0.4,
    },
    marks: [
      Plot.ruleX([largest], { stroke: 'var(--mark)', strokeDasharray: '5 3' }),
      Plot.text([`the most parameters: ${largest.toFixed(2)}`], {
        x: largest,
        frameAnchor: 'top',
        textAnchor: 'end',
        dx: 4,
        dy: -16,
      }),
      Plot.ruleY([published], {
        y: 'way',
        x1: ({ mean, deviation }: typeof published) => mean - deviation,
        x2: ({ mean, deviation }: typeof published) => mean + deviation,
        stroke: 'currentColor',
      }),
      Plot.tickX([published], { y: 'way', x: 'mean', stroke: 'currentColor', strokeWidth: 2 }),
      Plot.boxX(pointsOf(random), {
        ...{ x: 'accuracy', y: 'way', r: 0, stroke: 'currentColor', fill: 'var(--dot)', fillOpacity: 0.35 },
      }),
      Plot.dot(pointsOf(pruning), { x: 'accuracy', y: 'way', r: 4, fill: 'var(--dot)', fillOpacity: 0.6 }),
    ],
  });
  await writeFile(
    `${folder}${name}.svg`,
    svgFile(chart, { dot: ['#0072b2', '#62b5e5'], mark: ['#b3541e', '#e69f00'] }),
  );
}
await write('searches', 600);
await write('searches.narrow', 338);
