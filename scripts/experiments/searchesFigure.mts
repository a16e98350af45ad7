import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { csvParse } from 'd3-dsv';
import { loadAccuracyTable } from '../../src/node/index.ts';
import { loadPlotter } from '../../src/report/plotter.ts';
import { DATASETS, meanAndDeviation, randomSearches } from './randomSearch.mts';
import { svgFile } from './svgFile.ts';

// What searches.mts found beside a random search and the most parameters: a table, and docs/science/searches.svg.
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
).map(([name, by]) => ({ way: `best of 84: ${name}`, rows: randomSearches(84, by) }));

const ways = [...pruning, ...random].filter(({ rows }) => rows.length > 0);
console.table(
  ways.map(({ way, rows }) => {
    const columns = DATASETS.map((dataset) => {
      const [mean, deviation] = meanAndDeviation(rows.map((row) => Number(row[dataset])));
      return [dataset, `${mean.toFixed(2)} ± ${deviation.toFixed(2)}`] as const;
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
const twoLines = (way: string) => way.replace(/(: regions \+|:) /, '$1\n');
const chart = draw('Test accuracy on CIFAR-10 of the cells that searches find', {
  ...{ width: 460, height: 70 + 44 * ways.length, marginLeft: 132, marginTop: 34, marginBottom: 40, marginRight: 16 },
  x: { label: 'test accuracy on CIFAR-10 in % →', domain: [91, 94.5], grid: true },
  y: { type: 'band', label: null, domain: ways.map(({ way }) => way), tickSize: 0, tickFormat: twoLines, padding: 0.4 },
  marks: [
    Plot.ruleX([largest], { stroke: 'var(--mark)', strokeDasharray: '5 3' }),
    Plot.text([`the most parameters: ${largest.toFixed(2)}`], { x: largest, frameAnchor: 'top', dy: -16 }),
    Plot.boxX(pointsOf(random), {
      ...{ x: 'accuracy', y: 'way', r: 0, stroke: 'currentColor', fill: 'var(--dot)', fillOpacity: 0.35 },
    }),
    Plot.dot(pointsOf(pruning), { x: 'accuracy', y: 'way', r: 4, fill: 'var(--dot)', fillOpacity: 0.6 }),
  ],
});
await writeFile(`${folder}searches.svg`, svgFile(chart, { dot: ['#0072b2', '#62b5e5'], mark: ['#b3541e', '#e69f00'] }));
