import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CIFAR10_CLASSES, CIFAR10_NORMALIZATION, parseCifar10 } from '../../src/data/index.ts';
import { expectInputError } from '../support/messages.ts';

const label = fc.integer({ min: 0, max: 9 });
const pixels = fc.uint8Array({ minLength: 3072, maxLength: 3072 });
const records = fc.array(fc.record({ label, pixels }), { minLength: 1, maxLength: 4 });

function encode(list: readonly { label: number; pixels: Uint8Array }[]): Uint8Array {
  return Uint8Array.from(list.flatMap((record) => [record.label, ...record.pixels]));
}

const file = (length: number, fill = 0) => ({ name: 'x.bin', bytes: new Uint8Array(length).fill(fill) });

test('labels and pixels of CIFAR-10 records come back as they were written', () => {
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
      expect(parseCifar10(parts, 'set')).toEqual(parseCifar10([whole], 'set'));
    }),
    { numRuns: 10 },
  );
});

test('CIFAR-10 has ten classes and the normalisation of NAS-Bench-201', () => {
  expect(CIFAR10_CLASSES).toHaveLength(10);
  expect(parseCifar10([file(3073)]).normalization).toBe(CIFAR10_NORMALIZATION);
});

test.each([3072, 3074, 1, 2 * 3073 - 1])('a CIFAR-10 file of %d bytes is refused', (length) => {
  expectInputError(
    () => parseCifar10([file(length)]),
    `cifar10 x.bin: length ${length} is not a multiple of the record size, expected a multiple of 3073, got ${length}`,
  );
});

test('an empty CIFAR-10 file is refused, also beside a full one', () => {
  const message = 'cifar10 x.bin: the file is empty, expected records of 3073 bytes, got 0 bytes';
  expectInputError(() => parseCifar10([file(0)]), message);
  expectInputError(() => parseCifar10([file(3073), file(0)]), message);
});

test('no CIFAR-10 file at all is refused', () => {
  expectInputError(() => parseCifar10([], 'cifar10'), 'cifar10: no images, expected at least 1, got 0');
});

test('a CIFAR-10 label above 9 is refused with the number of its record', () => {
  const { bytes } = file(3 * 3073, 9);
  bytes[2 * 3073] = 10;
  expectInputError(
    () => parseCifar10([{ name: 'x.bin', bytes }]),
    'cifar10 x.bin: label of record 2 names no class, expected 0 to 9, got 10',
  );
});
