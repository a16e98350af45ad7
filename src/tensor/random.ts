import { checkOptions, formatValue } from '../check.ts';
import { InputError, ShapeError } from '../errors.ts';
import { allocate, type DType, type NDArray } from './array.ts';
import { checkShape, type Shape, sizeOf } from './shape.ts';

/** How arrays of random numbers are drawn. */
export interface DrawOptions {
  /** float64 by default. float32 holds the same numbers, rounded. */
  readonly dtype?: DType | undefined;
}

/**
 * A stream of random numbers that is the same on every platform.
 *
 * The bits come from Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), a bijection of
 * counters: block i of a stream is philox(counter = (i, 0, stream₀, stream₁), key = seed). Forking hashes a label into
 * the stream words and the key. Numbers are made of the bits with operations that IEEE 754 rounds exactly: a logarithm
 * of our own takes the place of `Math.log`, whose last digit differs between engines.
 *
 * @example
 * const generator = new Generator(0);
 * console.log(generator.integer(100), new Generator(0).integer(100)); // 41 41
 * console.log(generator.fork('weights').normals([2, 3]).shape); // [ 2, 3 ]
 */
export class Generator {
  readonly #key: readonly [number, number];
  readonly #stream: readonly [number, number];
  #counter = 0;
  #block: readonly number[] = [];
  #spareNormal: number | undefined;

  /**
   * @param seed an integer from 0 to 2⁵³ − 1.
   * @throws ShapeError when it is not.
   */
  constructor(seed: number, stream: readonly [number, number] = [0, 0]) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new ShapeError(
        `Generator: expected a seed that is an integer from 0 to 2^53 - 1, got ${formatValue(seed)}`,
      );
    }
    this.#key = [seed >>> 0, Math.floor(seed / 2 ** 32) >>> 0];
    this.#stream = stream;
  }

  /**
   * An independent stream for a label: a layer's name, the number of a repeat. The same label gives the same stream,
   * wherever in its own stream this generator is.
   *
   * @throws InputError when the label is neither a text nor a number.
   */
  fork(label: string | number): Generator {
    if (typeof label !== 'string' && typeof label !== 'number') {
      throw new InputError(`Generator.fork: expected a label, got ${formatValue(label)}`);
    }
    let words: readonly number[] = [...this.#stream, this.#key[0], this.#key[1]];
    const bytes = new TextEncoder().encode(`${typeof label} ${label}`);
    // Each four bytes of the label pass through the cipher with all that came before; the length closes the chain.
    for (let i = 0; i <= bytes.length; i += 4) {
      const word = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
      words = philox([words[0] ^ word, words[1], words[2] ^ bytes.length, words[3]], [words[3], words[0]]);
    }
    return new Generator(words[0] + (words[1] & 0x1fffff) * 2 ** 32, [words[2], words[3]]);
  }

  /** 32 random bits as an integer from 0 to 2³² − 1. */
  uint32(): number {
    if (this.#counter % 4 === 0) {
      const block = this.#counter / 4;
      const [low, high] = [block >>> 0, Math.floor(block / 2 ** 32)];
      this.#block = philox([low, high, ...this.#stream], this.#key);
    }
    return this.#block[this.#counter++ % 4];
  }

  /**
   * A number from [low, high), with 53 random bits; bounds other than 0 and 1 may round it up to `high` itself.
   *
   * @throws InputError when a bound is no finite number.
   */
  uniform(low = 0, high = 1): number {
    checkNumbers('uniform', low, high);
    const unit = ((this.uint32() >>> 5) * 2 ** 26 + (this.uint32() >>> 6)) * 2 ** -53;
    return low + (high - low) * unit;
  }

  /**
   * A normally distributed number (Marsaglia's polar method).
   *
   * @throws InputError when the mean or the standard deviation is no finite number.
   */
  normal(mean = 0, std = 1): number {
    checkNumbers('normal', mean, std);
    let z = this.#spareNormal;
    this.#spareNormal = undefined;
    while (z === undefined) {
      const [u, v] = [this.uniform(-1, 1), this.uniform(-1, 1)];
      const s = u * u + v * v;
      if (s >= 1 || s === 0) continue;
      const factor = Math.sqrt((-2 * exactLog(s)) / s);
      z = u * factor;
      this.#spareNormal = v * factor;
    }
    return mean + std * z;
  }

  /** An integer from 0 to before `bound` (at most 2³²), each equally likely. */
  integer(bound: number): number {
    if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
      throw new ShapeError(`Generator.integer: expected a bound from 1 to 2^32, got ${formatValue(bound)}`);
    }
    // Values beyond the last whole multiple of the bound would favour small remainders.
    const fair = 2 ** 32 - (2 ** 32 % bound);
    for (;;) {
      const bits = this.uint32();
      if (bits < fair) return bits % bound;
    }
  }

  /**
   * The numbers 0 … n − 1 in random order (Fisher and Yates).
   *
   * @throws ShapeError when n is no integer from 0 to 2³¹ − 1.
   */
  permutation(n: number): Int32Array {
    if (!Number.isInteger(n) || n < 0 || n >= 2 ** 31) {
      throw new ShapeError(`Generator.permutation: expected an integer from 0 to 2^31 - 1, got ${formatValue(n)}`);
    }
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /**
   * An array of normally distributed numbers.
   *
   * @throws ShapeError when the shape is none, InputError when an option makes no sense.
   */
  normals(
    shape: Shape,
    options: DrawOptions & { readonly mean?: number | undefined; readonly std?: number | undefined } = {},
  ): NDArray {
    checkOptions('Generator.normals', options, ['dtype', 'mean', 'std']);
    return this.#fill('normals', shape, options, () => this.normal(options.mean, options.std));
  }

  /**
   * An array of numbers from [low, high), rounded to its precision; in float32 a few of them round up to `high`.
   *
   * @throws ShapeError when the shape is none, InputError when an option makes no sense.
   */
  uniforms(
    shape: Shape,
    options: DrawOptions & { readonly low?: number | undefined; readonly high?: number | undefined } = {},
  ): NDArray {
    checkOptions('Generator.uniforms', options, ['dtype', 'low', 'high']);
    return this.#fill('uniforms', shape, options, () => this.uniform(options.low, options.high));
  }

  #fill(name: string, shape: Shape, { dtype = 'float64' }: DrawOptions, next: () => number): NDArray {
    checkShape(`Generator.${name}`, shape);
    const data = allocate(dtype, sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = next();
    return { shape, dtype, data };
  }
}

function checkNumbers(name: string, a: number, b: number): void {
  if (!Number.isFinite(a) || !Number.isFinite(b)) {
    throw new InputError(`Generator.${name}: expected finite numbers, got ${formatValue(a)} and ${formatValue(b)}`);
  }
}

/** Ten rounds of Philox4x32: four counter words and two key words to four random words. */
export function philox(counter: readonly number[], key: readonly [number, number]): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const [high0, low0] = multiplyWide(0xd2511f53, c0);
    const [high1, low1] = multiplyWide(0xcd9e8d57, c2);
    [c0, c1, c2, c3] = [high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0];
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  return [c0 >>> 0, c1 >>> 0, c2 >>> 0, c3 >>> 0];
}

/** The 64-bit product of two 32-bit words, as its high and low word. */
function multiplyWide(a: number, b: number): [high: number, low: number] {
  const [a0, a1] = [a & 0xffff, a >>> 16];
  const [b0, b1] = [b & 0xffff, b >>> 16];
  const low = a0 * b0;
  const middle = a1 * b0 + (low >>> 16); // below 2³²
  const middleLow = (middle & 0xffff) + a0 * b1;
  return [(a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(middleLow / 0x10000)) >>> 0, Math.imul(a, b)];
}

const LN2_HIGH = 0.69314718036912381649; // the upper 33 bits: its products with exponents are exact
const LN2_LOW = 1.90821492927058770002e-10;

/**
 * The natural logarithm of a positive normal number, from additions, multiplications and one division alone: the
 * same bits everywhere. With x = 2ᵏ·m, m in [√½, √2), log x = k·log 2 + 2·artanh((m − 1)/(m + 1)).
 */
export function exactLog(x: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, x);
  let exponent = (bits.getUint32(0) >>> 20) - 1023;
  bits.setUint32(0, (bits.getUint32(0) & 0xfffff) | 0x3ff00000);
  let m = bits.getFloat64(0);
  if (m > Math.SQRT2) {
    m /= 2;
    exponent += 1;
  }
  const f = m - 1;
  const t = f / (2 + f);
  const t2 = t * t;
  // Σ 2·t²ʲ/(2j + 1) for j ≥ 1, |t| ≤ 0.172: the first term left out is below 2⁻⁵⁸ of the sum.
  let series = 0;
  for (let j = 11; j >= 1; j--) series = t2 * (2 / (2 * j + 1) + series);
  // log(1 + f) = f − t·(f − series), the form that loses least near 1.
  return exponent * LN2_HIGH + (f - t * (f - series) + exponent * LN2_LOW);
}
