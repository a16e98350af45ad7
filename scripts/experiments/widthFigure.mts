import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { csvParse } from 'd3-dsv';
import { type Curve, type Row, widthChart } from './widthChart.ts';

// What width.mts measured, as a figure: docs/dynamics/width.svg, and width.narrow.svg for telephones.
//
//     npx tsx scripts/experiments/widthFigure.mts

const folder = fileURLToPath(new URL('../../docs/dynamics/', import.meta.url));
const { widths, curves } = JSON.parse(await readFile(`${folder}width.json`, 'utf8')) as {
  readonly widths: readonly number[];
  readonly curves: readonly Curve[];
};
const rows = csvParse(await readFile(`${folder}width.csv`, 'utf8')).map(({ width, draw, gap, ...kind }) => ({
  ...(kind as Pick<Row, 'prediction' | 'points'>),
  ...{ width: Number(width), draw: Number(draw), gap: Number(gap) },
}));
await writeFile(`${folder}width.svg`, await widthChart(widths, rows, curves));
await writeFile(`${folder}width.narrow.svg`, await widthChart(widths, rows, curves, { narrow: true }));
