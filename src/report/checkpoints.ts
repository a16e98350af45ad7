import { csvFormatRows } from 'd3-dsv';
import type { KernelCheckpoint } from '../training/index.ts';
import { format, formatInterval } from './numbers.ts';
import { type Column, type TextOptions, textTable } from './textTable.ts';

/**
 * A table of checkpoints in text, one a row.
 *
 * @example
 * const trainer = await Trainer.create(network, { loss: mseLoss, optimizer: sgd({ learningRate: 0.1 }) });
 * const trace = await KernelTrace.create(trainer, images, ndarray(new Float64Array(12), [4, 3]));
 * await trace.record(); // and after some steps again
 * console.log(checkpointTable(trace.checkpoints).includes('effective rank')); // true
 * trace.dispose();
 * trainer.dispose();
 */
export function checkpointTable(checkpoints: readonly KernelCheckpoint[], options: TextOptions = {}): string {
  const { columns, rows } = checkpointCells(checkpoints);
  return textTable(columns, rows, options);
}

/** The columns of {@link checkpointCsv}, by the names that a checkpoint has for them. */
const CSV_COLUMNS = [
  ...(['step', 'loss', 'accuracy', 'distance', 'alignment', 'centeredAlignment', 'effectiveRank'] as const),
  ...(['kappa', 'kappaLowerBound', 'verdict', 'lambdaMin', 'lambdaMax', 'noiseFloor'] as const),
];

/**
 * Checkpoints as comma-separated values, with a header; to full precision, and empty where there is none.
 *
 * @example
 * const trainer = await Trainer.create(network, { loss: mseLoss, optimizer: sgd({ learningRate: 0.1 }) });
 * const trace = await KernelTrace.create(trainer, images, ndarray(new Float64Array(12), [4, 3]));
 * await trace.record(); // and after some steps again
 * console.log(checkpointCsv(trace.checkpoints).split(',').slice(0, 4)); // [ 'step', 'loss', 'accuracy', 'distance' ]
 * trace.dispose();
 * trainer.dispose();
 */
export function checkpointCsv(checkpoints: readonly KernelCheckpoint[]): string {
  const rows = checkpoints.map((each) => CSV_COLUMNS.map((name) => String(each[name] ?? '')));
  return `${csvFormatRows([[...CSV_COLUMNS], ...rows])}\n`;
}

/** The cells of the table of checkpoints. */
export function checkpointCells(checkpoints: readonly KernelCheckpoint[]): { columns: Column[]; rows: string[][] } {
  const number = { align: 'right' } as const;
  const classes = checkpoints.some(({ accuracy }) => accuracy !== undefined);
  return {
    columns: [
      { head: 'step', ...number },
      { head: 'loss', ...number },
      ...(classes ? [{ head: 'accuracy', ...number }] : []),
      { head: 'distance', ...number },
      { head: 'alignment', ...number, spare: 1 },
      { head: 'centred', ...number, spare: 2 },
      { head: 'effective rank', ...number },
      { head: 'κ', ...number },
      { head: 'κ between', ...number, spare: 3 },
      { head: 'verdict' },
    ],
    rows: checkpoints.map((each) => [
      String(each.step),
      format(each.loss),
      ...(classes ? [each.accuracy === undefined ? '–' : `${(100 * each.accuracy).toFixed(1)} %`] : []),
      format(each.distance),
      ...[each.alignment, each.centeredAlignment].map((value) => value.toFixed(3)),
      each.effectiveRank.toFixed(2),
      format(each.kappa),
      formatInterval(each.kappaInterval),
      each.verdict,
    ]),
  };
}
