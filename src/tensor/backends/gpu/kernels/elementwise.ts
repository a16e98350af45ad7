import { literal } from '../kernelText.ts';
import { type GpuKernel, type Lowering, MOST_OPERANDS, type Operand } from '../lowering.ts';
import { broadcastView, mapViews } from '../strided.ts';
import type { ElementwisePrimitives } from '../../../primitives/elementwise.ts';

/** A kernel that applies a function, written as text, to each element of operands that broadcast. */
function map<A>(f: (attributes: A) => (...values: string[]) => string): GpuKernel<A> {
  return (lower, attributes, output, operands) =>
    mapViews(
      lower,
      output,
      output.shape,
      operands.map((operand) => broadcastView(operand, output.shape)),
      f(attributes),
    );
}

function scaled(coefficient: number, x: string): string {
  return coefficient === 1 ? x : `${literal(coefficient)} * ${x}`;
}

/** Σ cᵢ·xᵢ, a few operands at a time. */
function linearCombination(
  lower: Lowering,
  { coefficients }: ElementwisePrimitives['linearCombination'],
  output: Operand,
  operands: readonly Operand[],
): void {
  const views = operands.map((operand) => broadcastView(operand, output.shape));
  let terms = coefficients.map((coefficient, i) => ({ coefficient, view: views[i] }));
  while (terms.length > 0) {
    const now = terms.slice(0, MOST_OPERANDS);
    terms = terms.slice(MOST_OPERANDS);
    const target = terms.length === 0 ? output : lower.scratch(output.shape);
    mapViews(
      lower,
      target,
      output.shape,
      now.map(({ view }) => view),
      (...values) => values.map((x, i) => scaled(now[i].coefficient, x)).join(' + '),
    );
    if (terms.length > 0) terms.unshift({ coefficient: 1, view: broadcastView(target, output.shape) });
  }
}

/** xᵉ; whole exponents by multiplication, because `pow` of a device may refuse negative bases. */
function power(exponent: number, x: string): string {
  if (exponent === 0.5) return `Math.sqrt(${x})`;
  if (exponent === -0.5) return `1.0 / Math.sqrt(${x})`;
  const whole = Math.abs(exponent);
  if (Number.isInteger(exponent) && whole >= 1 && whole <= 8) {
    const product = Array<string>(whole).fill(x).join(' * ');
    return exponent > 0 ? product : `1.0 / (${product})`;
  }
  if (exponent === 0) return '1.0';
  return `Math.pow(${x}, ${literal(exponent)})`;
}

/** By e^(−2|x|) ≤ 1, which cannot overflow. */
function tanh(x: string): string {
  const e = `Math.exp(-2.0 * Math.abs(${x}))`;
  return `(${x} < 0.0 ? -1.0 : 1.0) * ((1.0 - ${e}) / (1.0 + ${e}))`;
}

export const elementwiseGpu: { [P in keyof ElementwisePrimitives]: GpuKernel<ElementwisePrimitives[P]> } = {
  linearCombination,
  multiply: map(() => (a, b) => `${a} * ${b}`),
  power: map(
    ({ exponent }) =>
      (x) =>
        power(exponent, x),
  ),
  exp: map(() => (x) => `Math.exp(${x})`),
  log: map(() => (x) => `Math.log(${x})`),
  tanh: map(() => tanh),
  // Written with ≤ so that NaN, which compares as false, passes.
  relu: map(() => (x) => `(${x} <= 0.0 ? 0.0 : ${x})`),
  reluGradient: map(() => (g, x) => `(${x} <= 0.0 ? 0.0 : ${g})`),
  // Of float32 to itself; whatever is float64 stays on the host.
  cast: map(() => (x) => x),
};
