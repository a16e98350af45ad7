import { formatValue } from '../check.ts';
import { formatGenotype, type Genotype, parseGenotype } from '../nn/index.ts';
import { verdictOf } from '../ntk/index.ts';
import { InputError } from '../tensor/index.ts';
import type { CellMeasurement } from './cellMeasurer.ts';
import type { NetworkCost } from './cost.ts';
import { type KappaMeasurement, usableKappa } from './measurement.ts';
import { fieldError, parseNumber } from './csv.ts';
import { meanOf } from './ranking.ts';
import type { SweepSettings } from './settings.ts';

const FIXED = ['architecture', 'parameters', 'flops', 'kappa', 'regions'];
const REPEATED = ['kappa', 'lambda_min', 'lambda_max', 'noise_floor', 'verdict', 'regions'];

/**
 * The first line of a sweep's table: what all repeats give, then the values of each.
 *
 * @example
 * console.log(headerLine(3).split(',').slice(0, 7));
 * // [
 * //   'architecture',
 * //   'parameters',
 * //   'flops',
 * //   'kappa',
 * //   'regions',
 * //   'kappa_1',
 * //   'lambda_min_1'
 * // ]
 */
export function headerLine(repeats: number): string {
  const each = Array.from({ length: repeats }, (_, r) => REPEATED.map((name) => `${name}_${r + 1}`));
  return [...FIXED, ...each.flat()].join(',');
}

/**
 * One cell's line. Numbers are written so that reading them gives the same bits. `kappa` is the mean over the repeats of
 * what is certain (λmax over the noise floor when λmin is lost in it), Infinity when nothing is.
 *
 * @example
 * const kappas = [{ lambdaMin: 1, lambdaMax: 10, noiseFloor: 1e-6, verdict: 'resolved' }] as const;
 * const line = formatRow(cellAt(1), { parameters: 100, flops: 2000 }, { kappas, regions: [7] });
 * console.log(line.slice(line.indexOf(',') + 1)); // 100,2000,10,7,10,1,10,0.000001,resolved,7
 */
export function formatRow(
  cell: Genotype,
  { parameters, flops }: NetworkCost,
  { kappas, regions }: CellMeasurement,
): string {
  const usable = kappas.map((kappa) => usableKappa(kappa, 'paper'));
  const mean = usable.includes(Number.MAX_VALUE) ? Infinity : meanOf(usable);
  const each = kappas.map(({ lambdaMin, lambdaMax, noiseFloor, verdict }, r) => [
    lambdaMax / lambdaMin,
    lambdaMin,
    lambdaMax,
    noiseFloor,
    verdict,
    regions[r],
  ]);
  return [formatGenotype(cell), parameters, flops, mean, meanOf(regions), ...each.flat()].join(',');
}

/**
 * The measurements of a line: the inverse of {@link formatRow}. Every field is checked: what can be computed from others is
 * what it would be.
 *
 * @param settings of the table.
 * @param where names the table and the line's number in messages.
 * @throws InputError that names the column of the first field that is wrong.
 *
 * @example
 * const kappas = [{ lambdaMin: 1, lambdaMax: 10, noiseFloor: 1e-6, verdict: 'resolved' }] as const;
 * const line = formatRow(cellAt(1), { parameters: 100, flops: 2000 }, { kappas, regions: [7] });
 * const row = parseRow(line, sweepSettings, { table: 'sweep.csv', line: 2 });
 * console.log(row.flops, row.regions, row.kappas[0].verdict); // 2000 [ 7 ] resolved
 */
export function parseRow(
  line: string,
  { repeats, regions: { batches, samples } }: Pick<SweepSettings, 'repeats' | 'regions'>,
  where: { readonly table: string; readonly line: number },
): { readonly architecture: string; readonly cell: Genotype } & NetworkCost & CellMeasurement {
  const columns = headerLine(repeats).split(',');
  const fields = line.split(',');
  if (fields.length !== columns.length) {
    throw new InputError(
      `${where.table}: line ${where.line}: expected ${columns.length} fields, got ${fields.length}: ${formatValue(line)}`,
    );
  }
  const fail = (column: string, expected: string) =>
    fieldError(where.table, where.line, column, expected, fields[columns.indexOf(column)]);
  const numberAt = (column: string, expected: string, fits: (value: number) => boolean) => {
    const value = parseNumber(fields[columns.indexOf(column)]);
    if (value === undefined || !fits(value)) throw fail(column, expected);
    return value;
  };
  const isCount = (most: number) => (value: number) => Number.isInteger(value) && value >= 0 && value <= most;

  const cell = parseCellField(fields[0], where);
  const parameters = numberAt('parameters', 'a whole number', isCount(Infinity));
  const flops = numberAt('flops', 'a whole number', isCount(Infinity));
  const kappas: KappaMeasurement[] = [];
  const regions: number[] = [];
  for (let r = 1; r <= repeats; r++) {
    const lambdaMin = numberAt(`lambda_min_${r}`, 'a finite number', Number.isFinite);
    const lambdaMax = numberAt(
      `lambda_max_${r}`,
      'a finite number of at least lambda_min',
      (value) => Number.isFinite(value) && value >= lambdaMin,
    );
    const noiseFloor = numberAt(
      `noise_floor_${r}`,
      'a finite number of at least 0',
      (value) => Number.isFinite(value) && value >= 0,
    );
    const verdict = verdictOf(lambdaMin, noiseFloor);
    kappas.push({ lambdaMin, lambdaMax, noiseFloor, verdict });
    const most = batches * samples;
    regions.push(numberAt(`regions_${r}`, `a whole number of at most ${most}`, isCount(most)));
  }
  // What is written of these numbers, to the last digit: κ, verdicts and means among it.
  const written = formatRow(cell, { parameters, flops }, { kappas, regions }).split(',');
  const wrong = fields.findIndex((field, i) => field !== written[i]);
  if (wrong >= 0) throw fail(columns[wrong], `${written[wrong]}, as the other fields give`);
  return { architecture: fields[0], cell, parameters, flops, kappas, regions };
}

/** The cell that a field of a table names. @throws InputError when it names none. */
export function parseCellField(
  field: string,
  { table, line }: { readonly table: string; readonly line: number },
): Genotype {
  try {
    return parseGenotype(field);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${table}: line ${line}, column architecture: ${error.message}`);
  }
}
