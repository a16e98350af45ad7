import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  CIFAR100_NORMALIZATION,
  CIFAR10_CLASSES,
  CIFAR10_NORMALIZATION,
  parseCifar10,
  parseCifar100,
} from '../../src/data/index.ts';
import { expectInputError } from '../support/messages.ts';

const label = fc.integer({ min: 0, max: 9 });
const pixels = fc.uint8Array({ minLength: 3072, maxLength: 3072 });
const records = fc.array(fc.record({ label, pixels }), { minLength: 1, maxLength: 4 });

function encode(list: readonly { label: number; pixels: Uint8Array }[]): Uint8Array {
  return Uint8Array.from(list.flatMap((record) => [record.label, ...record.pixels]));
}

const file = (length: number, fill = 0) => ({ name: 'x.bin', bytes: new Uint8Array(length).fill(fill) });

test('labels and pixels of CIFAR-10 records are read as they were written', () => {
  fc.assert(
    fc.property(records, (list) => {
      const dataset = parseCifar10([{ name: 'x.bin', bytes: encode(list) }]);
      expect(dataset).toMatchObject({ name: 'cifar10 x.bin', shape: [3, 32, 32], length: list.length });
      list.forEach((record, i) => {
        expect(dataset.get(i)).toEqual({ image: { shape: [3, 32, 32], data: record.pixels }, label: record.label });
      });
    }),
    { numRuns: 20 },
  );
});

test('several CIFAR-10 files are read as one, in order', () => {
  fc.assert(
    fc.property(records, records, (first, second) => {
      const parts = [first, second].map((list, i) => ({ name: `${i}.bin`, bytes: encode(list) }));
      const whole = { name: 'whole.bin', bytes: encode([...first, ...second]) };
      expect(parseCifar10(parts, { name: 'set' })).toEqual(parseCifar10([whole], { name: 'set' }));
    }),
    { numRuns: 10 },
  );
});

test('CIFAR-10 has ten classes and the normalisation of NAS-Bench-201', () => {
  expect(CIFAR10_CLASSES).toHaveLength(10);
  expect(parseCifar10([file(3073)]).normalization).toBe(CIFAR10_NORMALIZATION);
});

test.each([
  [3072, ''],
  [3074, ' (whole records of cifar100)'],
  [1, ''],
  [2 * 3073 - 1, ''],
])('a CIFAR-10 file of %d bytes is refused', (length, hint) => {
  expectInputError(
    () => parseCifar10([file(length)]),
    `cifar10 x.bin: expected whole records of 3073 bytes, got ${length} bytes${hint}`,
  );
});

test('an empty CIFAR-10 file is refused, also beside a full one', () => {
  const message = 'cifar10 x.bin: expected whole records of 3073 bytes, got 0 bytes';
  expectInputError(() => parseCifar10([file(0)]), message);
  expectInputError(() => parseCifar10([file(3073), file(0)]), message);
});

test('no CIFAR-10 file at all is refused', () => {
  expectInputError(() => parseCifar10([]), 'cifar10: no images, expected at least 1, got 0');
});

test('a CIFAR-10 label above 9 is refused with the number of its record', () => {
  const { bytes } = file(3 * 3073, 9);
  bytes[2 * 3073] = 10;
  expectInputError(
    () => parseCifar10([{ name: 'x.bin', bytes }]),
    'cifar10 x.bin: label of record 2 names no class, expected 0 to 9, got 10',
  );
});

describe('CIFAR-100', () => {
  const record = (coarse: number, fine: number, pixel: number) => [coarse, fine, ...new Uint8Array(3072).fill(pixel)];
  const two = { name: 'train.bin', bytes: Uint8Array.from([...record(19, 99, 5), ...record(0, 7, 6)]) };

  test('has fine labels, or coarse ones on request', () => {
    const fine = parseCifar100([two]);
    expect(fine).toMatchObject({ name: 'cifar100 train.bin', shape: [3, 32, 32], length: 2 });
    expect(fine.normalization).toBe(CIFAR100_NORMALIZATION);
    expect([0, 1].map((i) => fine.get(i).label)).toEqual([99, 7]);
    expect([0, 1].map((i) => new Set(fine.get(i).image.data))).toEqual([new Set([5]), new Set([6])]);
    const coarse = parseCifar100([two], { labels: 'coarse' });
    expect([0, 1].map((i) => coarse.get(i).label)).toEqual([19, 0]);
    expect(coarse.images).toEqual(fine.images);
  });

  test('refuses labels beyond its classes, and records of other formats', () => {
    const bytes = Uint8Array.from([...record(20, 0, 0), ...record(0, 100, 0)]);
    expectInputError(
      () => parseCifar100([{ name: 'x', bytes }]),
      'cifar100 x: label of record 1 names no class, expected 0 to 99, got 100',
    );
    expectInputError(
      () => parseCifar100([{ name: 'x', bytes }], { labels: 'coarse' }),
      'cifar100 x: label of record 0 names no class, expected 0 to 19, got 20',
    );
    expectInputError(
      () => parseCifar100([file(3073)]),
      'cifar100 x.bin: expected whole records of 3074 bytes, got 3073 bytes (whole records of cifar10)',
    );
  });
});
