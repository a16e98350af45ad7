import type { Kernel } from '../kernel.ts';
import { broadcastStrides, stridesOf } from '../../../shape.ts';
import { forEachRow } from '../../../strided.ts';
import type { ElementwisePrimitives } from '../../../primitives/elementwise.ts';

/** A kernel that applies a function of one number to each. */
function unary<A>(prepare: (attributes: A) => (x: number) => number): Kernel<A> {
  return (attributes, output, [x]) => {
    const f = prepare(attributes);
    const strides = [stridesOf(output.shape), broadcastStrides(x.shape, output.shape)];
    forEachRow(output.shape, strides, ([to, from], [, step], length) => {
      for (let i = 0; i < length; i++) output.data[to + i] = f(x.data[from + i * step]);
    });
  };
}

/** A kernel that applies a function of two numbers to each pair, shapes broadcast. */
function binary<A>(f: (a: number, b: number) => number): Kernel<A> {
  return (_attributes, output, [a, b]) => {
    const strides = [output, a, b].map(({ shape }) => broadcastStrides(shape, output.shape));
    forEachRow(output.shape, strides, ([to, fromA, fromB], [, stepA, stepB], length) => {
      for (let i = 0; i < length; i++) output.data[to + i] = f(a.data[fromA + i * stepA], b.data[fromB + i * stepB]);
    });
  };
}

/** xᵉ; the exponents that have an exactly rounded operation of their own use it. */
function powerFunction(exponent: number): (x: number) => number {
  if (exponent === -1) return (x) => 1 / x;
  if (exponent === 0.5) return Math.sqrt;
  if (exponent === -0.5) return (x) => 1 / Math.sqrt(x);
  if (exponent === 2) return (x) => x * x;
  return (x) => x ** exponent;
}

const linearCombination: Kernel<ElementwisePrimitives['linearCombination']> = ({ coefficients }, output, operands) => {
  const strides = [output, ...operands].map(({ shape }) => broadcastStrides(shape, output.shape));
  let sum = new Float64Array(0);
  forEachRow(output.shape, strides, (offsets, steps, length) => {
    if (sum.length < length) sum = new Float64Array(length);
    sum.fill(0);
    operands.forEach(({ data }, t) => {
      const coefficient = coefficients[t];
      const offset = offsets[t + 1];
      const step = steps[t + 1];
      for (let i = 0; i < length; i++) sum[i] += coefficient * data[offset + i * step];
    });
    output.data.set(sum.subarray(0, length), offsets[0]);
  });
};

export const elementwiseKernels: { [P in keyof ElementwisePrimitives]: Kernel<ElementwisePrimitives[P]> } = {
  linearCombination,
  multiply: binary((a, b) => a * b),
  power: unary(({ exponent }) => powerFunction(exponent)),
  exp: unary(() => Math.exp),
  log: unary(() => Math.log),
  tanh: unary(() => Math.tanh),
  // Written with ≤ so that NaN, which compares as false, passes.
  relu: unary(() => (x) => (x <= 0 ? 0 : x)),
  reluGradient: binary((g, x) => (x <= 0 ? 0 : g)),
  cast: unary(() => (x) => x),
};
