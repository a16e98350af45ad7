import {
  abs,
  equal,
  full,
  log,
  logSoftmax,
  logSumExp,
  max,
  mean,
  min,
  multiply,
  power,
  reshape,
  select,
  sizeOf,
  slice,
  softmax,
  sqrt,
  sum,
  type Tensor,
} from '../../tensor/index.ts';
import type { Call, Operator } from './operator.ts';

interface Keep {
  readonly keepDimensions: boolean;
}

/** The product along one dimension, of halves and halves of them; the dimension stays with extent 1. */
function productAlong(x: Tensor, axis: number): Tensor {
  const extent = x.shape[axis];
  const of = (length: number) => x.shape.map((each, i) => (i === axis ? length : each));
  if (extent <= 1) return extent === 1 ? x : full(of(1), 1, x.dtype);
  const half = Math.floor(extent / 2);
  const part = (start: number, stop: number) =>
    slice(
      x,
      x.shape.map((each, i) => (i === axis ? { start, stop } : { stop: each })),
    );
  const product = productAlong(multiply(part(0, half), part(half, 2 * half)), axis);
  return extent % 2 === 0 ? product : multiply(product, part(extent - 1, extent));
}

function product(x: Tensor, axes: readonly number[], { keepDimensions }: Keep): Tensor {
  const whole = axes.reduce(productAlong, x);
  const shape = x.shape.filter((_, i) => !axes.includes(i));
  return keepDimensions ? whole : reshape(whole, shape);
}

/** √Σx², whose derivative where all x are 0 is 0, as that of PyTorch's norm is. */
function norm(x: Tensor, axes: readonly number[], options: Keep): Tensor {
  const squares = sum(power(x, 2), axes, options);
  const zero = full([], 0, x.dtype);
  const isZero = equal(squares, zero);
  return select(isZero, zero, sqrt(select(isZero, full([], 1, x.dtype), squares)));
}

/** A reduction over axes that are an attribute, or from an operator set on an input. */
const reduction = (
  reduce: (x: Tensor, axes: readonly number[], options: Keep) => Tensor,
  keepsKind = false,
): Operator => ({
  build(call) {
    const x = call.tensor(0);
    const given = (call.integers('axes', 1) ?? []).map((axis) => call.axis(axis, x.rank));
    if (new Set(given).size < given.length) call.fail(`axes: expected different ones, got ${given.join(', ')}`);
    // No axes are all, or none where the node says so: then what is done before and after the reduction is still done.
    const none = call.attributes.int('noop_with_empty_axes', 0) === 1;
    const axes = given.length === 0 && !none ? x.shape.map((_, i) => i) : given;
    const tensor = reduce(x, axes, { keepDimensions: call.attributes.int('keepdims', 1) === 1 });
    return { tensor, kind: keepsKind ? call.kind(0) : 'float' };
  },
  fixed: [1],
});

/** Before operator set 13 all dimensions from the axis on are one; the axis is the second by default. */
const overAxis = (apply: (x: Tensor, axis: number) => Tensor): Operator => ({
  build(call: Call) {
    const x = call.tensor(0);
    const axis = call.axis(call.attributes.int('axis', call.opset < 13 ? Math.min(1, x.rank - 1) : -1), x.rank);
    if (call.opset >= 13) return apply(x, axis);
    const rows = sizeOf(x.shape.slice(0, axis));
    return reshape(apply(reshape(x, [rows, sizeOf(x.shape.slice(axis))]), 1), x.shape);
  },
});

/** Operators that reduce dimensions, and the two that normalise along one. */
export const reductionOperators: Readonly<Record<string, Operator>> = {
  ReduceSum: reduction(sum, true),
  ReduceMean: reduction(mean),
  ReduceMax: reduction(max, true),
  ReduceMin: reduction(min, true),
  ReduceProd: reduction(product, true),
  ReduceL1: reduction((x, axes, options) => sum(abs(x), axes, options)),
  ReduceL2: reduction(norm),
  ReduceSumSquare: reduction((x, axes, options) => sum(power(x, 2), axes, options)),
  ReduceLogSum: reduction((x, axes, options) => log(sum(x, axes, options))),
  ReduceLogSumExp: reduction(logSumExp),
  Softmax: overAxis(softmax),
  LogSoftmax: overAxis(logSoftmax),
};
