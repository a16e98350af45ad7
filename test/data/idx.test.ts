import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeIdx, MNIST_NORMALIZATION, parseIdx } from '../../src/data/index.ts';
import { expectInputError } from '../support/messages.ts';

function encodeIdx(shape: readonly number[], data: Iterable<number>, type = 0x08): Uint8Array {
  const extents = shape.flatMap((extent) => [24, 16, 8, 0].map((shift) => (extent >>> shift) & 0xff));
  return Uint8Array.from([0, 0, type, shape.length, ...extents, ...data]);
}

const file = (bytes: Uint8Array) => ({ name: 'x', bytes });
const extent = fc.integer({ min: 1, max: 5 });
const anyArray = fc.array(extent, { minLength: 1, maxLength: 4 }).chain((shape) =>
  fc
    .array(fc.integer({ min: 0, max: 255 }), {
      minLength: shape.reduce((a, b) => a * b),
      maxLength: shape.reduce((a, b) => a * b),
    })
    .map((values) => ({ shape, values })),
);

test('an IDX array is read as it was written', () => {
  fc.assert(
    fc.property(anyArray, ({ shape, values }) => {
      const { shape: read, data } = decodeIdx(file(encodeIdx(shape, values)));
      expect(read).toEqual(shape);
      expect([...data]).toEqual(values);
    }),
  );
});

test('IDX extents are read as big-endian 32-bit numbers', () => {
  const { shape, data } = decodeIdx(file(encodeIdx([0x010203], new Uint8Array(0x010203))));
  expect(shape).toEqual([66051]);
  expect(data).toHaveLength(66051);
});

test('IDX images of three dimensions have one channel, of four dimensions their own', () => {
  const bytes = Array.from({ length: 24 }, (_, i) => i);
  const gray = parseIdx(file(encodeIdx([2, 3, 4], bytes)));
  expect(gray).toMatchObject({ shape: [1, 3, 4], length: 2, normalization: MNIST_NORMALIZATION });
  expect(gray.get(1)).toEqual({ image: { shape: [1, 3, 4], data: Uint8Array.from(bytes.slice(12)) }, label: -1 });
  const coloured = parseIdx(file(encodeIdx([2, 3, 2, 2], bytes)));
  expect(coloured).toMatchObject({ shape: [3, 2, 2], length: 2 });
  expect(coloured.normalization).toBeUndefined();
});

test('the normalisation of IDX images can be chosen or left out', () => {
  const MNIST_OTHER = { mean: [0.5], std: [0.25] };
  const images = file(encodeIdx([1, 1, 1], [7]));
  expect(parseIdx(images, undefined, { normalization: MNIST_OTHER }).normalization).toBe(MNIST_OTHER);
  expect(parseIdx(images, undefined, { normalization: null }).normalization).toBeUndefined();
});

test('IDX labels go with their images', () => {
  const dataset = parseIdx(file(encodeIdx([3, 1, 1], [10, 20, 30])), file(encodeIdx([3], [4, 46, 0])));
  expect([0, 1, 2].map((i) => dataset.get(i).label)).toEqual([4, 46, 0]);
});

test('every way to cut an IDX file short is refused', () => {
  const bytes = encodeIdx([2, 3, 4], new Uint8Array(24));
  for (let length = 0; length < bytes.length; length++) {
    const message =
      length < 4
        ? `idx x: no header, expected at least 4 bytes, got ${length}`
        : length < 16
          ? `idx x: header cut off, expected 16 bytes, got ${length}`
          : `idx x: length does not fit shape [2, 3, 4], expected 24 bytes after the header, got ${length - 16}`;
    expectInputError(() => parseIdx(file(bytes.subarray(0, length))), message);
  }
});

test('bytes beyond the end of an IDX array are refused', () => {
  expectInputError(
    () => parseIdx(file(encodeIdx([1, 2, 2], new Uint8Array(5)))),
    'idx x: length does not fit shape [1, 2, 2], expected 4 bytes after the header, got 5',
  );
});

test('an IDX header that claims exabytes is refused and allocates nothing', () => {
  const most = 0xffffffff;
  expectInputError(
    () => parseIdx(file(encodeIdx([most, most, 1], []))),
    `idx x: length does not fit shape [${most}, ${most}, 1], expected ${most * most} bytes after the header, got 0`,
  );
});

test('an IDX file without images is refused', () => {
  expectInputError(() => parseIdx(file(encodeIdx([0, 28, 28], []))), 'idx x: no images, expected at least 1, got 0');
});

test('IDX of an unsupported element type is refused by the name of the type', () => {
  for (const [code, type] of [
    [0x09, 'int8'],
    [0x0b, 'int16'],
    [0x0c, 'int32'],
    [0x0d, 'float32'],
    [0x0e, 'float64'],
  ] as const) {
    expectInputError(
      () => parseIdx(file(encodeIdx([1, 1, 1], [0, 0, 0, 0], code))),
      `idx x: unsupported element type, expected uint8, got ${type}`,
    );
  }
});

test('what is not IDX is refused, with what it looks like', () => {
  const refused = (bytes: Uint8Array, end: string) =>
    expectInputError(() => parseIdx(file(bytes)), `idx x: not an IDX file, expected it to begin 00 00 08, got ${end}`);
  refused(Uint8Array.of(0x89, 0x50, 0x4e, 0x47), '89 50 4e, it looks like a PNG image');
  refused(Uint8Array.of(0, 0, 0x0a, 1, 0, 0, 0, 0), '00 00 0a');
  refused(new TextEncoder().encode('<!doctype html>'), '3c 21 64, it looks like an HTML page');
});

test('IDX labels in place of images are refused, and the reverse', () => {
  const images = file(encodeIdx([2, 1, 1], [1, 2]));
  const labels = file(encodeIdx([2], [1, 2]));
  expectInputError(
    () => parseIdx(labels),
    'idx x: not images, expected 3 dimensions [n, h, w] or 4 [n, c, h, w], got 1',
  );
  expectInputError(() => parseIdx(images, images), 'idx x: not labels, expected 1 dimension [n], got 3');
});

test('IDX labels that differ in number from the images are refused', () => {
  expectInputError(
    () => parseIdx(file(encodeIdx([2, 1, 1], [1, 2])), file(encodeIdx([3], [1, 2, 3]))),
    'idx x: labels do not match the images, expected 2, got 3',
  );
});
