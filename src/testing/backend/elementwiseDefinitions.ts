import type { Attributes, ElementwiseName } from '../../tensor/index.ts';

// Every element-wise function by the host's own, in float64, as a textbook writes it.

type Function<A> = (x: readonly number[], attributes: A) => number;

/** The error function by its series 2/√π·e^(−x²)·Σ 2ⁿ·x^(2n+1)/(2n+1)!!, all of whose terms have one sign. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const clip = (x: number, low: number, high: number) => Math.min(Math.max(x, low), high);

export const elementwiseDefinitions: { readonly [P in ElementwiseName]: Function<Attributes[P]> } = {
  linearCombination: (x, { coefficients }) => x.reduce((sum, term, i) => sum + coefficients[i] * term, 0),
  multiply: ([a, b]) => a * b,
  power: ([x], { exponent }) => Math.pow(x, exponent),
  abs: ([x]) => Math.abs(x),
  sign: ([x]) => Math.sign(x),
  floor: ([x]) => Math.floor(x),
  minimum: ([a, b]) => Math.min(a, b),
  maximum: ([a, b]) => Math.max(a, b),
  less: ([a, b]) => Number(a < b),
  lessEqual: ([a, b]) => Number(a <= b),
  equal: ([a, b]) => Number(a === b),
  select: ([condition, a, b]) => (condition !== 0 ? a : b),
  stopGradient: ([x]) => x,

  exp: ([x]) => Math.exp(x),
  expm1: ([x]) => Math.expm1(x),
  log: ([x]) => Math.log(x),
  log1p: ([x]) => Math.log1p(x),
  tanh: ([x]) => Math.tanh(x),
  erf: ([x]) => erf(x),
  erfc: ([x]) => 1 - erf(x),

  relu: ([x]) => Math.max(x, 0),
  reluGradient: ([g, x]) => (x > 0 ? g : 0),
  leakyRelu: ([x], { slope }) => (x > 0 ? x : slope * x),
  elu: ([x], { alpha }) => (x > 0 ? x : alpha * Math.expm1(x)),
  softplus: ([x], { beta, threshold }) => (beta * x > threshold ? x : Math.log1p(Math.exp(beta * x)) / beta),
  softsign: ([x]) => x / (1 + Math.abs(x)),
  gelu: ([x]) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  geluTanh: ([x]) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  sigmoid: ([x]) => sigmoid(x),
  silu: ([x]) => x * sigmoid(x),
  mish: ([x]) => x * Math.tanh(Math.log1p(Math.exp(x))),
  clip: ([x], { low, high }) => clip(x, low, high),
  hardtanh: ([x], { low, high }) => clip(x, low, high),
  hardswish: ([x]) => (x * clip(x + 3, 0, 6)) / 6,
  hardsigmoid: ([x]) => clip(x + 3, 0, 6) / 6,
};
