import { type Genotype, parseGenotype } from '../nn/index.ts';
import { InputError } from '../tensor/index.ts';

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
 * Reads a table of cells: CSV with a header that names `architecture` and one or more of {@link METRICS}. A last line
 * without an end is one that is being written, and left out. A κ that is no positive number is taken for infinite: such a
 * network cannot be trained.
 *
 * @param path names the table in messages.
 * @throws InputError when the text is no such table.
 */
export function parseSweepTable(text: string, path: string): SweepTable {
  const [header = '', ...lines] = text.split(/\r?\n/).slice(0, -1);
  const names = header.split(',');
  const place = names.indexOf('architecture');
  const present = METRICS.filter((metric) => names.includes(metric));
  if (place < 0 || present.length === 0) {
    throw new InputError(
      `${path}: expected columns architecture and ${METRICS.join(' or ')}, got ${JSON.stringify(header.slice(0, 60))}`,
    );
  }
  const cells: Genotype[] = [];
  const metrics = Object.fromEntries(present.map((metric) => [metric, [] as number[]])) as Record<Metric, number[]>;
  for (const [i, line] of lines.entries()) {
    const fields = line.split(',');
    if (fields.length !== names.length) {
      throw new InputError(`${path}: row ${i + 1}: expected ${names.length} fields, got ${fields.length}`);
    }
    cells.push(parseGenotype(fields[place]));
    for (const metric of present) {
      const value = Number(fields[names.indexOf(metric)]);
      if (metric === 'kappa') metrics.kappa.push(value > 0 ? value : Infinity);
      else if (Number.isNaN(value))
        throw new InputError(
          `${path}: row ${i + 1}: ${metric}: expected a number, got ${fields[names.indexOf(metric)]}`,
        );
      else metrics[metric].push(value);
    }
  }
  return { cells, metrics };
}
