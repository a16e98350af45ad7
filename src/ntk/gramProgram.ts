import {
  allocate,
  allocateShared,
  type Backend,
  type ColumnRange,
  defaultBackend,
  type DType,
  type FloatArray,
  formatShape,
  gram,
  input,
  InputError,
  JoinedColumns,
  type NDArray,
  Program,
  ShapeError,
  sizeOf,
  type Tensor,
} from '../tensor/index.ts';
import { checkRunOptions } from '../abort.ts';
import type { Abortable, RunOptions } from '../progress.ts';

/**
 * The columns of a block: a MiB of rows, or more, so that what a block costs besides products (its N² sums are copied and
 * added to those of the others) is a few hundredths of the whole.
 */
const BLOCK_BYTES = 2 ** 20;
const LEAST_COLUMNS = 8192;

/** Blocks are this many, or a multiple of {@link MANY_BLOCKS}: any usual number of threads divides it. */
const FEW_BLOCKS = 8;
const MANY_BLOCKS = 24;

/** What a {@link GramProgram} is compiled for. */
export interface GramOptions {
  /** N₁: the rows of the first factor. */
  readonly rows: number;
  /** N₂: the rows of the second factor. The product is symmetric, of the first factor with itself, by default. */
  readonly rows2?: number;
  /** P: the columns of all arrays of a factor together. */
  readonly columns: number;
  /** The precision of the rows; float64 by default. */
  readonly dtype?: DType | undefined;
  /** Where it is computed; `defaultBackend` by default. */
  readonly backend?: Backend | undefined;
}

/**
 * J₁·J₂ᵀ, [N₁, N₂], or J·Jᵀ, [N, N], in float64 whatever the precision of the rows. Compiled once for given sizes.
 *
 * A factor is given as arrays [N, p₁], [N, p₂], … that stand side by side: one for each parameter of a network. Their
 * columns are divided into blocks of equal width. The backend computes the products of the blocks side by side, and they
 * are added in the order of the columns. The division depends on the sizes alone, so that the number of threads changes
 * no bit of the result.
 *
 * Cost: N₁·N₂·P multiplications, half as many when symmetric.
 *
 * @example
 * const program = await GramProgram.compile({ rows: 2, columns: 3 });
 * const kernel = await program.run([ndarray([1, 0], [2, 1]), ndarray([0, 3, 0, 4], [2, 2])]); // columns side by side
 * console.log([...kernel.data]); // [ 10, 12, 12, 16 ]
 * program.dispose();
 */
export class GramProgram {
  readonly #options: GramOptions;
  readonly #program: Program;
  readonly #factors: readonly Tensor[];
  readonly #blocks: number;
  /** Memory that is in no use: touching fresh memory costs more than copying. */
  readonly #freeColumns: readonly FloatArray[][];
  readonly #freeSums: FloatArray[] = [];

  private constructor(options: GramOptions, program: Program, factors: readonly Tensor[], blocks: number) {
    this.#options = options;
    this.#program = program;
    this.#factors = factors;
    this.#blocks = blocks;
    this.#freeColumns = factors.map(() => []);
  }

  /**
   * @throws InputError when a size is no whole number of at least 1, BackendError when the backend lacks the precision.
   */
  static async compile(options: GramOptions & Abortable): Promise<GramProgram> {
    checkRunOptions('gram', options, ['rows', 'rows2', 'columns', 'dtype', 'backend', 'signal']);
    const { signal, rows, rows2, columns, dtype = 'float64' } = options;
    const backend = options.backend ?? (await defaultBackend(dtype));
    for (const [name, size] of Object.entries({ rows, rows2: rows2 ?? 1, columns })) {
      if (!Number.isInteger(size) || size < 1) {
        throw new InputError(`gram: ${name}: expected a whole number ≥ 1, got ${size}`);
      }
    }
    const blocks = blockCount(rows + (rows2 ?? 0), columns, dtype);
    const width = Math.ceil(columns / blocks);
    const factors = [input('columns', [rows, width], dtype)];
    if (rows2 !== undefined) factors.push(input('columns2', [rows2, width], dtype));
    const program = await Program.compile([gram(factors[0], factors.at(-1))], { backend, varying: factors, signal });
    try {
      await program.bind(undefined, signal);
    } catch (error) {
      program.dispose();
      throw error;
    }
    // A width that is rounded up may leave nothing for the last blocks.
    return new GramProgram(options, program, factors, Math.ceil(columns / width));
  }

  /**
   * The product.
   *
   * @param first arrays [N₁, pₖ] with Σ pₖ = P
   * @param second arrays [N₂, pₖ] with Σ pₖ = P; none for a symmetric product
   * @returns [N₁, N₂] in float64
   * @throws ShapeError when arrays have other shapes or another precision than compiled for; the signal's reason when it
   * is aborted.
   */
  async run(first: readonly NDArray[], second?: readonly NDArray[], options: RunOptions = {}): Promise<NDArray> {
    checkRunOptions('gram', options, ['signal', 'onProgress']);
    const { signal, onProgress } = options;
    const { rows, rows2, columns } = this.#options;
    const factors = second === undefined ? [first] : [first, second];
    if (factors.length !== this.#factors.length) {
      throw new ShapeError(`gram: expected ${this.#factors.length} factors, got ${factors.length}`);
    }
    factors.forEach((arrays, k) => this.#check(arrays, this.#factors[k], columns));

    const shape = [rows, rows2 ?? rows];
    const sums = new Float64Array(shape[0] * shape[1]);
    const copiesOf = new Map<number, FloatArray[]>();
    const sumsOf = new Map<number, FloatArray>();
    const readers = factors.map((arrays, k) => new ColumnReader(arrays, this.#factors[k].shape[1]));
    const feed = (block: number) => {
      const copies: FloatArray[] = [];
      copiesOf.set(block, copies);
      // Threads that share the rows' memory read their columns there; others have them copied.
      const columnsFor = (tensor: Tensor, k: number) =>
        new JoinedColumns(tensor.shape, tensor.dtype, readers[k].next(), () => {
          const copy = this.#freeColumns[k].pop() ?? allocate(tensor.dtype, sizeOf(tensor.shape));
          return (copies[k] = copy);
        });
      return new Map(this.#factors.map((tensor, k) => [tensor, columnsFor(tensor, k)]));
    };
    const blockCount = this.#blocks;
    function* blocks() {
      for (let block = 0; block < blockCount; block++) yield feed(block);
    }
    const placeOf = (block: number) => {
      const place = this.#freeSums.pop() ?? allocateShared('float64', sums.length);
      sumsOf.set(block, place);
      return [place];
    };
    const done = new Set<number>(); // blocks whose sums are there, before which others are missing
    let next = 0;
    let finished = 0;
    await this.#program.runBlocks(
      blocks(),
      (block) => {
        copiesOf.get(block)!.forEach((copy, k) => this.#freeColumns[k].push(copy));
        copiesOf.delete(block);
        done.add(block);
        onProgress?.({ done: ++finished, of: blockCount, stage: 'kernel' });
        for (; done.delete(next); next++) {
          const part = sumsOf.get(next)!;
          if (second) addAll(sums, part);
          else addUpper(sums, part, rows);
          sumsOf.delete(next);
          this.#freeSums.push(part);
        }
      },
      placeOf,
      signal,
    );
    if (!second) mirror(sums, rows);
    return { shape, dtype: 'float64', data: sums };
  }

  /** Frees memory; the program cannot be used after it. */
  dispose(): void {
    for (const free of this.#freeColumns) free.length = 0;
    this.#freeSums.length = 0;
    this.#program.dispose();
  }

  #check(arrays: readonly NDArray[], { shape: [rows], dtype }: Tensor, columns: number): void {
    for (const array of arrays) {
      if (array.shape.length !== 2 || array.shape[0] !== rows || array.dtype !== dtype) {
        throw new ShapeError(`gram: expected ${dtype}[${rows}, …], got ${array.dtype}${formatShape(array.shape)}`);
      }
    }
    const got = arrays.reduce((sum, { shape }) => sum + shape[1], 0);
    if (got !== columns) throw new ShapeError(`gram: expected ${columns} columns, got ${got}`);
  }
}

/** How many blocks, whatever the number of threads. */
function blockCount(rows: number, columns: number, dtype: DType): number {
  const bytes = dtype === 'float32' ? 4 : 8;
  const count = Math.ceil(columns / Math.max(Math.floor(BLOCK_BYTES / (bytes * rows)), LEAST_COLUMNS));
  return count <= FEW_BLOCKS ? Math.min(FEW_BLOCKS, columns) : MANY_BLOCKS * Math.ceil(count / MANY_BLOCKS);
}

/** Divides the columns of arrays [N, p₁], [N, p₂], … into blocks of a width, one after another. */
class ColumnReader {
  readonly #arrays: readonly NDArray[];
  readonly #width: number;
  #array = 0;
  #column = 0;

  constructor(arrays: readonly NDArray[], width: number) {
    this.#arrays = arrays;
    this.#width = width;
  }

  /** The columns of the next block: fewer than the width at the end. */
  next(): ColumnRange[] {
    const ranges: ColumnRange[] = [];
    let missing = this.#width;
    while (missing > 0 && this.#array < this.#arrays.length) {
      const { data, shape } = this.#arrays[this.#array];
      const count = Math.min(shape[1] - this.#column, missing);
      ranges.push({ data, columns: shape[1], from: this.#column, count });
      missing -= count;
      this.#column += count;
      if (this.#column === shape[1]) {
        this.#array += 1;
        this.#column = 0;
      }
    }
    return ranges;
  }
}

function addAll(sums: Float64Array, part: FloatArray): void {
  for (let k = 0; k < sums.length; k++) sums[k] += part[k];
}

function addUpper(sums: Float64Array, part: FloatArray, n: number): void {
  for (let i = 0; i < n; i++) for (let k = i * n + i; k < (i + 1) * n; k++) sums[k] += part[k];
}

function mirror(sums: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) sums[i * n + j] = sums[j * n + i];
}
