import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { wasmBackend } from '../../src/tensor/index.ts';
import type { Curve, Row } from './widthChart.ts';
import { fittedPower, POINTS, PREDICTIONS, rootMeanSquare, widthGap, type WidthTask } from './widthGap.ts';

// How far real outputs are from predicted ones, over width: docs/dynamics/width.{csv,json}, and the figure that
// widthFigure.mts draws of them. About a minute on two cores.

const task: WidthTask = { inputs: 16, outputs: 10, train: 32, test: 32, steps: 100, seed: 0 };
const widths = [256, 512, 1024, 2048, 4096, 8192];
const draws = [0, 1, 2, 3, 4];

const rows: Row[] = [];
const losses: number[] = [];
const backend = wasmBackend({ dtype: 'float64' });
for (const width of widths) {
  for (const draw of draws) {
    const { loss, ...gaps } = await widthGap(width, draw, backend, task);
    losses.push(loss[1] / loss[0]);
    for (const prediction of PREDICTIONS) {
      for (const points of POINTS) rows.push({ width, draw, prediction, points, gap: gaps[prediction][points] });
    }
    process.stderr.write(`width ${width}, draw ${draw}\n`);
  }
}
await backend.close();

const curves: Curve[] = PREDICTIONS.flatMap((prediction) =>
  POINTS.map((points) => {
    const own = rows.filter((row) => row.prediction === prediction && row.points === points);
    const gapsOf = (draw: number) => own.filter((row) => row.draw === draw).map(({ gap }) => gap);
    const overDraws = widths.map((width) =>
      rootMeanSquare(own.filter((row) => row.width === width).map(({ gap }) => gap)),
    );
    return {
      ...{ prediction, points },
      rootMeanSquareGaps: overDraws,
      slope: fittedPower(widths, overDraws),
      slopes: draws.map((draw) => fittedPower(widths, gapsOf(draw))),
    };
  }),
);
for (const { prediction, points, slope, slopes } of curves) {
  console.log(`${prediction}, ${points}: ${slope.toFixed(3)} (${slopes.map((each) => each.toFixed(3)).join(', ')})`);
}

const folder = fileURLToPath(new URL('../../docs/dynamics/', import.meta.url));
await mkdir(folder, { recursive: true });
const lines = rows.map(({ width, draw, prediction, points, gap }) => [width, draw, prediction, points, gap].join(','));
await writeFile(`${folder}width.csv`, ['width,draw,prediction,points,gap', ...lines, ''].join('\n'));
const result = { task, widths, draws: draws.length, largestLossRatio: Math.max(...losses), curves };
await writeFile(`${folder}width.json`, `${JSON.stringify(result, undefined, 2)}\n`);

await import('./widthFigure.mts');
