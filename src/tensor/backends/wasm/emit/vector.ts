import { DOUBLE, expand, type Scalar, type ScalarOp, type Tape, tapeOf } from '../../../scalar/index.ts';
import type { FunctionBody, Instruction, Local } from './assembler.ts';

/** The numbers in a vector: four of float32, or two of float64. */
export type Lanes = 'f32x4' | 'f64x2';

type Transcendental = keyof typeof DOUBLE;
type Operation = Exclude<ScalarOp, Transcendental | 'operand' | 'constant' | 'select'>;
type Comparison = Extract<Operation, 'less' | 'lessEqual' | 'equal'>;

/** Operations that are one instruction. */
const SINGLE = {
  ...{ neg: 'neg', abs: 'abs', sqrt: 'sqrt', floor: 'floor', round: 'nearest' },
  ...{ add: 'add', sub: 'sub', mul: 'mul', div: 'div', min: 'min', max: 'max' },
  ...{ less: 'lt', lessEqual: 'le', equal: 'eq' },
} as const satisfies Partial<Record<Operation, string>>;

const COMPARISONS: ReadonlySet<ScalarOp> = new Set<Comparison>(['less', 'lessEqual', 'equal']);

/** Where the significand of float64 numbers lies, and the bits of √½. */
const FRACTION = 2n ** 52n - 1n;
const ROOT_HALF = 0x3fe6a09e00000000n;
const SHIFT = 0x3ff0000000000000n - ROOT_HALF;

/** Operations on float64 numbers that are several instructions; the operand is on the stack. */
const MACHINE: Readonly<Record<'exp2' | 'exponent' | 'significand', (body: FunctionBody) => void>> = {
  // The sum's lowest bits hold k + 1023, the exponent of 2ᵏ.
  exp2: (body) =>
    void body
      .constant(1.5 * 2 ** 52 + 1023, 'f64')
      .op('f64x2.add')
      .i32(52)
      .op('i64x2.shl'),
  // Shifted by √½, the exponent is that of m·2ᵉ with √½ ≤ m < √2. From the exponent of 2⁵² on, a whole number is itself.
  exponent: (body) =>
    void shifted(body)
      .i32(52)
      .op('i64x2.shr_u')
      .constant(2 ** 52, 'f64')
      .op('v128.or')
      .constant(2 ** 52 + 1023, 'f64')
      .op('f64x2.sub'),
  significand: (body) =>
    void shifted(body).constant(FRACTION, 'i64').op('v128.and').constant(ROOT_HALF, 'i64').op('i64x2.add'),
};

function shifted(body: FunctionBody): FunctionBody {
  return body.constant(SHIFT, 'i64').op('i64x2.add');
}

/** Whether every operation is exactly rounded: then float32 lanes give what separate steps would. */
export function isExact(expression: Scalar): boolean {
  return tapeOf(expression).every(({ op }) => !Object.hasOwn(DOUBLE, op));
}

/** The operations of an expression for which there are instructions. */
export function vectorTape(expression: Scalar): Tape {
  return tapeOf(expand(expression, DOUBLE));
}

/**
 * Writes the instructions of an expression, whose result stays on the stack.
 *
 * @param operands where the vectors of the operands are.
 */
export function writeExpression(body: FunctionBody, tape: Tape, lanes: Lanes, operands: readonly Local[]): void {
  const lane = lanes === 'f32x4' ? 'f32' : 'f64';
  const op = (name: string) => body.op(`${lanes}.${name}` as Instruction);
  const locals = new Map<number, Local>();
  const isZero = (i: number) => tape[i].op === 'constant' && Object.is(tape[i].value, 0);
  /** A value as it was computed: comparisons are masks. */
  const raw = (i: number): void => {
    const { op: name, value } = tape[i];
    if (name === 'operand') body.get(operands[value]);
    else if (name === 'constant') body.constant(value, lane);
    else body.get(locals.get(i)!);
  };
  const number = (i: number): void => {
    raw(i);
    if (COMPARISONS.has(tape[i].op)) body.constant(1, lane).op('v128.and');
  };
  const mask = (i: number): void => {
    raw(i);
    if (!COMPARISONS.has(tape[i].op)) {
      body.constant(0, lane);
      op('ne');
    }
  };
  tape.forEach(({ op: name, args }, i) => {
    if (name === 'operand' || name === 'constant') return;
    if (name === 'select') {
      const [condition, a, b] = args;
      if (isZero(a)) {
        number(b);
        mask(condition);
        body.op('v128.andnot');
      } else {
        number(a);
        if (isZero(b)) {
          mask(condition);
          body.op('v128.and');
        } else {
          number(b);
          mask(condition);
          body.op('v128.bitselect');
        }
      }
    } else if (name === 'copysign') {
      // Of the second argument the sign bit, of the first all others.
      number(args[1]);
      number(args[0]);
      body.constant(-0, lane).op('v128.bitselect');
    } else {
      args.forEach(number);
      if (Object.hasOwn(MACHINE, name)) MACHINE[name as keyof typeof MACHINE](body);
      else op(SINGLE[name as keyof typeof SINGLE]);
    }
    const local = body.local('v128');
    body.set(local);
    locals.set(i, local);
  });
  number(tape.length - 1);
}
