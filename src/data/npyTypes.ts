import { halfToNumber } from '../narrowFloats.ts';

/** NumPy's names of the element types that are read. */
export type NpyType =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'uint8'
  | 'uint16'
  | 'uint32'
  | 'uint64'
  | 'float16'
  | 'float32'
  | 'float64';

/** What the elements of an NPY file become: a typed array that holds each of them exactly. */
export type NpyData =
  Uint8Array | Int8Array | Int16Array | Uint16Array | Int32Array | Uint32Array | Float32Array | Float64Array;

/** How elements of one type lie in a file. */
export interface ElementType {
  readonly name: NpyType;
  /** The size of an element. */
  readonly bytes: number;
  allocate(size: number): NpyData;
  /** @returns undefined for a whole number that no double holds exactly. */
  read(view: DataView, at: number, littleEndian: boolean): number | undefined;
}

/** The element types by their name. */
export const ELEMENT_TYPES: Readonly<Record<NpyType, ElementType>> = {
  bool: {
    name: 'bool',
    bytes: 1,
    allocate: (size) => new Uint8Array(size),
    read: (view, at) => Number(view.getUint8(at) !== 0),
  },
  int8: { name: 'int8', bytes: 1, allocate: (size) => new Int8Array(size), read: (view, at) => view.getInt8(at) },
  int16: {
    name: 'int16',
    bytes: 2,
    allocate: (size) => new Int16Array(size),
    read: (view, at, little) => view.getInt16(at, little),
  },
  int32: {
    name: 'int32',
    bytes: 4,
    allocate: (size) => new Int32Array(size),
    read: (view, at, little) => view.getInt32(at, little),
  },
  int64: {
    name: 'int64',
    bytes: 8,
    allocate: (size) => new Float64Array(size),
    read: (view, at, little) => exactly(view.getBigInt64(at, little)),
  },
  uint8: { name: 'uint8', bytes: 1, allocate: (size) => new Uint8Array(size), read: (view, at) => view.getUint8(at) },
  uint16: {
    name: 'uint16',
    bytes: 2,
    allocate: (size) => new Uint16Array(size),
    read: (view, at, little) => view.getUint16(at, little),
  },
  uint32: {
    name: 'uint32',
    bytes: 4,
    allocate: (size) => new Uint32Array(size),
    read: (view, at, little) => view.getUint32(at, little),
  },
  uint64: {
    name: 'uint64',
    bytes: 8,
    allocate: (size) => new Float64Array(size),
    read: (view, at, little) => exactly(view.getBigUint64(at, little)),
  },
  float16: {
    name: 'float16',
    bytes: 2,
    allocate: (size) => new Float32Array(size),
    read: (view, at, little) => halfToNumber(view.getUint16(at, little)),
  },
  float32: {
    name: 'float32',
    bytes: 4,
    allocate: (size) => new Float32Array(size),
    read: (view, at, little) => view.getFloat32(at, little),
  },
  float64: {
    name: 'float64',
    bytes: 8,
    allocate: (size) => new Float64Array(size),
    read: (view, at, little) => view.getFloat64(at, little),
  },
};

/** NumPy's letters with a size in bytes, its letters alone, and its other names. */
const ALIASES: Readonly<Record<string, NpyType>> = {
  ...{ b1: 'bool', i1: 'int8', i2: 'int16', i4: 'int32', i8: 'int64', u1: 'uint8', u2: 'uint16', u4: 'uint32' },
  ...{ u8: 'uint64', f2: 'float16', f4: 'float32', f8: 'float64' },
  // `l` and `L` are C's long, of 8 bytes wherever NumPy writes files by these letters today.
  ...{ '?': 'bool', b: 'int8', B: 'uint8', h: 'int16', H: 'uint16', i: 'int32', I: 'uint32', l: 'int64', L: 'uint64' },
  ...{ q: 'int64', Q: 'uint64', e: 'float16', f: 'float32', d: 'float64' },
  ...{ half: 'float16', single: 'float32', double: 'float64' },
};

/** What NumPy writes and is not read, by the first letter after the byte order. */
const OTHERS: Readonly<Record<string, string>> = {
  ...{ c: 'complex numbers', F: 'complex64', D: 'complex128', O: 'Python objects', U: 'text', S: 'text', a: 'text' },
  ...{ M: 'dates', m: 'spans of time', V: 'records', g: 'long doubles' },
};

const COMPLEX: Readonly<Record<string, string>> = { c8: 'complex64', c16: 'complex128', c32: 'complex256' };

/** An element type and its byte order, as NumPy's `descr` names them: `<f4`, `>i8`, `|u1`, `=f4`, `f4`, `B`, `float32`. */
export function elementType(descr: string): { readonly type: ElementType; readonly littleEndian: boolean } | undefined {
  const [, order, code] = /^([<>|=]?)(.*)$/s.exec(descr)!;
  const name = Object.hasOwn(ALIASES, code) ? ALIASES[code] : code;
  if (!Object.hasOwn(ELEMENT_TYPES, name)) return undefined;
  // `=` is the byte order of the machine that reads, and all that run JavaScript today are little-endian.
  return { type: ELEMENT_TYPES[name as NpyType], littleEndian: order !== '>' };
}

/** What an element type is that is not read, in words; empty where that is not known. */
export function otherType(descr: string): string {
  const code = descr.replace(/^[<>|=]/, '');
  if (code.startsWith('complex')) return code;
  if (Object.hasOwn(COMPLEX, code)) return COMPLEX[code];
  // A letter, then a size or a unit: `U5`, `M8[s]`.
  const [, letter] = /^([a-zA-Z])\d*(?:\[.*\])?$/.exec(code) ?? [];
  return letter !== undefined && Object.hasOwn(OTHERS, letter) ? OTHERS[letter] : '';
}

function exactly(value: bigint): number | undefined {
  const number = Number(value);
  return BigInt(number) === value ? number : undefined;
}
