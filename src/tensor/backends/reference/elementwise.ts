import type { FloatArray, NDArray } from '../../array.ts';
import { expand, type Expansions, type Instruction, type Scalar, type Tape, tapeOf } from '../../scalar/index.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../shape.ts';
import { joinDimensions } from '../../strided.ts';
import { type Computed, operations } from './operations.ts';

// An expression is computed a stretch of elements at a time, one operation after another: each is a plain loop over
// arrays that stay in a processor's cache, and nothing is compiled, which a page's security policy may forbid.

/** The error functions, which no processor has and few plans: loaded when there are some. */
let errorFunctions: Expansions = {};

/** Loads what {@link computeElementwise} needs for an expression. */
export async function loadFunctions(expression: Scalar): Promise<void> {
  if (!tapeOf(expression).some(({ op }) => op === 'erf' || op === 'erfc')) return;
  errorFunctions = (await import('../../scalar/errorFunctions.ts')).errorFunctions(53);
}

/** Elements of a stretch. */
const STRETCH = 512;

/** Reads an operand in the order of the output's elements. */
class Reader {
  readonly #data: FloatArray;
  readonly #extents: readonly number[];
  readonly #steps: readonly number[];
  readonly #index: number[];
  #at = 0;

  constructor({ data, shape }: NDArray, output: Shape) {
    const { extents, strides } = joinDimensions(output, [broadcastStrides(shape, output)]);
    this.#data = data;
    this.#extents = extents;
    this.#steps = strides[0];
    this.#index = new Array<number>(extents.length).fill(0);
  }

  /** The next `count` elements. */
  read(into: Float64Array, count: number): void {
    const inner = this.#extents.length - 1;
    const step = this.#steps[inner];
    let done = 0;
    while (done < count) {
      const row = Math.min(count - done, this.#extents[inner] - this.#index[inner]);
      copy(into, done, this.#data, this.#at, step, row);
      done += row;
      this.#advance(inner, row);
    }
  }

  #advance(dimension: number, count: number): void {
    this.#index[dimension] += count;
    this.#at += count * this.#steps[dimension];
    if (dimension === 0 || this.#index[dimension] < this.#extents[dimension]) return;
    this.#at -= this.#index[dimension] * this.#steps[dimension];
    this.#index[dimension] = 0;
    this.#advance(dimension - 1, 1);
  }
}

function copy(into: Float64Array, to: number, from: FloatArray, at: number, step: number, count: number): void {
  for (let i = 0; i < count; i++) into[to + i] = from[at + i * step];
}

/** A stretch for the result of each instruction; constants are written once. */
function stretches(tape: Tape, length: number): Float64Array[] {
  return tape.map(({ op, value }) => {
    const stretch = new Float64Array(length);
    return op === 'constant' ? stretch.fill(value) : stretch;
  });
}

function execute({ op, args, value }: Instruction, out: Float64Array, values: Float64Array[], count: number): void {
  if (op === 'constant' || op === 'operand') return;
  // The error functions are written out in the others.
  operations[op as Computed](
    out,
    args.map((arg) => values[arg]) as [Float64Array, Float64Array, Float64Array],
    count,
    value,
  );
}

/**
 * An expression of each element of operands that broadcast to the output's shape. It is computed in float64 and rounded
 * once. What it needs was loaded by {@link loadFunctions}.
 */
export function computeElementwise(expression: Scalar, output: NDArray, operands: readonly NDArray[]): void {
  const tape = tapeOf(expand(expression, errorFunctions));
  const size = sizeOf(output.shape);
  const values = stretches(tape, Math.min(STRETCH, size));
  const readers = tape.map(({ op, value }) =>
    op === 'operand' ? new Reader(operands[value], output.shape) : undefined,
  );
  const result = values[tape.length - 1];
  for (let start = 0; start < size; start += STRETCH) {
    const count = Math.min(STRETCH, size - start);
    readers.forEach((reader, i) => reader?.read(values[i], count));
    tape.forEach((instruction, i) => execute(instruction, values[i], values, count));
    output.data.set(count === result.length ? result : result.subarray(0, count), start);
  }
}
