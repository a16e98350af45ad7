import * as Plot from '@observablehq/plot';
import { formatGenotype } from '../../nn/index.ts';
import type { BenchmarkDataset, Metric, SweepTable } from '../../search/index.ts';
import { interval, METRIC_NAMES, type MetricCorrelation, signed } from '../correlationText.ts';
import { format } from '../table.ts';
import { draw } from './draw.ts';
import { escape, renderPage } from './page.ts';

/** What the page of a correlation shows. */
export interface CorrelationReport {
  readonly path: string;
  readonly dataset: BenchmarkDataset;
  readonly resamples: number;
  readonly table: SweepTable;
  /** True accuracy of every cell, in percent. */
  readonly accuracy: readonly number[];
  readonly correlations: readonly MetricCorrelation[];
}

const DATASET_NAMES: Readonly<Record<BenchmarkDataset, string>> = {
  cifar10: 'CIFAR-10',
  cifar100: 'CIFAR-100',
  'imagenet16-120': 'ImageNet16-120',
};

/** The page of a correlation: τ and ρ with their intervals, and a scatter plot of every metric. */
export function renderCorrelationReport(report: CorrelationReport): string {
  const { path, dataset, resamples, table, correlations } = report;
  const name = DATASET_NAMES[dataset];
  return renderPage({
    title: `What predicts the accuracy of a cell on ${name}`,
    settings: [
      ['cells', table.cells.length.toLocaleString('en')],
      ['accuracy', `${name}, mean test accuracy after 200 epochs`],
      ['table', path.split('/').at(-1)],
      ['intervals', `95 %, ${resamples.toLocaleString('en')} bootstrap resamples`],
    ],
    introduction: `<p>A score that needs no training is worth something if it orders architectures as training does. Kendall's τ and
Spearman's ρ are 1 when two orders agree, −1 when one is the other's reverse, and 0 when they have nothing to do with each other.
A small κ promises a network that trains well, so that its τ should be <em>negative</em>. The numbers of parameters and of
operations are what any score has to be better than.</p>`,
    body: `<h2>Rank correlations</h2>
<div class="card">${correlationTable(correlations)}</div>
<h2>Every cell</h2>
${correlations.map(({ metric, kendallTau }) => scatterCard(report, metric, name, kendallTau.value)).join('\n')}`,
  });
}

function correlationTable(correlations: readonly MetricCorrelation[]): string {
  const rows = correlations.map(
    ({ metric, kendallTau, spearmanRho }) =>
      `<tr><td><strong>${METRIC_NAMES[metric]}</strong></td>${[kendallTau, spearmanRho]
        .map(
          (estimate) =>
            `<td class="number">${signed(estimate.value)}</td><td class="number quiet">${interval(estimate)}</td>`,
        )
        .join('')}</tr>`,
  );
  const heads = ['Kendall τ-b', '95 %', 'Spearman ρ', '95 %'];
  return `<table><thead><tr><th scope="col">metric</th>${heads.map((head) => `<th scope="col" class="number">${head}</th>`).join('')}</tr></thead><tbody>${rows.join('')}</tbody></table>`;
}

function scatterCard({ table, accuracy }: CorrelationReport, metric: Metric, dataset: string, tau: number): string {
  const points = table.metrics[metric]!.map((value, i) => ({ value, accuracy: accuracy[i], cell: table.cells[i] }));
  // A log axis shows only what is positive and finite.
  const shown = points.filter(({ value }) => value > 0 && Number.isFinite(value));
  const left = points.length - shown.length;
  const chart = draw(`${METRIC_NAMES[metric]} and accuracy`, {
    width: 900,
    height: 420,
    marginLeft: 56,
    marginBottom: 44,
    x: { type: 'log', label: `${METRIC_NAMES[metric]} →`, grid: true, tickFormat: '~s' },
    y: { label: `↑ accuracy on ${dataset}, %`, grid: true },
    marks: [
      Plot.dot(shown, {
        x: 'value',
        y: 'accuracy',
        r: shown.length > 2000 ? 1.5 : 3,
        fill: 'var(--good)',
        fillOpacity: 0.45,
        title: ({ value, accuracy: percent, cell }: (typeof shown)[number]) =>
          `${formatGenotype(cell)}: ${format(value)}, ${percent.toFixed(2)} %`,
      }),
    ],
  });
  const note =
    left > 0
      ? `<p class="small quiet">${left} cells without a finite value are left out of the plot, not of τ.</p>`
      : '';
  return `<div class="card"><figure style="margin:0"><figcaption>${escape(METRIC_NAMES[metric])}, τ = ${signed(tau)}</figcaption>${chart}</figure>${note}</div>`;
}
