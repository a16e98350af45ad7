import { constant, ndarray, scalar, type Shape, sizeOf } from '../../tensor/index.ts';
import { meant } from '../meant.ts';
import type { OnnxArray } from '../model.ts';
import { Value } from '../value.ts';
import type { Call, Operator, Result } from './operator.ts';

const integers = (values: readonly number[]): Result => ({
  tensor: constant(ndarray(values, [values.length], 'float64')),
  kind: 'int',
});

function shapeOf(call: Call): Result {
  const { shape } = call.value(0);
  const end = call.attributes.int('end', shape.length);
  return integers(shape.slice(call.attributes.int('start', 0), end));
}

function filled(call: Call): Result {
  const shape: Shape = call.numbers(0) ?? [];
  const value = call.array('value');
  if (shape.some((extent) => extent < 0)) call.fail(`expected extents ≥ 0, got ${shape.join(', ')}`);
  if (value && value.data.length !== 1) call.fail(`value: expected one number, got ${value.data.length}`);
  return Value.filled(shape, value?.data[0] ?? 0, value?.kind ?? 'float');
}

function range(call: Call): Result {
  const [start, limit, step] = [0, 1, 2].map(
    (i) => call.number(i) ?? call.fail(`input ${i}: expected a number, got none`),
  );
  const length = Math.max(0, Math.ceil((limit - start) / step));
  const data = call.table(length, (i) => start + i * step);
  return { tensor: constant(ndarray(data, [length], 'float64')), kind: call.kind(0) };
}

/** A single number. */
const exact = (array: OnnxArray): OnnxArray => ({
  ...array,
  dtype: 'float64',
  data: Float64Array.from(array.data, meant),
});

function constantOf(call: Call): Result {
  const { attributes } = call;
  const array = attributes.array('value');
  if (array) return Value.array(array.data.length === 1 ? exact(array) : array);
  const list = attributes.floats('value_floats') ?? attributes.ints('value_ints');
  if (list) {
    const kind = attributes.has('value_ints') ? 'int' : 'float';
    return { tensor: constant(ndarray(list, [list.length], 'float64')), kind };
  }
  if (attributes.has('value_int')) return { tensor: scalar(attributes.int('value_int', 0), 'float64'), kind: 'int' };
  if (attributes.has('value_float'))
    return { tensor: scalar(attributes.float('value_float', 0), 'float64'), kind: 'float' };
  return call.fail('expected a value of numbers, got another');
}

/** Operators that give shapes and constants. */
export const constantOperators: Readonly<Record<string, Operator>> = {
  Shape: { build: shapeOf, fixed: 'all' },
  Size: { build: (call) => ({ tensor: scalar(sizeOf(call.value(0).shape), 'float64'), kind: 'int' }), fixed: 'all' },
  Constant: { build: constantOf, fixed: 'all' },
  ConstantOfShape: { build: filled, fixed: 'all' },
  Range: { build: range, fixed: 'all' },
};
