import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { csvFormat } from 'd3-dsv';
import { loadPlotter } from '../../src/report/plotter.ts';
import { bootstrap, kendallTau } from '../../src/search/index.ts';
import { svgFile } from './svgFile.ts';

// What cells.mts measured, as a table, rank correlations and a figure: docs/science/cells.{csv,json,svg}, and
// cells.narrow.svg for telephones.
//
//     npx tsx scripts/experiments/cellsFigure.mts

/** JSON lacks infinity: what diverged is a text. */
type Real = number | string;

interface Line {
  readonly cell: string;
  readonly parameters: number;
  readonly swept: { readonly kappa: number; readonly regions: number; readonly flops: number };
  readonly training: Readonly<Record<'crossEntropy' | 'mse', { learningRate: number; losses: Real[] }>>;
  readonly kappa_eval_sum: readonly Real[];
  readonly kappa_train_sum: readonly Real[];
}

const folder = fileURLToPath(new URL('../../docs/science/', import.meta.url));
const lines = (await readFile(`${folder}cells.jsonl`, 'utf8'))
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as Line)
  .sort((a, b) => a.swept.kappa - b.swept.kappa);
const mean = (values: readonly Real[]) => values.reduce<number>((sum, value) => sum + Number(value), 0) / values.length;

const rows = lines.map(({ cell, parameters, swept, training, ...line }) => ({
  cell,
  parameters,
  flops: swept.flops,
  regions: swept.regions,
  kappa_train: mean(line.kappa_train_sum),
  kappa_eval: mean(line.kappa_eval_sum),
  loss_crossEntropy: mean(training.crossEntropy.losses),
  rate_crossEntropy: training.crossEntropy.learningRate,
  loss_mse: mean(training.mse.losses),
  rate_mse: training.mse.learningRate,
}));
await writeFile(`${folder}cells.csv`, `${csvFormat(rows)}\n`);

/** Against what the loss is put; the sign makes an agreement with what the score promises positive. */
const SCORES = {
  kappa_train: { name: 'κ, train mode', sign: 1 },
  kappa_eval: { name: 'κ, eval mode', sign: 1 },
  parameters: { name: 'parameters', sign: -1 },
  flops: { name: 'FLOPs', sign: -1 },
  regions: { name: 'linear regions', sign: -1 },
} as const;
type Score = keyof typeof SCORES;
const LOSSES = { crossEntropy: 'cross-entropy', mse: 'mean squared error' } as const;
type Loss = keyof typeof LOSSES;

const rounded = (value: number) => Number(value.toFixed(3));
const correlations = (Object.keys(LOSSES) as Loss[]).flatMap((loss) =>
  (Object.keys(SCORES) as Score[]).map((score) => {
    const scores = rows.map((row) => SCORES[score].sign * row[score]);
    const losses = rows.map((row) => row[`loss_${loss}`]);
    const sizes = rows.map((row) => -row.parameters);
    const { low, high } = bootstrap(kendallTau, scores, losses, { resamples: 2000 });
    // Kendall's partial τ: what is left of the agreement where the order by size is taken out.
    const [all, ofScore, ofLoss] = [kendallTau(scores, losses), kendallTau(scores, sizes), kendallTau(losses, sizes)];
    const partial = (all - ofScore * ofLoss) / Math.sqrt((1 - ofScore ** 2) * (1 - ofLoss ** 2));
    return {
      ...{ loss, score, tau: rounded(all), low: rounded(low), high: rounded(high) },
      ...(score === 'parameters' || score === 'flops' ? {} : { givenParameters: rounded(partial) }),
    };
  }),
);
await writeFile(`${folder}cells.json`, `${JSON.stringify({ cells: rows.length, correlations }, undefined, 2)}\n`);
console.table(correlations);

const { Plot, draw } = await loadPlotter();
const shown = ['kappa_train', 'kappa_eval', 'parameters'] as const;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Whether it names its vertical axis. */
  readonly isLabelled: boolean;
}

function chart(loss: Loss, score: (typeof shown)[number], { x, y, width, height, isLabelled }: Place): string {
  const { tau } = correlations.find((each) => each.loss === loss && each.score === score)!;
  const title = `${LOSSES[loss]} after 90 steps against ${SCORES[score].name}`;
  const drawn = draw(title, {
    ...{ width, height, marginLeft: 52, marginBottom: 44, marginTop: 34, marginRight: 12 },
    x: { type: 'log', label: `${SCORES[score].name} →`, tickFormat: '~s', ticks: 3 },
    y: { label: isLabelled ? `↑ ${LOSSES[loss]}` : null, grid: true, ticks: 5 },
    marks: [
      Plot.dot(rows, { x: score, y: `loss_${loss}`, r: 3, fill: 'var(--dot)', fillOpacity: 0.7 }),
      Plot.text([`τ = ${tau.toFixed(2).replace('-', '−')}`], { frameAnchor: 'top-right', dy: -14 }),
    ],
  });
  return drawn.replace(/^<svg/, `<svg x="${x}" y="${y}"`);
}

/** All charts in rows of `columns`, as a file. */
async function write(name: string, columns: number, width: number, height: number): Promise<void> {
  const all = (Object.keys(LOSSES) as Loss[]).flatMap((loss) => shown.map((score) => ({ loss, score })));
  const charts = all.map(({ loss, score }, k) => {
    const [x, y] = [(k % columns) * (width + 4), Math.floor(k / columns) * (height + 4)];
    return chart(loss, score, { x, y, width, height, isLabelled: k % columns === 0 });
  });
  const [w, h] = [columns * (width + 4), Math.ceil(all.length / columns) * (height + 4)];
  const svg = `<svg width="${w}" height="${h}" viewBox="0 0 ${w} ${h}" role="img" aria-label="training loss against κ and parameters">${charts.join('')}</svg>`;
  await writeFile(`${folder}${name}.svg`, svgFile(svg, { dot: ['#0072b2', '#62b5e5'] }));
}
await write('cells', 3, 300, 260);
await write('cells.narrow', 1, 338, 220);
