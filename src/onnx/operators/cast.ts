import {
  abs,
  equal,
  floor,
  full,
  less,
  lessEqual,
  multiply,
  scale,
  select,
  sign,
  subtract,
  add,
  type Tensor,
} from '../../tensor/index.ts';
import { elementType } from '../arrays.ts';
import type { Kind } from '../model.ts';
import type { Call, Operator, Result } from './operator.ts';

/** Towards 0, as integers are divided. */
export const truncate = (x: Tensor): Tensor => multiply(sign(x), floor(abs(x)));

const number = (x: Tensor, value: number) => full([], value, x.dtype);

/** A floating-point format of 16 bits: binary digits, the least normal number, and the least that rounds to infinity. */
interface Narrow {
  readonly digits: number;
  readonly least: number;
  readonly infinite: number;
}

const NARROW: Readonly<Record<string, Narrow>> = {
  float16: { digits: 11, least: 2 ** -14, infinite: 65520 },
  bfloat16: { digits: 8, least: 2 ** -126, infinite: 2 ** 128 * (1 - 2 ** -9) },
};

/**
 * The nearest numbers of a narrower format. The derivative is 1, as that of PyTorch's conversions is. Adding and taking
 * away what has its last digit where the narrower format has it rounds, halves to even as the machine does.
 */
function narrowed(x: Tensor, { digits, least, infinite }: Narrow): Tensor {
  const own = x.dtype === 'float32' ? 24 : 53;
  const size = abs(x);
  // Large numbers are made smaller first, so that no product overflows.
  const isLarge = less(number(x, 1), size);
  const small = select(isLarge, scale(x, 2 ** -64), x);
  const wide = scale(small, 2 ** (own - digits) + 1);
  const cut = subtract(wide, subtract(wide, small));
  const rounded = select(isLarge, scale(cut, 2 ** 64), cut);
  const step = least * 2 ** (own - digits) * 1.5;
  const subnormal = subtract(add(x, number(x, step)), number(x, step));
  const finite = select(less(size, number(x, least)), subnormal, rounded);
  const unbounded = select(less(x, number(x, 0)), number(x, -Infinity), number(x, Infinity));
  return select(lessEqual(number(x, infinite), size), unbounded, finite);
}

/** Whole numbers of few bits count around, as machines do. */
const BITS: Readonly<Record<string, readonly [bits: number, isSigned: boolean]>> = {
  uint8: [8, false],
  int8: [8, true],
  uint16: [16, false],
  int16: [16, true],
  uint32: [32, false],
  int32: [32, true],
};

function wrapped(x: Tensor, bits: number, isSigned: boolean): Tensor {
  const around = 2 ** bits;
  const low = isSigned ? around / 2 : 0;
  const shifted = add(x, number(x, low));
  return subtract(x, scale(floor(scale(shifted, 1 / around)), around));
}

/** The first input as another kind: to whole numbers towards 0, to truth values by being other than 0. */
function converted(call: Call, kind: Kind): { readonly tensor: Tensor; readonly kind: Kind } {
  const x = call.tensor(0);
  if (kind === 'bool') return { tensor: subtract(number(x, 1), equal(x, number(x, 0))), kind };
  return { tensor: kind === 'int' && call.kind(0) === 'float' ? truncate(x) : x, kind };
}

/** A conversion to the type of a code. */
function castTo(call: Call): Result {
  const { name, kind } = elementType(call.attributes.int('to', 0), `${call.node.where}: to`);
  const { tensor } = converted(call, kind);
  if (Object.hasOwn(NARROW, name)) return { tensor: narrowed(tensor, NARROW[name]), kind };
  return { tensor: Object.hasOwn(BITS, name) ? wrapped(tensor, ...BITS[name]) : tensor, kind };
}

/** Conversions between kinds of numbers. */
export const castOperators: Readonly<Record<string, Operator>> = {
  Cast: { build: castTo },
  CastLike: { build: (call) => converted(call, call.kind(1)), fixed: [1] },
};
