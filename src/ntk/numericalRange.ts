import { atOnce } from '../turns.ts';
import { type DType, type NDArray, NumericalError, sizeOf } from '../tensor/index.ts';

// Errors of rows are taken to be relative: some ε of their length. That holds as long as no number on the way leaves the
// range of its precision. Overflow and underflow break it in silence: a batch norm whose variance overflows gives zeros, a
// product that underflows gives zeros, and a kernel of zeros looks like that of a dead network.
//
// What is refused:
// 1. weights or images whose *gain* is beyond 2^±60 in float32 (2^±500 in float64): a variance, or a product of two such,
//    is out of range;
// 2. kernels with infinity or NaN, which finite weights and images give by overflow alone;
// 3. rows so short that the spacing of the smallest numbers, and not ε, is their error;
// 4. rows of zeros where a weight or the images have a gain below 2^-10 or above 2^20 (2^-80, 2^160 in float64), so that zero may be underflow or a
//    variance that overflowed. Where all gains are ordinary, a zero is one: no path leads to the sample's output.
// Rows are not judged that are wrong in part, through one channel that overflows while others do not.

/** The exponents of the smallest normal number, and of gains that no variance stands. */
const RANGE: Readonly<Record<DType, { readonly least: number; readonly gain: number }>> = {
  float32: { least: -126, gain: 60 },
  float64: { least: -1022, gain: 500 },
};

/** Gains that make a row of zeros suspicious: a dozen such layers leave the range. */
const SUSPICIOUS: Readonly<Record<DType, { readonly below: number; readonly above: number }>> = {
  float32: { below: 2 ** -10, above: 2 ** 20 },
  float64: { below: 2 ** -80, above: 2 ** 160 },
};

/** An array and how it scales what goes through it. */
export interface Gain {
  readonly name: string;
  readonly gain: number;
}

/**
 * A sum of squares from here to 1 over it is right to rounding: no term overflowed, and terms that underflowed, each by
 * less than 2^-1022, are within its rounding error as long as there are fewer than 2^69 of them.
 */
const LEAST_SQUARES = 2 ** -900;

/**
 * How an array scales what goes through it: the root mean square of its entries times, for a weight [K, …] of more than
 * one dimension, the root of the number of inputs that a sum has. Under usual initialisation it is near 1. Zero for zeros.
 */
function* gainOf({ shape, data }: NDArray, fanIn: number): Generator<void, number> {
  let sum = yield* sumOfSquares(data, 1);
  let scale = 1;
  if (!(sum > LEAST_SQUARES && sum < 1 / LEAST_SQUARES)) {
    // Squares are zero, or near the ends of the range, or NaN: numbers are divided by the largest first.
    let largest = 0;
    for (const x of data) largest = Math.max(largest, Math.abs(x));
    if (largest === 0) return 0;
    scale = largest;
    sum = yield* sumOfSquares(data, scale);
  }
  return scale * Math.sqrt((sum / sizeOf(shape)) * fanIn);
}

/** Numbers that are added without a pause: a few milliseconds. */
const CHUNK = 2 ** 21;

/** Σ (x / scale)² in order, with pauses. */
function* sumOfSquares(data: NDArray['data'], scale: number): Generator<void, number> {
  let sum = 0;
  for (let start = 0; start < data.length; start += CHUNK) {
    const end = Math.min(start + CHUNK, data.length);
    if (scale === 1) for (let i = start; i < end; i++) sum += data[i] * data[i];
    else for (let i = start; i < end; i++) sum += (data[i] / scale) ** 2;
    yield;
  }
  return sum;
}

/**
 * Checks that weights and images lie within what a precision can compute with.
 *
 * @param dtype the precision of the forward and backward passes
 * @returns those whose gain makes zeros suspicious.
 * @throws NumericalError when a gain is out of range.
 */
export function checkGains(
  weights: Iterable<readonly [name: string, value: NDArray]>,
  images: NDArray,
  dtype: DType,
): readonly Gain[] {
  return atOnce(checkingGains(weights, images, dtype));
}

/** As {@link checkGains}, with pauses. */
export function* checkingGains(
  weights: Iterable<readonly [name: string, value: NDArray]>,
  images: NDArray,
  dtype: DType,
): Generator<void, readonly Gain[]> {
  const gains: Gain[] = [{ name: 'images', gain: yield* gainOf(images, 1) }];
  for (const [name, value] of weights) {
    const { shape } = value;
    gains.push({ name, gain: yield* gainOf(value, shape.length > 1 ? sizeOf(shape.slice(1)) : 1) });
  }
  const { below, above } = SUSPICIOUS[dtype];
  const limit = 2 ** RANGE[dtype].gain;
  for (const { name, gain } of gains) {
    if (gain !== 0 && !(gain >= 1 / limit && gain <= limit)) {
      throw new NumericalError(
        `tangent kernel: ${name}: ${gain < 1 ? 'underflow' : 'overflow'} in ${dtype}, ` +
          `expected a gain from ${short(1 / limit)} to ${short(limit)}, got ${short(gain)}${advice(dtype)}`,
      );
    }
  }
  return gains.filter(({ gain }) => gain !== 0 && (gain < below || gain > above));
}

/** Where a kernel matrix comes from. */
export interface RangeOrigin {
  /** The precision of the rows. */
  readonly dtype: DType;
  /** P, the number of columns of J. */
  readonly parameters: number;
  /** What {@link checkGains} returned. */
  readonly suspicious: readonly Gain[];
  /** Q; 1 by default. */
  readonly rowsPerSample?: number;
}

/**
 * Checks that no row of J left the range of its precision, by the squared lengths of rows: the diagonal of Θ.
 *
 * An entry that underflows is off by up to the smallest normal number t (on devices that flush to zero), P of them by
 * √P·t. That is within the error 32·ε that rows may have anyway when a row is longer than √P·t·2⁻⁵/ε; a factor of 2¹⁰
 * stands for the terms that an entry is summed from. In float64 the squares of entries underflow first: they must stand
 * out of √P times the smallest normal number by the same factors.
 *
 * @param squares squared lengths, Q of them for each sample
 * @throws NumericalError when the row of a sample is infinite, too short, or zero where that is suspicious.
 */
export function checkRowLengths(
  squares: ArrayLike<number>,
  { dtype, parameters, suspicious, rowsPerSample = 1 }: RangeOrigin,
): void {
  const shortest = parameters * 2 ** (2 * (RANGE.float32.least + 23 - 5 + 10));
  const least = dtype === 'float32' ? shortest : parameters * 2 ** (RANGE.float64.least + 52 - 5 + 10);
  for (let i = 0; i < squares.length; i++) {
    const square = squares[i];
    const fault = (what: string, expected: string) =>
      new NumericalError(
        `tangent kernel: the row of sample ${Math.floor(i / rowsPerSample)}: ${what} in ${dtype}, expected ${expected}, got ${short(square)}${advice(dtype)}`,
      );
    if (!(square < Infinity)) throw fault('overflow', 'a finite squared length');
    if (square > 0 && square < least) throw fault('underflow', `a squared length of at least ${short(least)}`);
    if (square === 0 && suspicious.length > 0) {
      const [{ name, gain }] = suspicious;
      throw fault(
        gain < 1 ? 'underflow' : 'overflow',
        `a squared length that is not 0 where ${name} has a gain of ${short(gain)}`,
      );
    }
  }
}

function advice(dtype: DType): string {
  return dtype === 'float32' ? '; compute in float64, or scale it' : '; scale it';
}

function short(x: number): string {
  return Number.isFinite(x) ? x.toPrecision(3) : String(x);
}
