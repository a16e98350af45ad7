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
