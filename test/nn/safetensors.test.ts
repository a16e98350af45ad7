import fc from 'fast-check';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { encodeSafetensors, parseSafetensors } from '../../src/nn/index.ts';
import { InputError, ndarray, type NDArray } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';

/** A file from a header and a body, as they are. */
function file(header: unknown, body: ArrayLike<number> = []): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + text.length + body.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(body, 8 + text.length);
  return bytes;
}

const one = (dtype: string, bytes: number[], shape: number[]) =>
  parseSafetensors(file({ x: { dtype, shape, data_offsets: [0, bytes.length] } }, bytes)).tensors.get('x')!;

const arrays: fc.Arbitrary<NDArray> = fc
  .tuple(fc.array(extent(4, 0), { maxLength: 3 }), seeds, fc.constantFrom('float32' as const, 'float64' as const))
  .map(([shape, seed, dtype]) => draw(seed, shape, undefined, dtype));

describe('safetensors', () => {
  test('are written and read back unchanged, at any offset in memory', () => {
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

  test('may have a tensor named __proto__', () => {
    const tensors = new Map([['__proto__', ndarray([1, 2], [2], 'float32')]]);
    expect(parseSafetensors(encodeSafetensors({ metadata: {}, tensors })).tensors).toEqual(tensors);
  });

  test('of every reference case are read', () => {
    const folder = new URL('../golden/', import.meta.url);
    for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.safetensors'))) {
      const { metadata, tensors } = parseSafetensors(readFileSync(new URL(name, folder)), name);
      expect(metadata.name).toBe(name.replace('.safetensors', ''));
      expect(tensors.get('input')!.data.every(Number.isFinite)).toBe(true);
    }
  });

  test('may hold half precision, integers and booleans', () => {
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
    expect([...one('U16', [1, 128], [1]).data]).toEqual([2 ** 15 + 1]);
    expect([...one('U32', [1, 0, 0, 128], [1]).data]).toEqual([2 ** 31 + 1]);
    expect([...one('U64', [1, 0, 0, 128, 0, 0, 0, 0], [1]).data]).toEqual([2 ** 31 + 1]);
    expect(one('BOOL', [1, 0], [2])).toEqual(ndarray([1, 0], [2]));
  });

  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const refused: [string, Uint8Array, RegExp][] = [
    ['too short', new Uint8Array(7), /expected at least 8 bytes, got 7/],
    ['a header that is not JSON', file('{'), /expected a header of JSON/],
    ['a header that is not UTF-8', file('').fill(255, 8), /expected a header of JSON/],
    ['a header that is no object', file([]), /expected the header to be a JSON object/],
    ['metadata that are no strings', file({ __metadata__: { a: 1 } }), /__metadata__: a: expected a string, got 1/],
    ['metadata that are no object', file({ __metadata__: [] }), /__metadata__: expected an object of strings/],
    ['an entry that is no object', file({ x: 1 }), /tensor x: entry: expected an object, got 1/],
    ['a type that is no name', file({ x: { ...entry, dtype: 4 } }, [0, 0, 0, 0]), /dtype: expected the name of an element type, got 4/],
    ['an 8-bit type of another size', file({ x: { ...entry, dtype: 'F8_E4M3' } }, [0, 0, 0, 0]), /expected 1 bytes for F8_E4M3 \[1\], got 4/],
    ['a fractional shape', file({ x: { ...entry, shape: [0.5] } }, [0, 0, 0, 0]), /shape: expected integers ≥ 0, got \[0.5\]/],
    ['a negative shape', file({ x: { ...entry, shape: [-1] } }, [0, 0, 0, 0]), /shape: expected integers ≥ 0/],
    ['a shape that overflows', file({ x: { ...entry, shape: [2 ** 40, 2 ** 40] } }, [0, 0, 0, 0]), /expected 4.8\d+e\+24 bytes/],
    ['a shape of another size', file({ x: { ...entry, shape: [2] } }, [0, 0, 0, 0]), /expected 8 bytes for F32 \[2\], got 4/],
    ['data beyond the end', file({ x: entry }, [0, 0]), /data_offsets: expected begin ≤ end ≤ 2/],
    ['data that end before they begin', file({ x: { ...entry, data_offsets: [4, 0] } }, [0, 0, 0, 0]), /begin ≤ end/],
    ['a gap', file({ x: { ...entry, data_offsets: [4, 8] } }, Array<number>(8)), /x: expected data to begin at byte 0, got 4/],
    ['an overlap', file({ x: entry, y: entry }, [0, 0, 0, 0]), /y: expected data to begin at byte 4, got 0/],
    ['bytes left over', file({ x: entry }, Array<number>(6)), /expected 4 bytes after the header, got 6/],
  ]; // prettier-ignore

  test.each(refused)('with %s are refused', (_, bytes, message) => {
    expect(() => parseSafetensors(bytes, 'file')).toThrow(InputError);
    expect(() => parseSafetensors(bytes, 'file')).toThrow(message);
    expect(() => parseSafetensors(bytes, 'file')).toThrow(/^file: /);
  });

  test.each([
    ['C64', 8],
    ['F8_E4M3', 1],
    ['F8_E5M2', 1],
    ['F8_E8M0', 1],
    // Types that are not known, whatever their length; and a name that every object has.
    ['F4', 3],
    ['toString', 4],
  ])('with a tensor of type %s are read, and that tensor refused when its values are asked for', (dtype, bytes) => {
    const header = {
      x: { dtype, shape: [1], data_offsets: [0, bytes] },
      y: { dtype: 'U8', shape: [1], data_offsets: [bytes, bytes + 1] },
    };
    const { tensors } = parseSafetensors(file(header, [...Array<number>(bytes).fill(0), 7]), 'file');
    expect(tensors.get('y')).toEqual(ndarray([7], [1]));
    expect(tensors.get('x')!.shape).toEqual([1]);
    for (const ask of [() => tensors.get('x')!.data, () => ({ ...tensors.get('x') })]) {
      expect(ask).toThrow(InputError);
      expect(ask).toThrow(
        `file: tensor x: dtype: expected one of F64, F32, F16, BF16, I64, I32, I16, U64, U32, U16, I8, U8, BOOL, got ${dtype}`,
      );
    }
  });

  test.each(['I64', 'U64'])('with integers of type %s beyond 2^53 are read, and those integers refused', (dtype) => {
    const header = {
      large: { dtype, shape: [1], data_offsets: [0, 8] },
      largest: { dtype, shape: [1], data_offsets: [8, 16] },
    };
    const bytes = [0, 0, 0, 0, 0, 0, 0x20, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0];
    const { tensors } = parseSafetensors(file(header, bytes), 'file');
    expect(tensors.get('largest')!.data[0]).toBe(Number.MAX_SAFE_INTEGER);
    expect(() => tensors.get('large')!.data).toThrow(
      new InputError('file: tensor large: expected integers below 2^53, got 9007199254740992'),
    );
  });

  test('decode values once, on first use: a large tensor that is not used costs nothing', () => {
    const bytes = file({ x: { dtype: 'U8', shape: [2 ** 26], data_offsets: [0, 2 ** 26] } }, new Uint8Array(2 ** 26));
    const before = process.memoryUsage().arrayBuffers;
    const { tensors } = parseSafetensors(bytes);
    expect(tensors.get('x')!.shape).toEqual([2 ** 26]);
    // In float64 it would take 2²⁹ bytes.
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    const small = parseSafetensors(file({ x: entry }, [0, 0, 128, 63])).tensors.get('x')!;
    expect(small.data).toBe(small.data);
  });

  test.each([
    ['an empty file', []],
    ['a ZIP archive', [0x50, 0x4b, 3, 4, 20, 0, 0, 0, 0, 0]],
    ['a Python pickle', [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20]],
    ['an NPY file', [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, 118, 0]],
    ['an HDF5 file', [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]],
    ['a gzip file', [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]],
    // ir_version 8, producer_name "pytorch"
    ['an ONNX model', [8, 8, 0x12, 7, 0x70, 0x79, 0x74, 0x6f, 0x72, 0x63, 0x68]],
    ['an HTML page', [...new TextEncoder().encode('\n<!DOCTYPE html>\n<html lang="en">')]],
    ['a git-LFS pointer', [...new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:4d7')]],
    ['a JSON text', [...new TextEncoder().encode('{"name": "infer.tiny"}')]],
    ['a text', [...new TextEncoder().encode('Not Found. This is no file')]],
  ])('that are %s instead are refused by that name', (kind, bytes) => {
    const read = () => parseSafetensors(Uint8Array.from(bytes), 'file');
    expect(read).toThrow(InputError);
    expect(read).toThrow(`file: not a safetensors file: looks like ${kind}`);
    expect(read).toThrow(/; expected .*, got \d+$/);
  });
});
