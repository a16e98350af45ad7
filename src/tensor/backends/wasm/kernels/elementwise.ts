import { ELEMENT_BYTES } from '../../../array.ts';
import { behind } from '../calls.ts';
import { LINE, type Lowering, needFloat32, type Operand, type WasmKernel } from '../lowering.ts';
import { type RowOperation, type View, walk } from '../walk.ts';
import { broadcastStrides, sameShape, type Shape, sizeOf } from '../../../shape.ts';
import type { ElementwisePrimitives } from '../../../primitives/elementwise.ts';

/** An operand read under the output's shape. */
function under({ shape, dtype, address }: Operand, output: Shape): View {
  return { address, steps: broadcastStrides(shape, output).map((stride) => stride * ELEMENT_BYTES[dtype]) };
}

function elementwise<A>(
  operation: RowOperation,
  numbers: (attributes: A) => readonly number[] = () => [],
): WasmKernel<A> {
  return (lower, attributes, output, operands) => {
    needFloat32(operation, operands);
    const views = operands.map((operand) => under(operand, output.shape));
    walk(lower, operation, output.shape, under(output, output.shape), views, numbers(attributes));
  };
}

/** Σ cᵢ·xᵢ, on its own or added to what the output holds; in float64, too, in which kernel matrices are added. */
export function combine(
  lower: Lowering,
  coefficients: readonly number[],
  output: Operand,
  operands: readonly Operand[],
  onto = false,
): void {
  const dense = operands.every(({ shape }) => sameShape(shape, output.shape));
  if (output.dtype === 'float32' && dense) addDense(lower, coefficients, output, operands, onto);
  else addOneByOne(lower, coefficients, output, operands, onto);
}

/** Terms that one pass adds. */
const TERMS = 4;

function addDense(
  lower: Lowering,
  coefficients: readonly number[],
  output: Operand,
  operands: readonly Operand[],
  onto: boolean,
): void {
  for (let done = 0; done < operands.length; done += TERMS) {
    const terms = operands.slice(done, done + TERMS);
    const place = (i: number) => (terms[i] ?? terms[0]).address;
    const factor = (i: number) => coefficients[done + i] ?? 0;
    const four = [0, 1, 2, 3];
    const add = Number(onto || done > 0);
    const size = sizeOf(output.shape);
    const part = (first: number, count: number) => {
      const [out, ...from] = [output.address, ...four.map(place)].map((address) => behind(address, 4 * first));
      lower.call('addTerms', out, ...from, ...four.map(factor), terms.length, add, count);
    };
    lower.divide(size, size, part, LINE);
  }
}

/** Two terms, and then one more at a time. */
function addOneByOne(
  lower: Lowering,
  coefficients: readonly number[],
  output: Operand,
  operands: readonly Operand[],
  onto: boolean,
): void {
  const wide = output.dtype === 'float64';
  const to = under(output, output.shape);
  const views = operands.map((operand) => under(operand, output.shape));
  let done = 0;
  if (!onto) {
    done = Math.min(2, views.length);
    const [p, q = 0] = coefficients;
    if (done === 1 && !wide) walk(lower, 'scale', output.shape, to, views.slice(0, 1), [p]);
    // A lone float64 term is combined with 0·itself.
    else walk(lower, wide ? 'combine64' : 'combine', output.shape, to, views.slice(0, done), [p, q]);
  }
  for (; done < views.length; done++) {
    walk(lower, wide ? 'accumulate64' : 'accumulate', output.shape, to, [views[done]], [coefficients[done]]);
  }
}

const cast: WasmKernel<ElementwisePrimitives['cast']> = (lower, { dtype }, output, [x]) => {
  const operation: RowOperation =
    x.dtype === dtype ? (dtype === 'float64' ? 'copy64' : 'copy') : dtype === 'float64' ? 'widen' : 'narrow';
  walk(lower, operation, output.shape, under(output, output.shape), [under(x, output.shape)]);
};

export const elementwiseWasm: { [P in keyof ElementwisePrimitives]: WasmKernel<ElementwisePrimitives[P]> } = {
  linearCombination: (lower, { coefficients }, output, operands) => combine(lower, coefficients, output, operands),
  multiply: elementwise('multiply'),
  power: elementwise('power', ({ exponent }) => [exponent]),
  exp: elementwise('exp'),
  log: elementwise('log'),
  tanh: elementwise('tanh'),
  relu: elementwise('relu'),
  reluGradient: elementwise('reluGradient'),
  cast,
};
