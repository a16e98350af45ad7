import { formatValue, oneOf } from '../check.ts';
import type { Genotype } from '../nn/index.ts';
import { InputError } from '../tensor/index.ts';
import { cellAt, cellDigits } from './cells.ts';
import { CELL_COUNT } from './constants.ts';
import { fieldError, parseCsv, parseNumber } from './csv.ts';

/** Data sets that NAS-Bench-201 trains on. */
export const BENCHMARK_DATASETS = ['cifar10', 'cifar100', 'imagenet16-120'] as const;

/** One of {@link BENCHMARK_DATASETS}. */
export type BenchmarkDataset = (typeof BENCHMARK_DATASETS)[number];

/** What NAS-Bench-201 says of a cell: mean test accuracy after 200 epochs, in percent. */
export interface CellAccuracy extends Readonly<Record<BenchmarkDataset, number>> {
  /** The benchmark's number of the cell. */
  readonly index: number;
}

const HEADER = 'index,ops,cifar10,cifar100,imagenet16_120';

/**
 * True accuracies of all 15,625 cells of NAS-Bench-201 (Dong & Yang 2020), see assets/README.md.
 *
 * @example
 * const table = await loadAccuracyTable(); // of ntkit/node; in a page, parse(text) of the file in `assets`
 * const conv = 'nor_conv_3x3'; // on all edges
 * const cell = [[conv], [conv, conv], [conv, conv, conv]];
 * console.log(table.of(cell).cifar10, table.betterThan(cell, 'cifar10')); // 93.76 166
 */
export class AccuracyTable {
  readonly #rows: ReadonlyMap<string, CellAccuracy>;

  private constructor(rows: ReadonlyMap<string, CellAccuracy>) {
    this.#rows = rows;
  }

  /**
   * Reads the table from its text, CSV.
   *
   * @param name what messages call it.
   * @throws InputError when it is no such table.
   */
  static parse(text: string, name: string): AccuracyTable {
    const table = parseCsv(text, `accuracies ${name}`);
    if (table.columns.join(',') !== HEADER || table.rows.length !== CELL_COUNT) {
      const got = `${table.rows.length} and ${formatValue(table.columns.join(','))}`;
      throw new InputError(`${table.name}: expected ${CELL_COUNT} cells and ${HEADER}, got ${got}`);
    }
    const rows = new Map<string, CellAccuracy>();
    const seen = new Set<number>();
    for (const { line, fields } of table.rows) {
      const field = (column: string, expected: string, fits: (value: number) => boolean) => {
        const got = fields[table.columns.indexOf(column)];
        const value = parseNumber(got);
        if (value === undefined || !fits(value)) throw fieldError(table.name, line, column, expected, got);
        return value;
      };
      const isIndex = (value: number) => Number.isInteger(value) && value >= 0 && value < CELL_COUNT;
      const percent = (column: string) => field(column, 'percent, 0 to 100', (value) => value >= 0 && value <= 100);
      const index = field('index', `a number of its own from 0 to ${CELL_COUNT - 1}`, (value) => {
        return isIndex(value) && !seen.has(value);
      });
      const ops = fields[1];
      if (!/^[0-4]{6}$/.test(ops) || rows.has(ops)) {
        throw fieldError(table.name, line, 'ops', 'six operations, 0 to 4, that no other line has', ops);
      }
      seen.add(index);
      rows.set(ops, {
        index,
        cifar10: percent('cifar10'),
        cifar100: percent('cifar100'),
        'imagenet16-120': percent('imagenet16_120'),
      });
    }
    return new AccuracyTable(rows);
  }

  /** The accuracies of a cell. */
  of(cell: Genotype): CellAccuracy {
    return this.#rows.get(cellDigits(cell))!;
  }

  /**
   * The cell of a number of the benchmark's.
   *
   * @throws InputError when it has no such number.
   */
  cell(index: number): Genotype {
    const [digits] = [...this.#rows].find(([, row]) => row.index === index) ?? [];
    if (digits === undefined)
      throw new InputError(`cell: expected a number from 0 to ${CELL_COUNT - 1}, got ${formatValue(index)}`);
    return cellAt(parseInt(digits, 5));
  }

  /** How many cells are more accurate than one. */
  betterThan(cell: Genotype, dataset: BenchmarkDataset): number {
    oneOf('betterThan: dataset', dataset, BENCHMARK_DATASETS);
    const own = this.of(cell)[dataset];
    return [...this.#rows.values()].filter((row) => row[dataset] > own).length;
  }
}
