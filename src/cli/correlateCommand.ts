import Table from 'cli-table3';
import { loadAccuracyTable, readSweepTable } from '../node/index.ts';
import { type BenchmarkDataset, bootstrap, kendallTau, METRICS, spearmanRho } from '../search/index.ts';
import { InputError } from '../tensor/index.ts';
import { interval, METRIC_NAMES, type MetricCorrelation, signed } from './correlationText.ts';
import { checkWritable, print, printJson, writePage } from './output.ts';
import { renderCorrelationReport } from './report/correlation.ts';

/** Options of `ntkit correlate`. */
export interface CorrelateCommandOptions {
  readonly dataset: BenchmarkDataset;
  readonly resamples: number;
  readonly seed: number;
  readonly json: boolean;
  readonly html?: string;
}

/** `ntkit correlate RESULTS`: rank correlation of a sweep's metrics with the benchmark's accuracies. */
export async function correlateCommand(path: string, options: CorrelateCommandOptions): Promise<void> {
  const { dataset, resamples, seed, json, html } = options;
  if (html !== undefined) await checkWritable(html);
  const [table, accuracies] = [await readSweepTable(path), await loadAccuracyTable()];
  if (table.cells.length < 2) throw new InputError(`${path}: expected at least 2 cells, got ${table.cells.length}`);
  const accuracy = table.cells.map((cell) => accuracies.of(cell)[dataset]);
  const correlations = METRICS.flatMap((metric): MetricCorrelation[] => {
    const values = table.metrics[metric];
    if (values === undefined) return [];
    return [
      {
        metric,
        kendallTau: bootstrap(kendallTau, values, accuracy, { resamples, seed }),
        spearmanRho: bootstrap(spearmanRho, values, accuracy, { resamples, seed }),
      },
    ];
  });
  if (html !== undefined) {
    await writePage(html, renderCorrelationReport({ path, dataset, resamples, table, accuracy, correlations }));
  }
  if (json) printJson({ path, dataset, cells: table.cells.length, resamples, correlations });
  else print(renderCorrelations(correlations, dataset));
}

function renderCorrelations(correlations: readonly MetricCorrelation[], dataset: BenchmarkDataset): string {
  const colour = process.stdout.isTTY && !process.env['NO_COLOR'];
  const table = new Table({
    head: [`with ${dataset}`, 'Kendall τ-b', '95 %', 'Spearman ρ', '95 %'],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: { head: colour ? ['bold'] : [], border: colour ? ['grey'] : [] },
  });
  for (const { metric, kendallTau: tau, spearmanRho: rho } of correlations) {
    table.push([METRIC_NAMES[metric], signed(tau.value), interval(tau), signed(rho.value), interval(rho)]);
  }
  return table.toString();
}
