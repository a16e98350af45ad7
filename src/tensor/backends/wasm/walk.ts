import { type Shape } from '../../shape.ts';
import { joinDimensions } from '../../strided.ts';
import { type Address } from './calls.ts';
import { type Lowering } from './lowering.ts';

/** The operations of the kernel `walk`, numbered as in assembly/elementwise.ts. */
const ROW_OPERATIONS = [
  ...([
    'copy',
    'scale',
    'combine',
    'accumulate',
    'multiply',
    'relu',
    'reluGradient',
    'power',
    'exp',
    'log',
    'tanh',
  ] as const),
  ...(['sum', 'copy64', 'combine64', 'accumulate64', 'widen', 'narrow'] as const),
] as const;

/** An operation on rows of numbers. */
export type RowOperation = (typeof ROW_OPERATIONS)[number];

/** Where an array is read or written: its first element, and a step in bytes for each dimension. */
export interface View {
  readonly address: Address;
  readonly steps: readonly number[];
}

/** Applies an operation to every element of a shape. */
export function walk(
  lower: Lowering,
  operation: RowOperation,
  shape: Shape,
  output: View,
  operands: readonly View[],
  numbers: readonly number[] = [],
): void {
  const [a, b = a] = operands;
  const { extents, strides } = joinDimensions(shape, [output.steps, a.steps, b.steps]);
  const table = lower.table([extents.length, ...extents, ...strides.flat()]);
  const [p = 0, q = 0] = numbers;
  const scratch = lower.scratch(4 * extents.length);
  lower.call('walk', ROW_OPERATIONS.indexOf(operation), output.address, a.address, b.address, p, q, table, scratch);
}
