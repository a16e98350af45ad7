/**
 * The operations that an element-wise function is written in. Comparisons give 1 or 0, and 0 where an operand is NaN;
 * `select` takes its second operand where the first is not 0. `min` and `max` pass NaN on. `pow` has a constant exponent,
 * the expression's `value`.
 */
export type ScalarOp =
  | 'operand'
  | 'constant'
  | 'neg'
  | 'abs'
  | 'sqrt'
  | 'floor'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'tanh'
  | 'erf'
  | 'erfc'
  | 'pow'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'min'
  | 'max'
  | 'copysign'
  | 'less'
  | 'lessEqual'
  | 'equal'
  | 'select'
  | MachineOp;

/**
 * Operations on the parts of a float64 number, for functions written out in arithmetic: the nearest whole number; 2ˣ for
 * a whole x from −1022 to 1023; and e and m of x = m·2ᵉ with √½ ≤ m < √2, for a normal x > 0.
 */
export type MachineOp = 'round' | 'exp2' | 'exponent' | 'significand';

/** A function of scalar operands as an expression: plain data, in which parts may be shared. */
export interface Scalar {
  readonly op: ScalarOp;
  readonly args: readonly Scalar[];
  /** The number of an operand, the value of a constant, the exponent of a power; 0 elsewhere. */
  readonly value: number;
}

/** An expression, or a number that stands for itself. */
export type ScalarLike = Scalar | number;

function lift(x: ScalarLike): Scalar {
  return typeof x === 'number' ? constant(x) : x;
}

function node(op: ScalarOp, ...args: readonly ScalarLike[]): Scalar {
  return { op, args: args.map(lift), value: 0 };
}

/** Operand number `index`. */
export const operand = (index: number): Scalar => ({ op: 'operand', args: [], value: index });

/** A number. */
export const constant = (value: number): Scalar => ({ op: 'constant', args: [], value });

/** −x. */
export const neg = (x: ScalarLike): Scalar => node('neg', x);
/** |x|. */
export const abs = (x: ScalarLike): Scalar => node('abs', x);
/** √x. */
export const sqrt = (x: ScalarLike): Scalar => node('sqrt', x);
/** The largest whole number ≤ x. */
export const floor = (x: ScalarLike): Scalar => node('floor', x);
/** eˣ. */
export const exp = (x: ScalarLike): Scalar => node('exp', x);
/** eˣ − 1, exact to rounding near 0, too. */
export const expm1 = (x: ScalarLike): Scalar => node('expm1', x);
/** The natural logarithm. */
export const log = (x: ScalarLike): Scalar => node('log', x);
/** log(1 + x), exact to rounding near 0, too. */
export const log1p = (x: ScalarLike): Scalar => node('log1p', x);
/** The hyperbolic tangent. */
export const tanh = (x: ScalarLike): Scalar => node('tanh', x);
/** The error function. */
export const erf = (x: ScalarLike): Scalar => node('erf', x);
/** 1 − erf(x), exact to rounding where it is small, too. */
export const erfc = (x: ScalarLike): Scalar => node('erfc', x);

/** a + b. */
export const add = (a: ScalarLike, b: ScalarLike): Scalar => node('add', a, b);
/** a − b. */
export const sub = (a: ScalarLike, b: ScalarLike): Scalar => node('sub', a, b);
/** a · b. */
export const mul = (a: ScalarLike, b: ScalarLike): Scalar => node('mul', a, b);
/** a / b. */
export const div = (a: ScalarLike, b: ScalarLike): Scalar => node('div', a, b);
/** The smaller one; NaN if one is. */
export const min = (a: ScalarLike, b: ScalarLike): Scalar => node('min', a, b);
/** The larger one; NaN if one is. */
export const max = (a: ScalarLike, b: ScalarLike): Scalar => node('max', a, b);
/** |a| with the sign of b. */
export const copysign = (a: ScalarLike, b: ScalarLike): Scalar => node('copysign', a, b);

/** a < b. */
export const less = (a: ScalarLike, b: ScalarLike): Scalar => node('less', a, b);
/** a ≤ b. */
export const lessEqual = (a: ScalarLike, b: ScalarLike): Scalar => node('lessEqual', a, b);
/** a = b. */
export const equal = (a: ScalarLike, b: ScalarLike): Scalar => node('equal', a, b);
/** a where the condition is not 0, and b elsewhere. */
export const select = (condition: ScalarLike, a: ScalarLike, b: ScalarLike): Scalar => node('select', condition, a, b);

/** See {@link MachineOp}. */
export const round = (x: ScalarLike): Scalar => node('round', x);
/** See {@link MachineOp}. */
export const exp2 = (x: ScalarLike): Scalar => node('exp2', x);
/** See {@link MachineOp}. */
export const exponent = (x: ScalarLike): Scalar => node('exponent', x);
/** See {@link MachineOp}. */
export const significand = (x: ScalarLike): Scalar => node('significand', x);

/** xᵉ. Exponents with exactly rounded operations of their own use these, and no intermediate result leaves the range. */
export function pow(x: ScalarLike, exponent: number): Scalar {
  const base = lift(x);
  switch (exponent) {
    case 0:
      return constant(1);
    case 1:
      return base;
    case -1:
      return div(1, base);
    case 0.5:
      return sqrt(base);
    case -0.5:
      return div(1, sqrt(base));
    case 2:
      return mul(base, base);
    case 3:
      return mul(mul(base, base), base);
    case 4: {
      const square = mul(base, base);
      return mul(square, square);
    }
  }
  return { op: 'pow', args: [base], value: exponent };
}

/** coefficient · x, with no operation where there is nothing to multiply. */
export function scaled(coefficient: number, x: Scalar): Scalar {
  return coefficient === 1 ? x : coefficient === -1 ? neg(x) : mul(coefficient, x);
}

/** 1 / (1 + e⁻ˣ): small values keep their relative accuracy. */
export const logistic = (x: ScalarLike): Scalar => div(1, add(1, exp(neg(x))));

/** A polynomial, the constant coefficient first. */
export function polynomial(x: Scalar, [first, ...rest]: readonly number[]): Scalar {
  return rest.length === 0 ? constant(first) : add(first, mul(x, polynomial(x, rest)));
}
