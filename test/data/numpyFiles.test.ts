import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeNpy, decodeNpz, npzNames, parseCifar10, parseIdx, parseNpy, parseNpz } from '../../src/data/index.ts';
import { expectInputError } from '../support/messages.ts';

// What numpy_files.py has NumPy and Python write, and what numpy.load reads from it.

interface Written {
  readonly base64: string;
  readonly shape?: readonly number[];
  readonly dtype?: string;
  readonly values?: readonly string[];
}

const files = JSON.parse(readFileSync(new URL('numpy_files.json', import.meta.url), 'utf8')) as Record<string, Written>;
const written = (name: string) => ({
  name: 'x',
  bytes: new Uint8Array(Buffer.from(files[name].base64, 'base64')),
});
const read = Object.entries(files).filter(([, { values }]) => values !== undefined);

/** A number as Python shows it. */
function parse(text: string): number {
  return text.endsWith('inf') ? Number(text.replace('inf', 'Infinity')) : Number(text);
}

describe('NPY files of NumPy', () => {
  test('are of every type, byte order and layout', () => {
    expect(read).toHaveLength(40);
    expect(new Set(read.map(([, { dtype }]) => dtype))).toEqual(
      new Set([
        'bool',
        ...['int', 'uint'].flatMap((kind) => [8, 16, 32, 64].map((bits) => kind + bits)),
        'float16',
        'float32',
        'float64',
      ]),
    );
  });

  test.each(read)('%s is read as numpy.load reads it', (name, { shape, dtype, values }) => {
    const array = decodeNpy(written(name));
    expect({ shape: array.shape, dtype: array.dtype }).toEqual({ shape, dtype });
    expect([...array.data]).toEqual(values!.map(parse));
  });

  test.each([
    [
      'i8 beyond 2^53, odd',
      'element 1 of int64 is beyond what is read exactly, expected an absolute value of at most 2^53, got 9007199254740993',
    ],
    [
      'u8 beyond 2^53, odd',
      'element 0 of uint64 is beyond what is read exactly, expected an absolute value of at most 2^53, got 18446744073709551615',
    ],
  ])('%s is refused', (name, problem) => {
    expectInputError(() => decodeNpy(written(name)), `npy x: ${problem}`);
  });

  test.each([
    ['c8', '"<c8" (complex64)'],
    ['c16', '"<c16" (complex128)'],
    ['U2', '"<U2" (text)'],
    ['S3', '"|S3" (text)'],
    ['O', '"|O" (Python objects)'],
    ['M8[s]', '"<M8[s]" (dates)'],
    ['m8[D]', '"<m8[D]" (spans of time)'],
    ['records', '[["a","<f4"],["b","<i2"]] (records)'],
  ])('of %s are refused by the name of the type', (kind, shown) => {
    expectInputError(
      () => decodeNpy(written(`refused ${kind}`)),
      'npy x: element type that is not read, ' +
        `expected bool, int8 to int64, uint8 to uint64 or float16 to float64, got ${shown}`,
    );
  });

  test('are read when gzip packed them', () => {
    expect(parseNpy(written('npy gzip'))).toMatchObject({ shape: [3, 4, 4], length: 2 });
    expect(parseNpy(written('npy gzip')).images).toEqual(Uint8Array.from({ length: 96 }, (_, i) => i));
  });
});

describe('NPZ files of NumPy', () => {
  test.each(['stored', 'deflated'])('are read %s: images with their labels, or any array by its name', (how) => {
    const file = written(`npz ${how}`);
    expect(npzNames(file)).toEqual(['images', 'labels', 'other']);
    const dataset = parseNpz(file);
    expect(dataset).toMatchObject({ name: 'npz x#images', shape: [3, 4, 4], length: 2 });
    expect(dataset.images).toEqual(Uint8Array.from({ length: 96 }, (_, i) => i));
    expect([0, 1].map((i) => dataset.get(i).label)).toEqual([3, 119]);
    expect(decodeNpz(file, 'other')).toEqual({ shape: [2, 2], dtype: 'float64', data: Float64Array.of(1, 0, 0, 1) });
    expect(parseNpz(file, { array: 'other' })).toMatchObject({ shape: [2], length: 2, labels: undefined });
  });
});

describe('pickles of Python', () => {
  const hint = ', it looks like a Python pickle; write it as NPZ with the line of Python in docs/data.md';

  test.each(['cifar10', 2, 3, 4])('%s are recognised and refused', (protocol) => {
    const file = written(`pickle ${protocol}`);
    const { length } = file.bytes;
    expectInputError(
      () => parseCifar10([file]),
      `cifar10 x: expected whole records of 3073 bytes, got ${length} bytes${hint}`,
    );
  });

  test('of ImageNet16 are refused by every reader', () => {
    const file = written('pickle imagenet16');
    const { length } = file.bytes;
    const begins = [...file.bytes.subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    expectInputError(() => parseNpz(file), `npz x: not a ZIP archive, got ${length} bytes${hint}`);
    expectInputError(
      () => parseIdx(file),
      `idx x: not an IDX file, expected it to begin 00 00 08, got ${begins}${hint}`,
    );
    expectInputError(
      () => parseNpy(file),
      `npy x: not an NPY file, expected it to begin with \\x93NUMPY and a version, got ${length} bytes that do not${hint}`,
    );
  });
});
