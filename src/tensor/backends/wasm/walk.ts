import type { DType } from '../../array.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import { joinDimensions } from '../../strided.ts';
import { type Address, advance } from './calls.ts';
import { LINE, type Lowering } from './lowering.ts';

/** The operations of the kernel `walk`, numbered as in assembly/walk.ts. */
const ROW_OPERATIONS = ['copy', 'sum', 'copy64', 'widen', 'narrow', 'sum64'] as const;

/** An operation on rows of numbers. */
export type RowOperation = (typeof ROW_OPERATIONS)[number];

/** The copy of numbers of a precision. */
export const COPY = { float32: 'copy', float64: 'copy64' } as const satisfies Record<DType, RowOperation>;

/** Where an array is read or written: its first element, and a step in bytes for each dimension. */
export interface View {
  readonly address: Address;
  readonly steps: readonly number[];
}

/** Applies an operation to every element of a shape. */
export function walk(lower: Lowering, operation: RowOperation, shape: Shape, output: View, operand: View): void {
  const { extents, strides } = joinDimensions(shape, [output.steps, operand.steps]);
  const scratch = lower.scratch(4 * extents.length);
  // Divided along the first dimension, unless all of it goes to the same outputs, or a thread's own memory takes part.
  const [first, ...inner] = extents;
  const addresses = [output.address, operand.address];
  const part = (start: number, count: number) => {
    const table = lower.table([extents.length, count, ...inner, ...strides.flat()]);
    const at = addresses.map((address, i) => advance(address, start * strides[i][0]));
    lower.call('walk', ROW_OPERATIONS.indexOf(operation), ...at, table, scratch);
  };
  if (strides[0][0] === 0 || addresses.some(({ region }) => region === 'scratch')) part(0, first);
  else lower.divide(first, sizeOf(shape), part, inner.length === 0 ? LINE : 1);
}
