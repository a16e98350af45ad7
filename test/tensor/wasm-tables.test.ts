import asc from 'assemblyscript/asc';
import { describe, expect, test } from 'vitest';
import { assemblyTables } from '../../scripts/tables.ts';
import { BackendError } from '../../src/tensor/index.ts';
import { byteSize, encode, listOf, placedFields, struct, type Struct } from '../../src/tensor/backends/wasm/struct.ts';
import { STRUCTS } from '../../src/tensor/backends/wasm/tables.ts';

// What TypeScript writes, AssemblyScript reads: every field of every table is filled with a number of its own, and read
// back by name through the generated classes.

/** A value for every field, counting up, and what a reader finds: the path of each number in AssemblyScript. */
function fill(layout: Struct, path: string, next: () => number, found: Map<string, number>): Record<string, unknown> {
  return Object.fromEntries(
    placedFields(layout).map(({ name, field }): [string, unknown] => {
      const here = `${path}.${name}`;
      if (field === 'bool') {
        const value = next() % 2 === 0;
        found.set(`<i32>${here}`, Number(value));
        return [name, value];
      }
      if (typeof field === 'string') {
        const value = next();
        found.set(`<i32>${here}`, value);
        return [name, value];
      }
      if (!('element' in field)) return [name, fill(field, here, next, found)];
      const { element } = field;
      const items = [0, 1, 2].map((i) => {
        if (typeof element !== 'string') return fill(element, `${here}At(${i})`, next, found);
        const value = next();
        found.set(`<i32>${here}At(${i})`, value);
        return value;
      });
      found.set(`${here}Length`, items.length);
      return [name, items];
    }),
  );
}

/** Compiles AssemblyScript; the messages of the compiler are the error. */
async function compile(source: string): Promise<Uint8Array<ArrayBuffer>> {
  const { error, stderr, binary } = await asc.compileString(source, {
    optimizeLevel: 0,
    runtime: 'stub',
    initialMemory: 1,
  });
  if (error || !binary) throw new Error(`asc: ${(stderr as { toString(): string }).toString()}`);
  return new Uint8Array(binary);
}

/** Reads expressions of a table `t` of a type. */
const reader = (structs: readonly Struct[], type: string, paths: readonly string[]) =>
  [
    assemblyTables(structs, {}),
    'export function room(): usize { return __heap_base + 64; }',
    ...paths.map(
      (path, i) => `export function read${i}(at: usize): i32 { const t = changetype<${type}>(at); return ${path}; }`,
    ),
  ].join('\n');

const Inner = struct('Inner', { a: 'i32', list: listOf('i32'), b: 'usize' });
const Deep = struct('Deep', { flag: 'bool', inner: Inner, inners: listOf(Inner), last: 'i32' });

const tables: [string, Struct, readonly Struct[]][] = [
  ...STRUCTS.map((layout): [string, Struct, readonly Struct[]] => [layout.name, layout, STRUCTS]),
  ['lists inside of lists', Deep, [Inner, Deep]],
];

test.each(tables)('%s: AssemblyScript reads what TypeScript wrote', async (_, layout, structs) => {
  let count = 0;
  const found = new Map<string, number>();
  const values = fill(layout, 't', () => ++count, found);
  const words = encode(layout, values as never);
  expect(words.length * 4).toBeGreaterThanOrEqual(byteSize(layout));
  const source = reader(structs, layout.name, [...found.keys()]);
  const { instance } = await WebAssembly.instantiate(await compile(source), { env: { abort: () => undefined } });
  const { memory, room, ...reads } = instance.exports as Record<string, (at?: number) => number> & { memory: never };
  const at = room();
  new Int32Array((memory as WebAssembly.Memory).buffer).set(words, at / 4);
  expect([...found.keys()].map((path, i) => [path, reads[`read${i}`](at)])).toEqual([...found]);
});

describe('a table that does not fit its declaration', () => {
  const Pair = struct('Pair', { first: 'i32', second: 'i32' });

  test('does not compile in TypeScript', () => {
    // @ts-expect-error a field is missing
    expect(() => encode(Pair, { first: 1 })).toThrow(BackendError);
    // @ts-expect-error a field is not declared
    expect(encode(Pair, { first: 1, second: 2, third: 3 })).toEqual([1, 2]);
    // @ts-expect-error a list is no number
    expect(() => encode(Pair, { first: [1, 2], second: 2 })).toThrow(BackendError);
  });

  test('does not compile in AssemblyScript, when a field is renamed or removed', async () => {
    const renamed = struct('Pair', { first: 'i32', other: 'i32' });
    await expect(compile(reader([renamed], 'Pair', ['t.second']))).rejects.toThrow(/second/);
    await expect(compile(reader([Pair], 'Pair', ['t.second']))).resolves.toBeDefined();
  });

  test('is still read by name, when fields are swapped', async () => {
    const swapped = struct('Pair', { second: 'i32', first: 'i32' });
    expect(encode(swapped, { first: 1, second: 2 })).toEqual([2, 1]);
    const { instance } = await WebAssembly.instantiate(await compile(reader([swapped], 'Pair', ['t.second'])), {
      env: { abort: () => undefined },
    });
    const { memory, room, read0 } = instance.exports as Record<string, (at?: number) => number> & { memory: never };
    new Int32Array((memory as WebAssembly.Memory).buffer).set([2, 1], room() / 4);
    expect(read0(room())).toBe(2);
  });

  test('is refused with a value that is no 32-bit integer', () => {
    for (const first of [NaN, 0.5, 2 ** 32, -(2 ** 31) - 1]) {
      expect(() => encode(Pair, { first, second: 0 })).toThrow(/^backend wasm: Pair.first does not fit its table/);
    }
    expect(encode(Pair, { first: 2 ** 32 - 1, second: -(2 ** 31) })).toEqual([2 ** 32 - 1, -(2 ** 31)]);
  });
});
