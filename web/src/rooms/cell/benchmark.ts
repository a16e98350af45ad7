import { signal } from '@preact/signals';
import { fetched } from '../../fetched.ts';

// What is known of all cells: the accuracies that NAS-Bench-201 records, and the κ of the 1,000 that were swept. Loaded
// when the first κ is there.

/** What NAS-Bench-201 records of a cell: its number, and mean test accuracies after 200 epochs, in percent. */
export interface Recorded {
  readonly index: number;
  readonly cifar10: number;
  readonly cifar100: number;
  readonly imagenet16: number;
}

/** A cell of the sweep. */
export interface SweptCell {
  /** Its index among the 15,625 cells. */
  readonly cell: number;
  readonly digits: string;
  /** The mean of three draws at C = 16, N = 1 on 32 images; NaN where λmin is lost. */
  readonly kappa: number;
}

/** All of it. */
export class Benchmark {
  readonly swept: readonly SweptCell[];
  readonly #accuracies: DataView;

  constructor(accuracies: Uint8Array<ArrayBuffer>, sweep: string) {
    this.#accuracies = new DataView(accuracies.buffer);
    const [, ...lines] = sweep.trim().split('\n');
    this.swept = lines.map((line) => {
      const [digits, kappa] = line.split(',');
      return { digits, cell: parseInt(digits, 5), kappa: kappa === '' ? NaN : Number(kappa) };
    });
  }

  /** What is recorded of the cell with an index among the 15,625. */
  recorded(cell: number): Recorded {
    const field = (k: number) => this.#accuracies.getUint16(8 * cell + 2 * k, true);
    return { index: field(0), cifar10: field(1) / 100, cifar100: field(2) / 100, imagenet16: field(3) / 100 };
  }

  /** The rank of a cell among the 15,625 by accuracy on CIFAR-10; the best is 1. */
  rank(cell: number): number {
    const cifar10 = (other: number) => this.#accuracies.getUint16(8 * other + 2, true);
    const own = cifar10(cell);
    let rank = 1;
    for (let other = 0; other < this.#accuracies.byteLength / 8; other++) if (cifar10(other) > own) rank++;
    return rank;
  }
}

/** The benchmark, once it is loaded. */
export const benchmark = signal<Benchmark | undefined>(undefined);

/** Why it could not be loaded. */
export const benchmarkFailure = signal<string | undefined>(undefined);

let loading: Promise<void> | undefined;

/** Loads it unless it is loaded already. */
export function loadBenchmark(): Promise<void> {
  benchmarkFailure.value = undefined;
  loading ??= load().catch((error: unknown) => {
    benchmarkFailure.value = (error as Error).message;
    loading = undefined;
  });
  return loading;
}

async function load(): Promise<void> {
  const bytesOf = (path: string) => fetched(new URL(path, document.baseURI));
  const [accuracies, sweep] = await Promise.all([bytesOf('data/accuracies.bin'), bytesOf('data/sweep.csv')]);
  benchmark.value = new Benchmark(accuracies, new TextDecoder().decode(sweep));
}
