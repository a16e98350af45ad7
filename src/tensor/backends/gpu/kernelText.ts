import type { Shape } from '../../shape.ts';
import { joinDimensions } from '../../strided.ts';
import type { Dialect } from './dialect.ts';

/** The expressions of four neighbouring elements. */
export type Lanes = readonly [string, string, string, string];

/**
 * The turns after which Mesa's software rasteriser ends all loops of a shader invocation, without an error
 * (`LP_MAX_TGSI_LOOP_ITERATIONS`). No kernel of any device is written with more.
 */
export const MOST_TURNS = 65_535;

/** One value for each lane. */
export function lanes(of: (lane: number) => string): Lanes {
  return [of(0), of(1), of(2), of(3)];
}

/** A number as text that reads as a number of the kernel language wherever it stands. */
export function literal(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`kernel text: no literal for ${value}`);
  return value < 0 ? `(${value})` : String(value);
}

/** A sum with a constant; nothing is written for what is 0. */
export function plus(a: string, b: number): string {
  if (b === 0) return a;
  return b < 0 ? `(${a} - ${-b})` : `(${a} + ${b})`;
}

/** A product with a whole number; nothing is written for factors 0 and 1. */
export function times(a: string, b: number): string {
  return b === 0 || a === '0' ? '0' : b === 1 ? a : `${a} * ${literal(b)}`;
}

/** Nested choices by a number that is one of 0, 1, 2, …. */
export function select(number: string, of: readonly string[]): string {
  return of.reduceRight((rest, value, i) => `(${number} < ${i + 0.5} ? ${value} : ${rest})`);
}

/**
 * Writes the body of a kernel, statement by statement.
 *
 * Whole numbers are held in float32 by most devices, so that no index may pass 2²⁴; {@link Dialect.mostElements} keeps to it.
 */
export class KernelText {
  /** The number of the texel that this thread computes. */
  readonly t = 't';
  readonly dialect: Dialect;
  #lines: string[] = [];
  #names = 0;
  #turns = 0;

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  get body(): string {
    return this.#lines.join('\n  ');
  }

  /** The most turns that the loops written so far make, all together. */
  get turns(): number {
    return this.#turns;
  }

  line(text: string): void {
    this.#lines.push(text);
  }

  /** A constant of its own name; an expression that is one already is not written again. */
  value(expression: string): string {
    if (/^(\w+|\(-\d+\))$/.test(expression)) return expression;
    const name = this.#name();
    this.line(`const ${name} = ${expression};`);
    return name;
  }

  /** A variable. */
  variable(initial = '0.0'): string {
    const name = this.#name();
    this.line(`let ${name} = ${initial};`);
    return name;
  }

  /** A loop with a constant number of turns. */
  loop(count: number, body: (i: string) => void): void {
    if (count === 1) return body('0');
    const name = this.#name();
    const before = this.#turns;
    this.line(`for (let ${name} = 0; ${name} < ${count}; ${name}++) {`);
    body(name);
    this.line('}');
    this.#turns = before + count * (1 + this.#turns - before);
  }

  /** Statements for where a condition holds. */
  when(condition: string, body: () => void): void {
    this.line(`if (${condition}) {`);
    body();
    this.line('}');
  }

  /** Statements for each of the numbers below `count`, of which those for `number` are done. */
  choose(number: string, count: number, body: (i: number) => void): void {
    for (let i = 0; i < count; i++) {
      if (count > 1) this.line(`${i > 0 ? '} else ' : ''}${i < count - 1 ? `if (${number} < ${i + 0.5}) ` : ''}{`);
      body(i);
    }
    if (count > 1) this.line('}');
  }

  /** ⌊a/b⌋ and the remainder, for whole numbers a ≥ 0 and b ≥ 1. */
  divide(a: string, b: number): readonly [quotient: string, remainder: string] {
    if (b === 1) return [a, '0'];
    // Division by a power of two is exact in any precision.
    const text = Number.isInteger(Math.log2(b)) ? `Math.floor(${a} * ${1 / b})` : this.dialect.quotient(a, b);
    const quotient = this.value(text);
    return [quotient, this.value(`${a} - ${quotient} * ${b}`)];
  }

  /** The coordinates of a position in a shape, the outermost first. */
  coordinates(position: string, extents: readonly number[]): string[] {
    const result = new Array<string>(extents.length);
    let rest = position;
    for (let d = extents.length - 1; d > 0; d--) [rest, result[d]] = this.divide(rest, extents[d]);
    if (extents.length > 0) result[0] = extents[0] === 1 ? '0' : rest;
    return result;
  }

  /** Where a position of a shape is under each of several sets of strides. */
  offsets(position: string, shape: Shape, strides: readonly (readonly number[])[]): string[] {
    const joined = joinDimensions(shape, strides);
    const at = this.coordinates(position, joined.extents);
    return joined.strides.map((steps) => this.value(dot(at, steps)));
  }

  /** The four elements of a texel of an operand. */
  texel(operand: number, index: string): Lanes {
    const array = operandName(operand);
    if (this.dialect.packed) {
      const name = this.#name();
      this.line(`const ${name} = ${array}[${index}];`);
      return lanes((lane) => `${name}[${lane}]`);
    }
    const at = this.value(`4 * (${index})`);
    return lanes((lane) => this.value(`${array}[${plus(at, lane)}]`));
  }

  /** One element of an operand. */
  element(operand: number, index: string): string {
    if (!this.dialect.packed) return this.value(`${operandName(operand)}[${index}]`);
    if (/^\d+$/.test(index)) return this.texel(operand, String(Math.floor(Number(index) / 4)))[Number(index) % 4];
    const [texel, lane] = this.divide(this.value(index), 4);
    return this.value(select(lane, this.texel(operand, texel)));
  }

  #name(): string {
    return `v${this.#names++}`;
  }
}

/** Σ aᵢ·bᵢ with literal bᵢ. */
export function dot(a: readonly string[], b: readonly number[]): string {
  const terms = a.map((x, i) => times(x, b[i])).filter((term) => term !== '0');
  return terms.length === 0 ? '0' : terms.join(' + ');
}

/** The name of a kernel's parameter. */
export function operandName(operand: number): string {
  return `a${operand}`;
}
