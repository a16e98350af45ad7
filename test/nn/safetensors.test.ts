import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeSafetensors, parseSafetensors } from '../../src/nn/index.ts';
import { InputError, ndarray, type NDArray } from '../../src/tensor/index.ts';
import { draw, extent, seeds } from '../support/arrays.ts';

/** A file from a header and a body, as they are. */
function file(header: unknown, body: ArrayLike<number> = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(Array.from(body), 8 + text.length);
  return bytes;
}

const one = (dtype: string, bytes: number[], shape: number[]) =>
  parseSafetensors(file({ x: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes)).tensors.get('x')!;

const arrays: fc.Arbitrary<NDArray> = fc
  .tuple(fc.array(extent(4, 0), { maxLength: 3 }), seeds, fc.constantFrom('float32' as const, 'float64' as const))
  .map(([shape, seed, dtype]) => draw(seed, shape, undefined, dtype));

describe('safetensors', () => {
  test('are written and read back the same, wherever they lie in memory', () => {
    const parts = fc.record({
      metadata: fc.dictionary(fc.string(), fc.string()),
      tensors: fc.dictionary(
        fc.string({ minLength: 1 }).filter((name) => name !== '__metadata__'),
        arrays,
      ),
      shift: extent(9, 0),
    });
    fc.assert(
      fc.property(parts, ({ metadata, tensors, shift }) => {
        const encoded = encodeSafetensors({ metadata, tensors: new Map(Object.entries(tensors)) });
        const moved = new Uint8Array(encoded.length + shift);
        moved.set(encoded, shift);
        const read = parseSafetensors(moved.subarray(shift));
        expect({ ...read.metadata }).toEqual({ ...metadata });
        expect(read.tensors.size).toBe(Object.keys(tensors).length);
        for (const [name, array] of Object.entries(tensors)) expect(read.tensors.get(name)).toEqual(array);
      }),
    );
  });

  test('may name a tensor as JavaScript names a prototype', () => {
    const tensors = new Map([['__proto__', ndarray([1, 2], [2], 'float32')]]);
    expect(parseSafetensors(encodeSafetensors({ metadata: {}, tensors })).tensors).toEqual(tensors);
  });

  test('of every reference are understood', () => {
    const folder = new URL('../golden/', import.meta.url);
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.safetensors'))) {
      const { metadata, tensors } = parseSafetensors(readFileSync(new URL(name, folder)), name);
      expect(metadata.name).toBe(name.replace('.safetensors', ''));
      expect(tensors.get('input')!.data.every(Number.isFinite)).toBe(true);
    }
  });

  test('may hold half precisions, integers and truth values', () => {
    expect([...one('F16', [0x00, 0x3c, 0x00, 0xc0, 0x01, 0x00, 0x00, 0x7c], [4]).data]).toEqual([
      1,
      -2,
      2 ** -24,
      Infinity,
    ]);
    expect(one('F16', [0x00, 0x7e], []).data[0]).toBeNaN();
    expect([...one('BF16', [0x80, 0x3f, 0x00, 0xc0], [2]).data]).toEqual([1, -2]);
    expect([...one('I64', [255, 255, 255, 255, 255, 255, 255, 255], [1]).data]).toEqual([-1]);
    expect([...one('I32', [1, 0, 0, 128], [1]).data]).toEqual([-(2 ** 31) + 1]);
    expect([...one('I16', [254, 255], [1]).data]).toEqual([-2]);
    expect([...one('I8', [128], [1]).data]).toEqual([-128]);
    expect([...one('U8', [128], [1]).data]).toEqual([128]);
    expect(one('BOOL', [1, 0], [2])).toEqual(ndarray([1, 0], [2]));
  });

  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const refused: [string, Uint8Array, RegExp][] = [
    ['too short', new Uint8Array(7), /expected at least 8 bytes, got 7/],
    ['a header that is not JSON', file('{'), /the header is not JSON/],
    ['a header that is not UTF-8', file('').fill(255, 8), /the header is not JSON/],
    ['a header that is no object', file([]), /expected the header to be a JSON object/],
    ['metadata that are no strings', file({ __metadata__: { a: 1 } }), /__metadata__: a: expected a string, got 1/],
    ['metadata that are no object', file({ __metadata__: [] }), /__metadata__: expected an object of strings/],
    ['an entry that is no object', file({ x: 1 }), /tensor x: entry: expected an object, got 1/],
    ['an unknown type', file({ x: { ...entry, dtype: 'F8' } }, [0, 0, 0, 0]), /dtype: expected one of F64, F32.*got "F8"/],
    ['a type from the prototype', file({ x: { ...entry, dtype: 'toString' } }, [0, 0, 0, 0]), /dtype: expected one of/],
    ['a fractional shape', file({ x: { ...entry, shape: [0.5] } }, [0, 0, 0, 0]), /shape: expected integers ≥ 0, got \[0.5\]/],
    ['a negative shape', file({ x: { ...entry, shape: [-1] } }, [0, 0, 0, 0]), /shape: expected integers ≥ 0/],
    ['a shape that overflows', file({ x: { ...entry, shape: [2 ** 40, 2 ** 40] } }, [0, 0, 0, 0]), /expected 4.8\d+e\+24 bytes/],
    ['a shape of another size', file({ x: { ...entry, shape: [2] } }, [0, 0, 0, 0]), /expected 8 bytes for F32 \[2\], got 4/],
    ['data beyond the end', file({ x: entry }, [0, 0]), /data_offsets: expected begin ≤ end ≤ 2/],
    ['data that end before they begin', file({ x: { ...entry, data_offsets: [4, 0] } }, [0, 0, 0, 0]), /begin ≤ end/],
    ['a gap', file({ x: { ...entry, data_offsets: [4, 8] } }, Array<number>(8)), /x: expected data to begin at byte 0, got 4/],
    ['an overlap', file({ x: entry, y: entry }, [0, 0, 0, 0]), /y: expected data to begin at byte 4, got 0/],
    ['bytes left over', file({ x: entry }, Array<number>(6)), /expected 4 bytes behind the header, got 6/],
    ['an integer beyond 2^53', file({ x: { dtype: 'I64', shape: [1], data_offsets: [0, 8] } }, [0, 0, 0, 0, 0, 0, 0, 64]), /expected integers below 2\^53/],
  ]; // prettier-ignore

  test.each(refused)('with %s are refused', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'file')).toThrow(InputError);
    expect(() => parseSafetensors(bytes, 'file')).toThrow(message);
    expect(() => parseSafetensors(bytes, 'file')).toThrow(/^file: /);
  });

  test('damaged anywhere are read or refused, never anything else', () => {
    const valid = encodeSafetensors({
      metadata: { name: 'x' },
      tensors: new Map([['a', draw(1, [2, 3])], ['b', draw(2, [4], undefined, 'float32')]]), // prettier-ignore
    });
    fc.assert(
      fc.property(extent(valid.length - 1, 0), extent(255, 0), extent(valid.length, 0), (at, value, length) => {
        const damaged = valid.slice();
        damaged[at] = value;
        for (const bytes of [damaged, valid.slice(0, length)]) {
          try {
            parseSafetensors(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
