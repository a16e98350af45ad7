import { bootstrap, type BootstrapOptions, type Estimate, kendallTau, spearmanRho } from './correlation.ts';
import { type Metric, METRICS, type SweepTable } from './sweepTable.ts';

/** How one metric goes with accuracy. */
export interface MetricCorrelation {
  readonly metric: Metric;
  readonly kendallTau: Estimate;
  readonly spearmanRho: Estimate;
}

/**
 * Rank correlation of every metric of a table with the accuracies of its cells.
 *
 * @param accuracy of each cell, in the table's order
 * @throws InputError when there are fewer than two cells, or not as many accuracies.
 */
export function correlate(
  { metrics }: SweepTable,
  accuracy: readonly number[],
  options: BootstrapOptions = {},
): MetricCorrelation[] {
  return METRICS.flatMap((metric) => {
    const values = metrics[metric];
    if (values === undefined) return [];
    const of = (coefficient: typeof kendallTau) => bootstrap(coefficient, values, accuracy, options);
    return [{ metric, kendallTau: of(kendallTau), spearmanRho: of(spearmanRho) }];
  });
}
