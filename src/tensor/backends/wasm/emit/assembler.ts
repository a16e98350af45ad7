// A small assembler of WebAssembly modules: functions on numbers, vectors and one imported memory.
// The encoding is that of https://webassembly.github.io/spec/core/binary.

import { MOST_PAGES } from '../memory.ts';

/** The types of locals and parameters, by their codes. */
export const TYPES = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

/** The type of a local or parameter. */
export type ValueType = keyof typeof TYPES;

/** The number of a local; parameters are the first ones. */
export type Local = number;

const PLAIN = {
  ...{ loop: 0x03, if: 0x04, else: 0x05, end: 0x0b, select: 0x1b },
  ...{ 'i32.lt_s': 0x48, 'i32.gt_s': 0x4a, 'i32.ge_s': 0x4e, 'i32.eq': 0x46 },
  ...{ 'i32.add': 0x6a, 'i32.sub': 0x6b, 'i32.mul': 0x6c, 'f32.demote_f64': 0xb6 },
} as const;

const VECTOR = {
  ...{ 'f32x4.splat': 0x13, 'f64x2.splat': 0x14 },
  ...{ 'f32x4.eq': 0x41, 'f32x4.ne': 0x42, 'f32x4.lt': 0x43, 'f32x4.le': 0x45 },
  ...{ 'f64x2.eq': 0x47, 'f64x2.ne': 0x48, 'f64x2.lt': 0x49, 'f64x2.le': 0x4b },
  ...{ 'v128.and': 0x4e, 'v128.andnot': 0x4f, 'v128.or': 0x50, 'v128.bitselect': 0x52 },
  ...{ 'f32x4.demote_f64x2_zero': 0x5e, 'f64x2.promote_low_f32x4': 0x5f },
  ...{ 'f32x4.floor': 0x68, 'f32x4.nearest': 0x6a, 'f64x2.floor': 0x75, 'f64x2.nearest': 0x94 },
  ...{ 'i64x2.shl': 0xcb, 'i64x2.shr_u': 0xcd, 'i64x2.add': 0xce },
  ...{ 'f32x4.abs': 0xe0, 'f32x4.neg': 0xe1, 'f32x4.sqrt': 0xe3, 'f32x4.add': 0xe4, 'f32x4.sub': 0xe5 },
  ...{ 'f32x4.mul': 0xe6, 'f32x4.div': 0xe7, 'f32x4.min': 0xe8, 'f32x4.max': 0xe9 },
  ...{ 'f64x2.abs': 0xec, 'f64x2.neg': 0xed, 'f64x2.sqrt': 0xef, 'f64x2.add': 0xf0, 'f64x2.sub': 0xf1 },
  ...{ 'f64x2.mul': 0xf2, 'f64x2.div': 0xf3, 'f64x2.min': 0xf4, 'f64x2.max': 0xf5 },
} as const;

/** Loads and stores of vectors: their codes, and the binary logarithm of the alignment that they promise. */
const MEMORY = {
  'v128.load': [0x00, 2],
  'v128.load32_splat': [0x09, 2],
  'v128.load64_splat': [0x0a, 3],
  'v128.store': [0x0b, 2],
  'v128.load32_lane': [0x56, 2],
  'v128.load64_lane': [0x57, 2],
  'v128.store32_lane': [0x5a, 2],
  'v128.store64_lane': [0x5b, 2],
  'v128.load32_zero': [0x5c, 2],
  'v128.load64_zero': [0x5d, 2],
} as const;

/** An instruction without immediates. */
export type Instruction = keyof typeof PLAIN | keyof typeof VECTOR;

/** An access of memory. */
export type MemoryInstruction = keyof typeof MEMORY;

/** The bytes of a number of 7 bits each, the last one marked (LEB128). */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? byte + 128 : byte);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    const done = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
    bytes.push(done ? byte : byte | 0x80);
    if (done) return bytes;
  }
}

/** Writes the body of a function, instruction by instruction. */
export class FunctionBody {
  readonly #parameters: readonly ValueType[];
  readonly #locals: ValueType[] = [];
  readonly #bytes: number[] = [];

  constructor(parameters: readonly ValueType[]) {
    this.#parameters = parameters;
  }

  get parameters(): readonly ValueType[] {
    return this.#parameters;
  }

  /** A new local. */
  local(type: ValueType): Local {
    return this.#parameters.length + this.#locals.push(type) - 1;
  }

  get(...locals: Local[]): this {
    for (const local of locals) this.#bytes.push(0x20, ...unsigned(local));
    return this;
  }

  set(local: Local): this {
    this.#bytes.push(0x21, ...unsigned(local));
    return this;
  }

  i32(value: number): this {
    this.#bytes.push(0x41, ...signed(value));
    return this;
  }

  /** Loads a 32-bit integer. */
  load(offset: number): this {
    this.#bytes.push(0x28, 2, ...unsigned(offset));
    return this;
  }

  /** A vector of equal 64-bit lanes, or of equal 32-bit ones. */
  constant(value: number | bigint, lane: 'f32' | 'f64' | 'i64'): this {
    const view = new DataView(new ArrayBuffer(16));
    for (let at = 0; at < 16; at += lane === 'f32' ? 4 : 8) {
      if (lane === 'f32') view.setFloat32(at, Number(value), true);
      else if (lane === 'f64') view.setFloat64(at, Number(value), true);
      else view.setBigUint64(at, BigInt(value), true);
    }
    this.#bytes.push(0xfd, 12, ...new Uint8Array(view.buffer));
    return this;
  }

  op(instruction: Instruction): this {
    if (instruction in VECTOR) this.#bytes.push(0xfd, ...unsigned(VECTOR[instruction as keyof typeof VECTOR]));
    else this.#bytes.push(PLAIN[instruction as keyof typeof PLAIN]);
    return this;
  }

  /** A vector access at a constant distance from the address. */
  access(instruction: MemoryInstruction, offset = 0, lane?: number): this {
    const [code, alignment] = MEMORY[instruction];
    this.#bytes.push(0xfd, ...unsigned(code), alignment, ...unsigned(offset), ...(lane === undefined ? [] : [lane]));
    return this;
  }

  /** Repeats what `body` writes for as long as it leaves a number other than 0. */
  loop(body: () => void): this {
    this.#bytes.push(PLAIN.loop, 0x40);
    body();
    this.#bytes.push(0x0d, 0, PLAIN.end);
    return this;
  }

  /** By the number that was left: other than 0, or 0. */
  if(then: () => void, otherwise: () => void): this {
    this.#bytes.push(PLAIN.if, 0x40);
    then();
    this.#bytes.push(PLAIN.else);
    otherwise();
    this.#bytes.push(PLAIN.end);
    return this;
  }

  /** The body as it stands in a module. */
  encoded(): number[] {
    const locals = this.#locals.flatMap((type) => [1, TYPES[type]]);
    return sized([...unsigned(this.#locals.length), ...locals, ...this.#bytes, PLAIN.end]);
  }
}

function sized(bytes: readonly number[]): number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  return sized([...new TextEncoder().encode(value)]);
}

/** A module that exports functions by name and imports the memory `env.memory`. */
export function assemble(functions: ReadonlyMap<string, FunctionBody>, sharedMemory: boolean): Uint8Array<ArrayBuffer> {
  const bodies = [...functions.values()];
  const section = (id: number, content: readonly number[]) => [id, ...sized(content)];
  const limits = sharedMemory ? [0x03, 1, ...unsigned(MOST_PAGES)] : [0x00, 1];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list(bodies.map(({ parameters }) => [0x60, ...list(parameters.map((type) => [TYPES[type]])), 0]))),
    ...section(2, list([[...text('env'), ...text('memory'), 0x02, ...limits]])),
    ...section(3, list(bodies.map((_, i) => unsigned(i)))),
    ...section(7, list([...functions.keys()].map((name, i) => [...text(name), 0x00, ...unsigned(i)]))),
    ...section(10, list(bodies.map((body) => body.encoded()))),
  ]);
}
