import { type DType, ELEMENT_BYTES, type NDArray } from '../../array.ts';
import { tapeOf } from '../../scalar/index.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../shape.ts';
import { forEachRow } from '../../strided.ts';
import { type Address, advance, BARRIER, type Call, kernelIn } from './calls.ts';
import type { ElementwiseFunction } from './emit/elementwise.ts';
import { encode, type Fields, type Struct, type Values } from './struct.ts';

/** An array in memory. */
export interface Operand {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly address: Address;
}

/** Turns one primitive into calls of kernels. */
export type WasmKernel<A> = (lower: Lowering, attributes: A, output: Operand, operands: readonly Operand[]) => void;

/** A constant that calls read: an array of the graph, or a table of 32-bit integers. */
export interface Constant {
  readonly offset: number;
  readonly data: Int32Array | NDArray['data'];
}

/** Functions to be emitted, by name, and a text that programs with equal ones have in common. */
export interface EmittedFunctions {
  readonly key: string;
  readonly byName: ReadonlyMap<string, ElementwiseFunction>;
}

/** Every address is a multiple of this: a cache line. */
export const ALIGNMENT = 64;

/** The float32 numbers of a cache line, which no two threads write to; the same number in float64 is two lines. */
export const LINE = ALIGNMENT / 4;

/** The numbers in a vector. */
export const LANES: Readonly<Record<DType, number>> = { float32: 4, float64: 2 };

/** The next multiple of {@link ALIGNMENT}. */
export function align(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}

/** Work of fewer elements than this is not divided: threads would wait for each other longer than it takes. */
const LEAST_WORK = 2 ** 16;

/**
 * Collects the calls that a plan becomes, and the constants and the scratch memory that they need.
 *
 * A stage is computed by one thread or by several in step: each has a list of calls of its own. What is not divided is
 * the first one's; before and after what is, all wait for each other.
 */
export class Lowering {
  #lists: Call[][] = [[]];
  #thread = 0;
  /** Whether the first thread has calls since all last waited: the first of them is to read what it was given. */
  #apart = true;
  /** Whether the calls that come are parts of something divided. */
  #divided = false;
  /** Whether any call is of a kernel of the module for float64. */
  wide = false;
  readonly constants: Constant[] = [];
  constantBytes = 0;
  scratchBytes = 0;
  #barrier: Address | undefined;
  readonly #tables = new Map<string, Address>();
  readonly #functions = new Map<string, { readonly name: string; readonly of: ElementwiseFunction }>();

  call(kernel: string, ...args: (number | Address)[]): void {
    if (!this.#divided) this.#apart = true;
    this.#lists[this.#thread].push({ kernel, args });
  }

  /** A call of the kernel of this name for a precision. */
  callIn(dtype: DType, kernel: string, ...args: (number | Address)[]): void {
    if (dtype === 'float64') this.wide = true;
    this.call(kernelIn(dtype, kernel), ...args);
  }

  /** Begins a stage. Returns the lists of calls, one for each of its threads, that grow as it is lowered. */
  stage(threads: number): readonly (readonly Call[])[] {
    this.#lists = Array.from({ length: threads }, () => []);
    this.#apart = true;
    return this.#lists;
  }

  /**
   * Divides work on `count` things that do not depend on each other among the threads of the stage. Parts begin at
   * multiples of `unit`.
   *
   * @param work about how many elements a simple operation would write in the same time.
   */
  divide(count: number, work: number, lower: (first: number, count: number) => void, unit = 1): void {
    const threads = this.#lists.length;
    const units = Math.ceil(count / unit);
    if (threads === 1 || units === 1 || work < LEAST_WORK || this.#divided) return lower(0, count);
    if (this.#apart) this.#wait();
    this.#divided = true;
    for (let thread = 0; thread < threads; thread++) {
      const [first, end] = [thread, thread + 1].map((t) => Math.min(count, unit * Math.floor((t * units) / threads)));
      this.#thread = thread;
      if (end > first) lower(first, end - first);
    }
    this.#thread = 0;
    this.#divided = false;
    this.#apart = false;
    this.#wait();
  }

  #wait(): void {
    this.#barrier ??= this.constant(new Int32Array(2));
    for (const list of this.#lists) list.push({ kernel: BARRIER, args: [this.#barrier, this.#lists.length] });
  }

  /** Places an array among the constants. */
  constant(data: Constant['data']): Address {
    const offset = this.constantBytes;
    this.constants.push({ offset, data });
    this.constantBytes = align(offset + data.byteLength);
    return { region: 'constants', offset };
  }

  /** A table of 32-bit integers; equal ones are stored once. */
  table(values: readonly number[]): Address {
    const key = values.join();
    let address = this.#tables.get(key);
    if (address === undefined) this.#tables.set(key, (address = this.constant(Int32Array.from(values))));
    return address;
  }

  /** A table that a kernel reads by the names of its fields: see tables.ts. */
  struct<F extends Fields>(layout: Struct<F>, values: Values<F>): Address {
    return this.table(encode(layout, values));
  }

  /** The name of a function that is emitted for this program; equal ones are one. */
  emitted(of: ElementwiseFunction): string {
    const key = functionKey(of);
    let known = this.#functions.get(key);
    if (known === undefined) this.#functions.set(key, (known = { name: `emitted${this.#functions.size}`, of }));
    return known.name;
  }

  get functions(): EmittedFunctions {
    return {
      key: [...this.#functions.keys()].join('\n'),
      byName: new Map([...this.#functions.values()].map(({ name, of }) => [name, of])),
    };
  }

  /** Memory that the next call alone may use. */
  scratch(bytes: number): Address {
    this.scratchBytes = Math.max(this.scratchBytes, align(bytes));
    return { region: 'scratch', offset: 0 };
  }
}

function functionKey({ expression, dtype, rank, operands }: ElementwiseFunction): string {
  const operations = tapeOf(expression).map(
    ({ op, value, args }) => `${op} ${1 / value < 0 ? '-' : ''}${value} ${args.join(' ')}`,
  );
  return [dtype, rank, operands.join(' '), ...operations].join(', ');
}

/** Several applications of a function on core dimensions, evenly spaced. */
export interface Run {
  readonly count: number;
  /** Where the first one's output and operands are. */
  readonly output: Address;
  readonly operands: readonly Address[];
  /** From one application to the next, in cores: 0 where an operand is shared, 1 where it lies dense. */
  readonly steps: readonly number[];
}

/**
 * Visits every position of the leading dimensions, as runs of evenly spaced positions. The outputs of a run are dense.
 *
 * @param ranks the number of core dimensions of each operand
 * @param outputRank the number of core dimensions of the output
 */
export function forEachRun(
  output: Operand,
  operands: readonly Operand[],
  ranks: readonly number[],
  outputRank: number,
  visit: (run: Run) => void,
): void {
  const split = (operand: Operand, rank: number) => ({
    leading: operand.shape.slice(0, operand.shape.length - rank),
    bytes: coreBytes(operand, rank),
  });
  const out = split(output, outputRank);
  const parts = operands.map((operand, i) => split(operand, ranks[i]));
  const strides = [out.leading, ...parts.map(({ leading }) => leading)].map((leading) =>
    broadcastStrides(leading, out.leading),
  );
  forEachRow(out.leading, strides, (offsets, [, ...steps], count) =>
    visit({
      count,
      output: advance(output.address, offsets[0] * out.bytes),
      operands: operands.map(({ address }, i) => advance(address, offsets[i + 1] * parts[i].bytes)),
      steps,
    }),
  );
}

/** The same run as one application at a time. */
export function singly(
  { count, output, operands, steps }: Run,
  outputBytes: number,
  operandBytes: readonly number[],
  visit: (output: Address, operands: readonly Address[]) => void,
): void {
  for (let i = 0; i < count; i++) {
    visit(
      advance(output, i * outputBytes),
      operands.map((operand, k) => advance(operand, i * steps[k] * operandBytes[k])),
    );
  }
}

/** The bytes of an array without its leading dimensions. */
export function coreBytes({ shape, dtype }: Operand, rank: number): number {
  return ELEMENT_BYTES[dtype] * sizeOf(shape.slice(shape.length - rank));
}
