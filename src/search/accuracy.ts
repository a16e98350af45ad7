import { oneOf } from '../check.ts';
import type { Genotype } from '../nn/index.ts';
import { InputError } from '../tensor/index.ts';
import { cellAt, cellDigits } from './cells.ts';
import { CELL_COUNT } from './constants.ts';

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

/** True accuracies of all 15,625 cells of NAS-Bench-201 (Dong & Yang 2020), see assets/README.md. */
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
    const [header, ...lines] = text.trimEnd().split('\n');
    const rows = new Map(
      lines.map((line) => {
        const [index, ops, cifar10, cifar100, imagenet] = line.split(',');
        const row = {
          index: Number(index),
          cifar10: Number(cifar10),
          cifar100: Number(cifar100),
          'imagenet16-120': Number(imagenet),
        };
        return [ops, row] as const;
      }),
    );
    if (header !== HEADER || rows.size !== CELL_COUNT) {
      throw new InputError(
        `accuracies ${name}: expected ${HEADER} of ${CELL_COUNT} cells, got ${rows.size} and ${header}`,
      );
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
    if (digits === undefined) throw new InputError(`cell: expected a number from 0 to ${CELL_COUNT - 1}, got ${index}`);
    return cellAt(parseInt(digits, 5));
  }

  /** How many cells are more accurate than one. */
  betterThan(cell: Genotype, dataset: BenchmarkDataset): number {
    oneOf('betterThan: dataset', dataset, BENCHMARK_DATASETS);
    const own = this.of(cell)[dataset];
    return [...this.#rows.values()].filter((row) => row[dataset] > own).length;
  }
}
