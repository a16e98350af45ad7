import {
  abs,
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
  sizeOf,
  softmax,
  sqrt,
  sum,
  take,
  type Tensor,
} from '../../tensor/index.ts';
import type { Call, Operator } from './operator.ts';

interface Keep {
  readonly keepDimensions: boolean;
}

/** The product over axes, one after another. */
function product(x: Tensor, axes: readonly number[], { keepDimensions }: Keep): Tensor {
  const whole = axes.reduce((y, axis) => {
    const extent = y.shape[axis];
    const slices = Array.from({ length: extent }, (_, i) => take(y, [i], axis));
    return slices.length === 0
      ? full([...y.shape.slice(0, axis), 1, ...y.shape.slice(axis + 1)], 1, y.dtype)
      : slices.reduce(multiply);
  }, x);
  return keepDimensions
    ? whole
    : reshape(
        whole,
        x.shape.filter((_, i) => !axes.includes(i)),
      );
}

/** A reduction over axes that are an attribute, or from an operator set on an input. */
const reduction = (
  reduce: (x: Tensor, axes: readonly number[], options: Keep) => Tensor,
  keepsKind = false,
): Operator => ({
  build(call) {
    const x = call.tensor(0);
    const given = call.integers('axes', 1);
    const none = given === undefined || given.length === 0;
    if (none && call.attributes.int('noop_with_empty_axes', 0) === 1) return { tensor: x, kind: call.kind(0) };
    const axes = none ? x.shape.map((_, i) => i) : given.map((axis) => call.axis(axis, x.rank));
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
  ReduceL2: reduction((x, axes, options) => sqrt(sum(power(x, 2), axes, options))),
  ReduceSumSquare: reduction((x, axes, options) => sum(power(x, 2), axes, options)),
  ReduceLogSum: reduction((x, axes, options) => log(sum(x, axes, options))),
  ReduceLogSumExp: reduction(logSumExp),
  Softmax: overAxis(softmax),
  LogSoftmax: overAxis(logSoftmax),
};
