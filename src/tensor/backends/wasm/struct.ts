import { BackendError } from '../../../errors.ts';

// Tables that kernels read: 32-bit fields and lists, declared once (tables.ts). TypeScript fills a table from an object
// of all fields by name; AssemblyScript reads it through a class that scripts/generate.ts writes from the declaration.

/** A field of 32 bits, by the type under which AssemblyScript reads it: `usize` holds bytes, `bool` is 0 or 1. */
export type Scalar = 'i32' | 'usize' | 'bool';

/** A field: a number, a struct in place, or a list that follows the fixed part. */
export type Field = Scalar | Struct | List;

/** Fields by name, in the order in which they lie in memory. */
export interface Fields {
  readonly [name: string]: Field;
}

/** A declared layout. */
export interface Struct<F extends Fields = Fields> {
  readonly name: string;
  readonly fields: F;
}

/** Any number of equal elements: the field holds where they begin, in bytes from the struct's first, and their number. */
export interface List<E extends Scalar | Struct = Scalar | Struct> {
  readonly element: E;
}

type ValueOf<T> = T extends 'bool'
  ? boolean
  : T extends Scalar
    ? number
    : T extends List<infer E>
      ? readonly ValueOf<E>[]
      : T extends Struct<infer F>
        ? Values<F>
        : never;

/** What a struct is filled from: every field, and no other. */
export type Values<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> };

export function struct<const F extends Fields>(name: string, fields: F): Struct<F> {
  return { name, fields };
}

export function listOf<const E extends Scalar | Struct>(element: E): List<E> {
  return { element };
}

const WORD = 4;

const isList = (field: Field): field is List => typeof field === 'object' && 'element' in field;

/** 32-bit words of a field in the fixed part of its struct. */
function wordsOf(field: Field): number {
  if (typeof field === 'string') return 1;
  return isList(field) ? 2 : Object.values(field.fields).reduce((sum, each) => sum + wordsOf(each), 0);
}

/** Bytes of a scalar or of the fixed part of a struct. */
export function byteSize(field: Scalar | Struct): number {
  return WORD * wordsOf(field);
}

/** The fields of a struct with their distances from its first byte. */
export function placedFields({ fields }: Struct): { name: string; field: Field; offset: number }[] {
  let offset = 0;
  return Object.entries(fields).map(([name, field]) => {
    const placed = { name, field, offset };
    offset += WORD * wordsOf(field);
    return placed;
  });
}

/** The distance in bytes of a field from the first byte of its struct. */
export function offsetOf<F extends Fields>(layout: Struct<F>, name: keyof F & string): number {
  return placedFields(layout).find((placed) => placed.name === name)!.offset;
}

type Value = number | boolean | readonly Value[] | { readonly [name: string]: Value };

/**
 * A struct as 32-bit numbers: its fixed part, and its lists after that.
 *
 * @throws BackendError when a value does not fit a 32-bit integer.
 */
export function encode<F extends Fields>(layout: Struct<F>, values: Values<F>): number[] {
  const words: number[] = [];
  const reserve = (count: number) => {
    const at = words.length;
    for (let i = 0; i < count; i++) words.push(0);
    return at;
  };
  const put = (at: number, field: Field, value: Value, where: string): void => {
    if (typeof field === 'string') {
      words[at] = checked(Number(value), where);
    } else {
      for (const placed of placedFields(field as Struct)) {
        const inner = (value as Record<string, Value>)[placed.name];
        const to = at + placed.offset / WORD;
        const name = `${where}.${placed.name}`;
        if (isList(placed.field)) putList(at, to, placed.field, inner as readonly Value[], name);
        else put(to, placed.field, inner, name);
      }
    }
  };
  const putList = (base: number, at: number, { element }: List, items: readonly Value[], where: string) => {
    const size = wordsOf(element);
    const start = reserve(size * items.length);
    words[at] = WORD * (start - base);
    words[at + 1] = items.length;
    items.forEach((item, i) => put(start + i * size, element, item, where));
  };
  put(reserve(wordsOf(layout)), layout, values, layout.name);
  return words;
}

function checked(value: number, where: string): number {
  if (Number.isInteger(value) && value >= -(2 ** 31) && value < 2 ** 32) return value;
  throw new BackendError(`backend wasm: ${where} does not fit its table, expected a 32-bit integer, got ${value}`);
}
