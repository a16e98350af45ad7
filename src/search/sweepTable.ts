import { formatValue } from '../check.ts';
import type { Genotype } from '../nn/index.ts';
import { InputError } from '../tensor/index.ts';
import { fieldError, parseCsv, parseNumber } from './csv.ts';
import { parseCellField } from './sweepRow.ts';

/** Columns of a table that accuracy can be compared with. */
export const METRICS = ['kappa', 'regions', 'parameters', 'flops'] as const;

/** One of {@link METRICS}. */
export type Metric = (typeof METRICS)[number];

/** Cells with the metrics that a table has of them. */
export interface SweepTable {
  readonly cells: readonly Genotype[];
  readonly metrics: Partial<Record<Metric, readonly number[]>>;
}

/**
 * Reads a table of cells: CSV (with a byte-order mark or without, quoted fields, commas, semicolons or tabs) with a header
 * that names `architecture` and one or more of {@link METRICS}. A κ that is no positive number is taken for infinite: such a
 * network cannot be trained. In a table that a sweep writes, a last line without an end is one that is being written, and left
 * out.
 *
 * @param path names the table in messages.
 * @throws InputError when the text is no such table.
 *
 * @example
 * const text = `architecture;kappa;flops\n${formatGenotype(cellAt(1))};-3;2000\n`;
 * const { cells, metrics } = parseSweepTable(text, 'cells.csv'); // a κ below 0 is that of no network that trains
 * console.log(cellDigits(cells[0]), metrics.kappa, metrics.flops); // 000001 [ Infinity ] [ 2000 ]
 */
export function parseSweepTable(text: string, path: string): SweepTable {
  const [header] = text.split(/[\r\n]/, 1);
  const ofSweep = header.includes('lambda_min_1');
  const { columns, rows } = parseCsv(ofSweep ? text.slice(0, text.lastIndexOf('\n') + 1) : text, path);
  const place = columns.indexOf('architecture');
  const present = METRICS.filter((metric) => columns.includes(metric));
  if (place < 0 || present.length === 0) {
    throw new InputError(
      `${path}: expected columns architecture and ${METRICS.join(' or ')}, got ${formatValue(columns.join(','))}`,
    );
  }
  const metrics = Object.fromEntries(present.map((metric) => [metric, [] as number[]])) as Record<Metric, number[]>;
  const cells = rows.map(({ line, fields }) => {
    for (const metric of present) {
      const field = fields[columns.indexOf(metric)];
      const value = parseNumber(field);
      if (value === undefined) throw fieldError(path, line, metric, 'a number', field);
      if (metric === 'kappa') metrics.kappa.push(value > 0 ? value : Infinity);
      else if (Number.isFinite(value)) metrics[metric].push(value);
      else throw fieldError(path, line, metric, 'a finite number', field);
    }
    return parseCellField(fields[place], { table: path, line });
  });
  return { cells, metrics };
}
