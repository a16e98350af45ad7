import type { Estimate, Metric, MetricCorrelation } from '../search/index.ts';
import { formatCorrelation } from './numbers.ts';
import { type TextOptions, textTable } from './textTable.ts';

/** What a metric is called in tables. */
export const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  kappa: 'κ',
  regions: 'linear regions',
  parameters: 'parameters',
  flops: 'FLOPs',
};

/** An interval of correlations. */
export function interval({ low, high }: Estimate): string {
  return `${formatCorrelation(low)} … ${formatCorrelation(high)}`;
}

/**
 * Rank correlations in text, a metric a row.
 *
 * @param dataset accuracies on which
 *
 * @example
 * const table = { cells: [], metrics: { kappa: [10, 20, 30, 40] } };
 * const correlations = correlate(table, [93, 94, 90, 88], { resamples: 100 });
 * console.log(correlationTable(correlations, 'CIFAR-10'));
 * // ┌───────────────┬─────────────┬────────────────┬────────────┬────────────────┐
 * // │ with CIFAR-10 │ Kendall τ-b │           95 % │ Spearman ρ │           95 % │
 * // ├───────────────┼─────────────┼────────────────┼────────────┼────────────────┤
 * // │ κ             │      −0.667 │ −1.000 … 1.000 │     −0.800 │ −1.000 … 1.000 │
 * // └───────────────┴─────────────┴────────────────┴────────────┴────────────────┘
 */
export function correlationTable(
  correlations: readonly MetricCorrelation[],
  dataset: string,
  options: TextOptions = {},
): string {
  const number = { align: 'right' } as const;
  const columns = [
    { head: `with ${dataset}` },
    { head: 'Kendall τ-b', ...number },
    { head: '95 %', ...number, spare: 1 },
    { head: 'Spearman ρ', ...number },
    { head: '95 %', ...number, spare: 1 },
  ];
  const rows = correlations.map(({ metric, kendallTau: tau, spearmanRho: rho }) => [
    ...[METRIC_NAMES[metric], formatCorrelation(tau.value), interval(tau), formatCorrelation(rho.value), interval(rho)],
  ]);
  return textTable(columns, rows, options);
}
