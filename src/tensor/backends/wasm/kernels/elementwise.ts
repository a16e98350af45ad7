import { ELEMENT_BYTES } from '../../../array.ts';
import { advance } from '../calls.ts';
import { type Access, tableOf } from '../emit/elementwise.ts';
import { LINE, type Lowering, type Operand } from '../lowering.ts';
import { add, largestPart, operand as operandOf, rewrite, type Scalar, scaled, tapeOf } from '../../../scalar/index.ts';
import { broadcastStrides, sizeOf } from '../../../shape.ts';
import { joinDimensions } from '../../../strided.ts';

/** Numbers that stay in the code of a function, which is then written again for others; the rest are its arguments. */
const INLINE: ReadonlySet<number> = new Set([0, 1, -1, 2, 0.5, Infinity, -Infinity, NaN]);

/** The most arrays that one function reads. */
const MOST_OPERANDS = 32;

/** Computes an expression of each element of operands that broadcast to the output's shape, in one pass over memory. */
export function elementwise(lower: Lowering, expression: Scalar, output: Operand, operands: readonly Operand[]): void {
  if (sizeOf(output.shape) === 0) return;
  if (operands.length > MOST_OPERANDS) return inParts(lower, expression, output, operands);
  const bytes = ELEMENT_BYTES[output.dtype];
  const arrays = [output, ...operands];
  const strides = arrays.map(({ shape }) => broadcastStrides(shape, output.shape).map((stride) => stride * bytes));
  const { extents, strides: steps } = joinDimensions(output.shape, strides);
  const row = extents.length - 1;

  const numbers: number[] = [];
  const withoutNumbers = rewrite(expression, ({ op, value }) => {
    if (op !== 'constant' || INLINE.has(value)) return undefined;
    const known = numbers.indexOf(value);
    return operandOf(operands.length + (known < 0 ? numbers.push(value) - 1 : known));
  });
  const access = (step: number): Access => (step === bytes ? 'dense' : step === 0 ? 'still' : 'strided');
  const name = lower.emitted({
    expression: withoutNumbers,
    dtype: output.dtype,
    rank: extents.length,
    operands: [...steps.slice(1).map((step) => access(step[row])), ...numbers.map((): Access => 'number')],
  });
  // Divided along the first dimension.
  const part = (start: number, count: number) => {
    const table = lower.table(tableOf([count, ...extents.slice(1)], steps));
    const [to, ...from] = arrays.map(({ address }, i) => advance(address, start * steps[i][0]));
    lower.call(name, to, ...from, ...numbers, table);
  };
  lower.divide(extents[0], sizeOf(output.shape), part, row === 0 ? LINE : 1);
}

/**
 * A sum of more terms than one function reads arrays: its first terms are added up in the output, and the rest to that.
 */
function inParts(lower: Lowering, expression: Scalar, output: Operand, operands: readonly Operand[]): void {
  const part = largestPart(expression, MOST_OPERANDS - 1);
  const pick = (from: Scalar, arrays: readonly Operand[]) => {
    const used = tapeOf(from).flatMap(({ op, value }) => (op === 'operand' ? [value] : []));
    const numbered = rewrite(from, ({ op, value }) => (op === 'operand' ? operandOf(used.indexOf(value)) : undefined));
    elementwise(
      lower,
      numbered,
      output,
      used.map((i) => arrays[i]),
    );
  };
  pick(part, operands);
  const rest = rewrite(expression, (each) => (each === part ? operandOf(operands.length) : undefined));
  pick(rest, [...operands, output]);
}

/** Σ cᵢ·xᵢ, on its own or added to what the output holds. */
export function combine(
  lower: Lowering,
  coefficients: readonly number[],
  output: Operand,
  operands: readonly Operand[],
  onto = false,
): void {
  for (let done = 0; done < operands.length; done += MOST_OPERANDS - 1) {
    const terms = operands.slice(done, done + MOST_OPERANDS - 1);
    const sum = terms
      .map((_, i) => scaled(coefficients[done + i], operandOf(i)))
      .reduce((total, term) => add(total, term));
    const adds = onto || done > 0;
    const expression = adds ? add(operandOf(terms.length), sum) : sum;
    elementwise(lower, expression, output, adds ? [...terms, output] : terms);
  }
}
