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
 *
 * @example
 * const [a, b, c] = [1, 2, 3].map((index) => formatGenotype(cellAt(index)));
 * const table = parseSweepTable(`architecture,kappa\n${a},10\n${b},20\n${c},30\n`, 'cells.csv');
 * const [{ metric, spearmanRho }] = correlate(table, [90, 80, 85]); // the accuracies
 * console.log(metric, spearmanRho.value); // kappa -0.5
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
