import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatValue } from '../../src/check.ts';
import { DataLoader, decodeNpy, encodeNpy, MNIST_NORMALIZATION, type NpyData, parseNpy } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { expectInputError } from '../support/messages.ts';
import { runs } from '../support/runs.ts';

const file = (bytes: Uint8Array) => ({ name: 'x.npy', bytes });

/** An NPY file with any header, valid or not. */
function npy(header: string, data: ArrayLike<number> = [], version = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = Array.from({ length: version === 1 ? 2 : 4 }, (_, i) => Math.floor(text.length / 256 ** i) & 0xff);
  return Uint8Array.from([
    0x93,
    ...new TextEncoder().encode('NUMPY'),
    version,
    0,
    ...length,
    ...text,
    ...Array.from(data),
  ]);
}

function header(shape: string, descr = "'|u1'", order = 'False'): string {
  return `{'descr': ${descr}, 'fortran_order': ${order}, 'shape': ${shape}, }\n`;
}

const number = fc.double({ noDefaultInfinity: true, noNaN: true });
const kinds = [
  ['uint8', Uint8Array],
  ['int8', Int8Array],
  ['uint16', Uint16Array],
  ['int16', Int16Array],
  ['uint32', Uint32Array],
  ['int32', Int32Array],
  ['float32', Float32Array],
  ['float64', Float64Array],
] as const;
const anyArray = fc
  .tuple(fc.constantFrom(...kinds), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }))
  .chain(([[dtype, kind], shape]) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return fc
      .array(fc.oneof(number, fc.integer()), { minLength: size, maxLength: size })
      .map((values): { dtype: string; shape: number[]; data: NpyData } => ({ dtype, shape, data: kind.from(values) }));
  });

describe('the NPY format', () => {
  test('reads any array as it was written', () => {
    fc.assert(
      fc.property(anyArray, (array) => {
        expect(decodeNpy(file(encodeNpy(array)))).toEqual(array);
      }),
    );
  });

  test('is read with a header written by Python 2', () => {
    const text = header('(1L, 2L)').replace("'|u1'", "u'|u1'").replace("'shape'", 'U"shape"');
    expect(decodeNpy(file(npy(text, [3, 4])))).toMatchObject({ shape: [1, 2], data: Uint8Array.of(3, 4) });
  });

  test('does not need the file to be aligned in memory', () => {
    const bytes = encodeNpy({ shape: [2], data: Float64Array.of(0.1, -7) });
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeNpy(file(shifted.subarray(3))).data).toEqual(Float64Array.of(0.1, -7));
  });

  // np.lib.format.write_array(f, np.array([[[1.5, -2.25]]], '<f4'), version=(1, 0)), NumPy 2.4
  const fields = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 2), }";
  const byNumpy = npy(`${fields.padEnd(117)}\n`, [0, 0, 0xc0, 0x3f, 0, 0, 0x10, 0xc0]);

  test('is written as NumPy writes it, byte for byte', () => {
    expect(encodeNpy({ shape: [1, 1, 2], data: Float32Array.of(1.5, -2.25) })).toEqual(byNumpy);
  });

  test('has its data aligned to 64 bytes for every rank', () => {
    for (let rank = 0; rank < 40; rank++) {
      const bytes = encodeNpy({ shape: new Array<number>(rank).fill(1), data: Uint8Array.of(7) });
      expect((bytes.length - 1) % 64).toBe(0);
    }
  });

  test('is read in its second and third version too', () => {
    // The headers that NumPy 2.4 writes for them, with np.arange(6, dtype='|u1').reshape(1, 2, 3) and np.array([[[0.1]]]).
    const second = npy(`${header('(1, 2, 3)').trimEnd().padEnd(115)}\n`, [0, 1, 2, 3, 4, 5], 2);
    expect(decodeNpy(file(second))).toEqual({
      shape: [1, 2, 3],
      dtype: 'uint8',
      data: Uint8Array.of(0, 1, 2, 3, 4, 5),
    });
    const tenth = [0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f];
    const third = npy(`${header('(1, 1, 1)', "'<f8'").trimEnd().padEnd(115)}\n`, tenth, 3);
    expect(decodeNpy(file(third))).toEqual({ shape: [1, 1, 1], dtype: 'float64', data: Float64Array.of(0.1) });
  });

  test('has shapes of no, one and many dimensions', () => {
    expect(decodeNpy(file(npy(header('()'), [9]))).shape).toEqual([]);
    expect(decodeNpy(file(npy(header('(2,)'), [8, 9]))).shape).toEqual([2]);
    expect(decodeNpy(file(npy(header('(2, 0, 3)'), []))).shape).toEqual([2, 0, 3]);
  });

  test('is refused when cut short anywhere', () => {
    for (let length = 0; length < byNumpy.length; length++) {
      const message =
        length < 10
          ? `npy x.npy: not an NPY file, expected it to begin with \\x93NUMPY and a version, got ${length} bytes that do not`
          : length < 128
            ? `npy x.npy: header cut off, expected 128 bytes, got ${length}`
            : `npy x.npy: length does not fit shape [1, 1, 2] of <f4, expected 8 bytes after the header, got ${length - 128}`;
      expectInputError(() => decodeNpy(file(byNumpy.subarray(0, length))), message);
    }
  });

  test('is refused with trailing bytes', () => {
    expectInputError(
      () => decodeNpy(file(npy(header('(2,)'), [1, 2, 3]))),
      'npy x.npy: length does not fit shape [2] of |u1, expected 2 bytes after the header, got 3',
    );
  });

  test('is refused when the header claims more than the file holds, and nothing is allocated', () => {
    expectInputError(
      () => decodeNpy(file(npy(header('(4000000000, 4000000000)', "'<f8'")))),
      'npy x.npy: length does not fit shape [4000000000, 4000000000] of <f8, ' +
        'expected 128000000000000000000 bytes after the header, got 0',
    );
  });

  test('is refused when the header is longer than NumPy allows', () => {
    expectInputError(
      () => decodeNpy(file(npy(' '.repeat(10_001)))),
      'npy x.npy: header too long, expected at most 10000 bytes, got 10001',
    );
  });

  test('is refused when the header claims to be longer than the file', () => {
    const bytes = Uint8Array.from([...npy('', [], 2).subarray(0, 8), 0xff, 0xff, 0xff, 0xff]);
    expectInputError(
      () => decodeNpy(file(bytes)),
      'npy x.npy: header too long, expected at most 10000 bytes, got 4294967295',
    );
    expectInputError(
      () => decodeNpy(file(bytes.subarray(0, 11))),
      'npy x.npy: header cut off, expected 12 bytes, got 11',
    );
  });

  test.each([
    ["'<c8'", "'<c8' (complex64)"],
    ["'|O'", "'|O' (Python objects)"],
    ["'<U5'", "'<U5' (text)"],
    ["'toString'", "'toString'"],
    ["[('x', '<f4'), ('y', '<f4')]", "[['x','<f4'],['y','<f4']] (records)"],
  ])('is refused with elements %s', (descr, shown) => {
    expectInputError(
      () => decodeNpy(file(npy(header('(1,)', descr), new Uint8Array(8)))),
      'npy x.npy: element type that is not read, ' +
        `expected bool, int8 to int64, uint8 to uint64 or float16 to float64, got ${shown.replaceAll("'", '"')}`,
    );
  });

  test('is refused in a future version', () => {
    expectInputError(
      () => decodeNpy(file(npy(header('()'), [1], 4))),
      'npy x.npy: unknown version, expected 1, 2 or 3, got 4',
    );
  });

  test.each([
    '',
    '{}',
    "{'descr': '|u1', 'shape': (1,)}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'more': 1}",
    "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} }",
    header('(1.5,)'),
    header('(1 2)'),
    header('(1,)', "'|u1'", 'Maybe'),
    ...['(', '[', '{', "{'descr': "].map((start) => start.repeat(Math.floor(9_999 / start.length))),
    header(`${'('.repeat(4_000)}${')'.repeat(4_000)}`),
  ])('is refused with the header %j', (text) => {
    expectInputError(
      () => decodeNpy(file(npy(text, [1]))),
      'npy x.npy: header is not a dictionary of descr, fortran_order and shape, ' +
        `got ${formatValue(text.trimEnd())}`,
    );
  });

  test.each([
    [header('(-1,)'), 'shape: expected a tuple of whole numbers, got [-1]'],
    [header('None'), 'shape: expected a tuple of whole numbers, got null'],
    [header('(1,)', "'|u1'", '1'), 'fortran_order: expected True or False, got 1'],
  ])('is refused with the field of %j', (text, problem) => {
    expectInputError(() => decodeNpy(file(npy(text, [1]))), `npy x.npy: ${problem}`);
  });

  test('is refused in one line, whatever its header holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('\n', '\r', '\t', "'", '"', '\\', 'f', '4', '<') }), (text) => {
        for (const hostile of [text, header('(1,)', JSON.stringify(`<f4${text}x`)), header(text)]) {
          try {
            decodeNpy(file(npy(hostile, [1])));
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
            expect((error as Error).message).not.toMatch(/[\r\n]/);
          }
        }
      }),
      { numRuns: runs(400) },
    );
  });

  test('is read as some array or refused after a change of any byte', () => {
    fc.assert(
      fc.property(fc.nat({ max: byNumpy.length - 1 }), fc.integer({ min: 0, max: 255 }), (at, value) => {
        const bytes = byNumpy.slice();
        bytes[at] = value;
        try {
          const { shape, data } = decodeNpy(file(bytes));
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
        } catch (error) {
          expect(error).toMatchObject({ name: 'InputError' });
        }
      }),
      { numRuns: runs(4000) },
    );
  });
});

describe('images from NPY', () => {
  test('are [n, c, h, w], or [n, h, w] with one channel', () => {
    const data = Uint8Array.from({ length: 24 }, (_, i) => i);
    const colour = parseNpy(file(encodeNpy({ shape: [2, 3, 2, 2], data })));
    expect(colour).toMatchObject({ name: 'npy x.npy', shape: [3, 2, 2], length: 2 });
    expect(colour.get(1)).toEqual({ image: { shape: [3, 2, 2], data: data.subarray(12) }, label: -1 });
    const gray = parseNpy(file(encodeNpy({ shape: [2, 3, 4], data })), { normalization: MNIST_NORMALIZATION });
    expect(gray).toMatchObject({ shape: [1, 3, 4], length: 2, normalization: MNIST_NORMALIZATION });
  });

  test('are rounded from double to single precision', () => {
    const data = Float64Array.of(0.1, -1 / 3);
    const { image } = parseNpy(file(encodeNpy({ shape: [1, 1, 2], data }))).get(0);
    expect(image.data).toEqual(Float32Array.of(0.1, -1 / 3));
  });

  test.each([[[]], [[1]], [[1, 1, 1, 1, 1]]])('are refused with the shape %j', (shape) => {
    expectInputError(
      () => parseNpy(file(encodeNpy({ shape, data: Uint8Array.of(1) }))),
      `npy x.npy: not images, expected [n, c, h, w], [n, h, w] (grey) or [n, d] (vectors), got [${shape.join(', ')}]`,
    );
  });

  test('are vectors where the array has two dimensions, also in batches', () => {
    const vectors = parseNpy(file(encodeNpy({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) })));
    expect(vectors).toMatchObject({ shape: [3], length: 2 });
    const [{ images }] = new DataLoader(vectors, { batchSize: 2 });
    expect(images).toEqual({ shape: [2, 3], dtype: 'float32', data: Float32Array.of(1, 2, 3, 4, 5, 6) });
  });

  test('keep their numbers; unsigned bytes stay bytes', () => {
    const of = (data: NpyData) => parseNpy(file(encodeNpy({ shape: [1, 1, 2], data }))).get(0).image.data;
    expect(of(Uint8Array.of(0, 255))).toEqual(Uint8Array.of(0, 255));
    expect(of(Int8Array.of(-128, 127))).toEqual(Float32Array.of(-128, 127));
    expect(of(Uint16Array.of(0, 65535))).toEqual(Float32Array.of(0, 65535));
  });

  test('whose channels come last are refused with a hint, and read with layout nhwc', () => {
    const shape = [2, 6, 5, 3];
    const data = Uint8Array.from({ length: 180 }, (_, i) => i);
    const last = file(encodeNpy({ shape, data }));
    expectInputError(
      () => parseNpy(last),
      'npy x.npy: [2, 6, 5, 3] looks like NHWC, expected [n, c, h, w]; ' +
        "transpose it, x.transpose(0, 3, 1, 2) in NumPy, or pass layout 'nhwc' (or 'nchw', if that is what it is)",
    );
    const first = parseNpy(last, { layout: 'nhwc' });
    expect(first).toMatchObject({ shape: [3, 6, 5], length: 2 });
    for (let i = 0; i < 2; i++) {
      for (let c = 0; c < 3; c++) {
        for (let place = 0; place < 30; place++) {
          expect(first.get(i).image.data[c * 30 + place]).toBe((i * 30 + place) * 3 + c);
        }
      }
    }
    expect(parseNpy(last, { layout: 'nchw' })).toMatchObject({ shape: [6, 5, 3] });
    // An image with a width of 3 and three channels is not ambiguous.
    expect(parseNpy(file(encodeNpy({ shape: [1, 3, 4, 3], data: new Uint8Array(36) })))).toMatchObject({
      shape: [3, 4, 3],
    });
  });

  test('are refused with the normalisation of a different number of channels', () => {
    expectInputError(
      () =>
        parseNpy(file(encodeNpy({ shape: [1, 3, 1, 1], data: new Uint8Array(3) })), {
          normalization: MNIST_NORMALIZATION,
        }),
      'npy x.npy: normalisation for a different number of channels, expected 3, got 1 means and 1 deviations',
    );
  });

  test('are refused when there are none', () => {
    expectInputError(
      () => parseNpy(file(encodeNpy({ shape: [0, 3, 2, 2], data: new Uint8Array(0) }))),
      'npy x.npy: no images, expected at least 1, got 0',
    );
  });

  test.each([
    [NaN, 'NaN'],
    [-Infinity, '-Infinity'],
    [1e300, 'Infinity'], // an ordinary number in double precision
  ])('are refused with %d among their values', (value, shown) => {
    const data = new Float64Array(2 * 3 * 2 * 2);
    data[12 + 4 + 2 + 1] = value;
    expectInputError(
      () => parseNpy(file(encodeNpy({ shape: [2, 3, 2, 2], data }))),
      'npy x.npy: image 1 has a value that is not finite at [1, 1, 1], ' +
        `expected numbers that are finite in float32, got ${shown}`,
    );
  });
});
