import { type KernelText, literal } from '../kernelText.ts';
import type { Lowering, Operand } from '../lowering.ts';
import { broadcastView, mapStatements } from '../strided.ts';
import {
  expand,
  largestPart,
  operand,
  rewrite,
  type Scalar,
  type ScalarOp,
  SINGLE,
  tapeOf,
} from '../../../scalar/index.ts';

/** What a device computes: the other functions are written out in these. */
type Computed = Exclude<ScalarOp, keyof typeof SINGLE | 'round' | 'exp2' | 'exponent' | 'significand'>;

/** xᵉ; whole exponents by multiplication, because `pow` of a device may refuse negative bases. */
function power(x: string, exponent: number): string {
  const whole = Math.abs(exponent);
  if (Number.isInteger(exponent) && whole <= 8) {
    const product = Array<string>(whole).fill(x).join(' * ');
    return exponent > 0 ? product : `1.0 / (${product})`;
  }
  return `Math.pow(${x}, ${literal(exponent)})`;
}

/** The text of each operation. Leave one out and the build fails. */
const TEXTS: { readonly [P in Exclude<Computed, 'operand' | 'constant' | 'select'>]: Text } = {
  neg: (x) => `-${x}`,
  abs: (x) => `Math.abs(${x})`,
  sqrt: (x) => `Math.sqrt(${x})`,
  floor: (x) => `Math.floor(${x})`,
  exp: (x) => `Math.exp(${x})`,
  log: (x) => `Math.log(${x})`,
  add: (a, b) => `${a} + ${b}`,
  sub: (a, b) => `${a} - ${b}`,
  mul: (a, b) => `${a} * ${b}`,
  div: (a, b) => `${a} / ${b}`,
  // Neither is smaller where one is NaN; then so is the sum. A device's own minimum may drop it.
  min: (a, b) => `(${a} <= ${b} ? ${a} : (${b} < ${a} ? ${b} : ${a} + ${b}))`,
  max: (a, b) => `(${a} >= ${b} ? ${a} : (${b} > ${a} ? ${b} : ${a} + ${b}))`,
  copysign: (a, b) => `(${b} < 0.0 ? -Math.abs(${a}) : Math.abs(${a}))`,
  less: (a, b) => `${a} < ${b}`,
  lessEqual: (a, b) => `${a} <= ${b}`,
  equal: (a, b) => `${a} === ${b}`,
  pow: (x, _, exponent) => power(x, exponent),
};

type Text = (a: string, b: string, value: number) => string;

const COMPARISONS: ReadonlySet<ScalarOp> = new Set<Computed>(['less', 'lessEqual', 'equal']);

/** Writes an expression of values; the result is its name. */
export function writeExpression(k: KernelText, expression: Scalar, values: readonly string[]): string {
  const tape = tapeOf(expand(expression, SINGLE));
  /** Comparisons as conditions, everything else as numbers. */
  const written: string[] = [];
  const number = (i: number) => (COMPARISONS.has(tape[i].op) ? k.value(`(${written[i]} ? 1.0 : 0.0)`) : written[i]);
  tape.forEach(({ op, args, value }, i) => {
    if (op === 'operand') written[i] = values[value];
    else if (op === 'constant') written[i] = literal(value);
    else if (op === 'select') {
      const [condition, a, b] = args;
      const compared = COMPARISONS.has(tape[condition].op);
      // NaN chooses the first; WebGPU's `!==` is false of it.
      const chosen = compared ? written[condition] : `!(${written[condition]} === 0.0)`;
      // A compiler may take `x <= y ? y : x` for a maximum, which drops NaN: a second condition says that x is a number.
      const isExtremum = compared && tape[b].op !== 'constant' && tape[condition].args.includes(b);
      const isNumber = isExtremum ? ` && ${number(b)} === ${number(b)}` : '';
      written[i] = k.value(`(${chosen}${isNumber} ? ${number(a)} : ${number(b)})`);
    } else {
      const [a, b = a] = args.map(number);
      const partial = k.dialect.partial[op as keyof typeof k.dialect.partial];
      const text = partial ? partial(a) : TEXTS[op as keyof typeof TEXTS](a, b, value);
      written[i] = COMPARISONS.has(op) ? text : k.value(text);
    }
  });
  return number(tape.length - 1);
}

/** Computes an expression of each element of operands that broadcast to the output's shape. */
export function elementwise(lower: Lowering, expression: Scalar, output: Operand, operands: readonly Operand[]): void {
  const arrays = [...operands];
  const { mostOperands } = lower.dialect;
  let rest = expression;
  // What reads more arrays than a kernel can is computed in parts.
  for (;;) {
    const used = usedOperands(rest);
    if (used.length <= mostOperands) return pass(lower, rest, output, arrays, used);
    const part = largestPart(rest, mostOperands);
    const result = lower.scratch(output.shape);
    pass(lower, part, result, arrays, usedOperands(part));
    const number = arrays.push(result) - 1;
    rest = rewrite(rest, (each) => (each === part ? operand(number) : undefined));
  }
}

/** The operands that an expression reads; of one that reads none the first, so that there is something to go through. */
function usedOperands(expression: Scalar): number[] {
  const used = tapeOf(expression).flatMap(({ op, value }) => (op === 'operand' ? [value] : []));
  return used.length > 0 ? used : [0];
}

function pass(
  lower: Lowering,
  expression: Scalar,
  output: Operand,
  arrays: readonly Operand[],
  used: readonly number[],
): void {
  const numbered = rewrite(expression, ({ op, value }) =>
    op === 'operand' ? operand(used.indexOf(value)) : undefined,
  );
  const views = used.map((i) => broadcastView(arrays[i], output.shape));
  mapStatements(lower, output, output.shape, views, (k, values) => writeExpression(k, numbered, values));
}
