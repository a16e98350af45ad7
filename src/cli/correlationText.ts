import type { Estimate, Metric } from '../search/index.ts';

/** How one metric goes with accuracy. */
export interface MetricCorrelation {
  readonly metric: Metric;
  readonly kendallTau: Estimate;
  readonly spearmanRho: Estimate;
}

/** What a metric is called in tables. */
export const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  kappa: 'κ',
  regions: 'linear regions',
  parameters: 'parameters',
  flops: 'FLOPs',
};

/** A correlation with its sign and three decimals. */
export function signed(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value.toFixed(3).replace('-', '−');
}

/** An interval of correlations. */
export function interval({ low, high }: Estimate): string {
  return `${signed(low)} … ${signed(high)}`;
}
