import {
  abs,
  add,
  broadcastShapes,
  broadcastTo,
  clip,
  divide,
  elu,
  equal,
  erf,
  exp,
  floor,
  full,
  gelu,
  geluTanh,
  hardsigmoid,
  hardswish,
  leakyRelu,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mish,
  multiply,
  power,
  relu,
  reshape,
  scale,
  select,
  sigmoid,
  sign,
  softplus,
  softsign,
  sqrt,
  subtract,
  tanh,
  type Tensor,
} from '../../tensor/index.ts';
import type { Attributes, Kind } from '../model.ts';
import { truncate } from './cast.ts';
import type { Call, Operator } from './operator.ts';

/** An operator of one input that keeps what its numbers are. */
const unary = (build: (x: Tensor, call: Call) => Tensor): Operator => ({
  build: (call) => ({ tensor: build(call.tensor(0), call), kind: call.kind(0) }),
});

/** A step function: no derivative flows through it. */
const step = (build: (x: Tensor, call: Call) => Tensor): Operator => ({ ...unary(build), fixed: 'all' });

/**
 * Both operands, as they broadcast. Before operator set 7 the second one was aligned with the first from an `axis` on, the
 * last dimensions by default.
 */
function operands(call: Call): [Tensor, Tensor] {
  const [a, b] = [call.tensor(0), call.tensor(1)];
  const axis = call.opset < 7 && call.attributes.int('broadcast', 0) === 1 ? call.attributes.int('axis') : undefined;
  if (axis === undefined) return [a, b];
  const after = a.rank - call.axis(axis, a.rank) - b.rank;
  if (after < 0) call.fail(`axis: expected room for ${b.rank} dimensions, got axis ${axis} of ${a.rank}`);
  return [a, reshape(b, [...b.shape, ...new Array<number>(after).fill(1)])];
}

const binary = (build: (a: Tensor, b: Tensor, call: Call) => Tensor): Operator => ({
  build: (call) => ({ tensor: build(...operands(call), call), kind: call.kind(0) }),
});

const comparison = (build: (a: Tensor, b: Tensor) => Tensor): Operator => ({
  build: (call) => ({ tensor: build(...operands(call)), kind: 'bool' }),
  fixed: 'all',
});

const all = (build: (...terms: Tensor[]) => Tensor): Operator => ({
  build: (call) => ({ tensor: build(...call.tensors()), kind: call.kind(0) }),
});

const like = (x: Tensor, value: number) => full(x.shape, value, x.dtype);
const one = (x: Tensor) => full([], 1, x.dtype);
const not = (x: Tensor) => subtract(one(x), x);
const ceil = (x: Tensor) => scale(floor(scale(x, -1)), -1);

/** To the nearest whole number, halves to the even one. */
function round(x: Tensor): Tensor {
  const down = floor(x);
  const rest = subtract(x, down);
  const half = full([], 0.5, x.dtype);
  const odd = subtract(down, scale(floor(scale(down, 0.5)), 2));
  const up = select(equal(rest, half), odd, less(half, rest));
  return add(down, up);
}

/** Bounds that are attributes before operator set 11, and inputs from it on. */
function clipped(call: Call): Tensor {
  const { attributes } = call;
  const low = call.opset < 11 ? attributes.float('min', -Infinity) : (call.number(1) ?? -Infinity);
  const high = call.opset < 11 ? attributes.float('max', Infinity) : (call.number(2) ?? Infinity);
  return clip(call.tensor(0), low, high);
}

/** The most different exponents that are each a power of its own. */
const MOST_EXPONENTS = 16;

/**
 * aᵇ. Exponents that the file fixes are powers, one for each that is different; otherwise e^(b·log|a|), with the sign that a
 * whole b gives.
 */
function raised(call: Call): Tensor {
  const [a, b] = operands(call);
  const exponent = call.value(1);
  const fixed = exponent.isKnown ? new Set(exponent.numbers(`${call.node.where}: exponent`).data) : new Set<number>();
  if (fixed.size > 0 && fixed.size <= MOST_EXPONENTS) {
    const [first, ...others] = fixed;
    const whole = broadcastTo(power(a, first), broadcastShapes(call.node.where, [a.shape, b.shape]));
    return others.reduce((y, each) => select(equal(b, full([], each, b.dtype)), power(a, each), y), whole);
  }
  const size = exp(multiply(b, log(abs(a))));
  const halved = scale(b, 0.5);
  const isOdd = less(floor(halved), halved);
  const isWhole = equal(floor(b), b);
  const signed = select(isOdd, scale(size, -1), size);
  const negative = select(isWhole, signed, multiply(size, like(b, NaN)));
  const raised = select(less(a, full([], 0, a.dtype)), negative, size);
  // 0·log 0 has no value, and a⁰ is 1.
  return select(equal(b, full([], 0, b.dtype)), full([], 1, a.dtype), raised);
}

function prelu(call: Call): Tensor {
  const x = call.tensor(0);
  let slope = call.tensor(1);
  // Before operator set 7 a slope of one dimension is a slope a channel.
  if (call.opset < 7 && slope.rank === 1 && x.rank > 2)
    slope = reshape(slope, [...slope.shape, ...x.shape.slice(2).map(() => 1)]);
  const positive = relu(x);
  return add(positive, multiply(slope, subtract(x, positive)));
}

/** α and γ of SELU (Klambauer et al. 2017), by which mean 0 and variance 1 stay; files have them in float32. */
const SELU = { alpha: 1.6732632423543772, gamma: 1.0507009873554805 } as const;

function seluConstant(attributes: Attributes, name: keyof typeof SELU): number {
  const value = attributes.float(name, SELU[name]);
  return value === Math.fround(SELU[name]) ? SELU[name] : value;
}

function quotient(a: Tensor, b: Tensor, call: Call): Tensor {
  return call.kind(0) === 'int' ? truncate(divide(a, b)) : divide(a, b);
}

/** The remainder with the sign of the divisor, or of the dividend where `fmod` says so. */
function remainder(a: Tensor, b: Tensor, call: Call): Tensor {
  const q = divide(a, b);
  return subtract(a, multiply(b, call.attributes.int('fmod', 0) === 1 ? truncate(q) : floor(q)));
}

const kindOf = (call: Call, i: number): Kind => call.kind(i);

/** Operators on each element by itself. */
export const elementwiseOperators: Readonly<Record<string, Operator>> = {
  Relu: unary(relu),
  LeakyRelu: unary((x, { attributes }) => leakyRelu(x, attributes.float('alpha', 0.01))),
  PRelu: { build: prelu },
  Elu: unary((x, { attributes }) => elu(x, attributes.float('alpha', 1))),
  Celu: unary((x, { attributes }) => {
    const alpha = attributes.float('alpha', 1);
    return scale(elu(scale(x, 1 / alpha), 1), alpha);
  }),
  Selu: unary((x, { attributes }) =>
    scale(elu(x, seluConstant(attributes, 'alpha')), seluConstant(attributes, 'gamma')),
  ),
  ThresholdedRelu: unary((x, { attributes }) => {
    const alpha = full([], attributes.float('alpha', 1), x.dtype);
    return select(less(alpha, x), x, like(x, 0));
  }),
  Clip: { build: (call) => ({ tensor: clipped(call), kind: kindOf(call, 0) }), fixed: [1, 2] },
  Sigmoid: unary(sigmoid),
  HardSigmoid: unary((x, { attributes }) => {
    const [alpha, beta] = [attributes.float('alpha', 0.2), attributes.float('beta', 0.5)];
    if (alpha === 1 / 6 && beta === 0.5) return hardsigmoid(x); // PyTorch's
    return clip(add(scale(x, alpha), full([], beta, x.dtype)), 0, 1);
  }),
  HardSwish: unary(hardswish),
  Gelu: unary((x, { attributes }) => (attributes.string('approximate', 'none') === 'tanh' ? geluTanh(x) : gelu(x))),
  Mish: unary(mish),
  Tanh: unary(tanh),
  Softplus: unary((x) => softplus(x)),
  Softsign: unary(softsign),
  Erf: unary(erf),
  Exp: unary(exp),
  Log: unary(log),
  Sqrt: unary(sqrt),
  Abs: unary(abs),
  Neg: unary((x) => scale(x, -1)),
  Reciprocal: unary((x) => power(x, -1)),
  Floor: step(floor),
  Ceil: step(ceil),
  Round: step(round),
  Sign: step(sign),
  Not: step(not),
  Add: binary((a, b) => add(a, b)),
  Sub: binary(subtract),
  Mul: binary(multiply),
  Div: binary(quotient),
  Mod: { ...binary(remainder), fixed: [1] },
  Pow: { build: (call) => ({ tensor: raised(call), kind: kindOf(call, 0) }), fixed: [1] },
  Min: all((...terms) => terms.reduce(minimum)),
  Max: all((...terms) => terms.reduce(maximum)),
  Sum: all(add),
  Mean: all((...terms) => scale(add(...terms), 1 / terms.length)),
  And: comparison(multiply),
  Or: comparison(maximum),
  Xor: comparison((a, b) => not(equal(a, b))),
  Equal: comparison(equal),
  Greater: comparison((a, b) => less(b, a)),
  GreaterOrEqual: comparison((a, b) => lessEqual(b, a)),
  Less: comparison(less),
  LessOrEqual: comparison(lessEqual),
  Where: {
    build: (call) => ({ tensor: select(call.tensor(0), call.tensor(1), call.tensor(2)), kind: call.kind(1) }),
    fixed: [0],
  },
  Identity: unary((x) => x),
  Dropout: {
    build: (call) => [
      { tensor: call.tensor(0), kind: call.kind(0) },
      { tensor: like(call.tensor(0), 1), kind: 'bool' },
    ],
    fixed: [1, 2],
  },
};
