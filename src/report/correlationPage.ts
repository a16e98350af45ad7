import { formatGenotype } from '../nn/index.ts';
import type { BenchmarkDataset, Metric, MetricCorrelation, SweepTable } from '../search/index.ts';
import { interval, METRIC_NAMES } from './correlationTable.ts';
import { format, formatCorrelation, formatCount } from './numbers.ts';
import { escape, htmlTable, renderPage } from './page.ts';
import { loadPlotter, type Plotter } from './plotter.ts';

/** What the page of a correlation shows. */
export interface CorrelationReport {
  /** What the table is called. */
  readonly name: string;
  readonly dataset: BenchmarkDataset;
  /** Of the bootstrap intervals. */
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

/**
 * The page of a correlation: τ and ρ with their intervals, and a scatter plot of every metric.
 *
 * @example
 * const table = { cells: [cellAt(1), cellAt(2), cellAt(3)], metrics: { kappa: [10, 20, 30] } };
 * const accuracy = [90, 80, 85];
 * const correlations = correlate(table, accuracy, { resamples: 100 });
 * const named = { name: 'three cells', dataset: 'cifar10', resamples: 100 } as const;
 * const html = await correlationPage({ ...named, table, accuracy, correlations });
 * console.log(html.slice(0, 15)); // <!doctype html>
 */
export async function correlationPage(report: CorrelationReport): Promise<string> {
  const { name: table, dataset, resamples, correlations } = report;
  const name = DATASET_NAMES[dataset];
  const plotter = await loadPlotter();
  return renderPage({
    title: `What predicts the accuracy of a cell on ${name}`,
    settings: [
      ['cells', formatCount(report.table.cells.length)],
      ['accuracy', `${name}, mean test accuracy after 200 epochs`],
      ['table', table],
      ['intervals', `95 %, ${formatCount(resamples)} bootstrap resamples`],
    ],
    introduction: `<p>A score that needs no training is worth something if it orders architectures as training does. Kendall's τ and
Spearman's ρ are 1 when two orders agree, −1 when one is the other's reverse, and 0 when they have nothing to do with each other.
A small κ promises a network that trains well, so that its τ should be <em>negative</em>. The numbers of parameters and of
operations are what any score has to be better than.</p>`,
    body: `<h2>Rank correlations</h2>
<div class="card">${summaryTable(correlations)}</div>
<h2>Every cell</h2>
<div class="scatter">${correlations
      .map(({ metric, kendallTau }) => scatterCard(plotter, report, metric, name, kendallTau.value))
      .join('\n')}</div>`,
  });
}

function summaryTable(correlations: readonly MetricCorrelation[]): string {
  const rows = correlations.map(({ metric, kendallTau, spearmanRho }) => [
    `<strong>${METRIC_NAMES[metric]}</strong>`,
    ...[kendallTau, spearmanRho].flatMap((estimate) => [
      ...[formatCorrelation(estimate.value), `<span class="quiet">${interval(estimate)}</span>`],
    ]),
  ]);
  const numbers = ['Kendall τ-b', '95 %', 'Spearman ρ', '95 %'].map((head) => ({ head, number: true }));
  return htmlTable([{ head: 'metric' }, ...numbers], rows);
}

function scatterCard(
  { Plot, draw }: Plotter,
  { table, accuracy }: CorrelationReport,
  metric: Metric,
  dataset: string,
  tau: number,
): string {
  const points = table.metrics[metric]!.map((value, i) => ({ value, accuracy: accuracy[i], cell: table.cells[i] }));
  // A log axis shows only what is positive and finite.
  const shown = points.filter(({ value }) => value > 0 && Number.isFinite(value));
  const left = points.length - shown.length;
  const chart = draw(`${METRIC_NAMES[metric]} and accuracy`, {
    width: 420,
    height: 340,
    style: { background: 'none', color: 'currentColor', fontSize: '13.5px' },
    marginLeft: 44,
    marginBottom: 44,
    x: { type: 'log', label: `${METRIC_NAMES[metric]} →`, grid: true, tickFormat: '~s', ticks: 3 },
    y: { label: `↑ accuracy on ${dataset}, %`, grid: true },
    marks: [
      Plot.dot(shown, {
        x: 'value',
        y: 'accuracy',
        r: shown.length > 2000 ? 1 : shown.length > 200 ? 2 : 3,
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
  return `<div class="card"><figure><figcaption>${escape(METRIC_NAMES[metric])}, τ = ${formatCorrelation(tau)}</figcaption>${chart}</figure>${note}</div>`;
}
