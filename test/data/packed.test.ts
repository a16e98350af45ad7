import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { decodeIdx, decodeNpy, decodeNpz, encodeNpy, npzNames, parseCifar10, parseNpz } from '../../src/data/index.ts';
import { InputError } from '../../src/errors.ts';
import { expectInputError } from '../support/messages.ts';
import { runs } from '../support/runs.ts';

const MEGABYTE = 1 << 20;
const npy = (shape: readonly number[], bytes: Uint8Array) => encodeNpy({ shape, data: bytes });
const of = (name: string, bytes: Uint8Array) => ({ name, bytes: new Uint8Array(bytes) });

/** The longest array of bytes that a call allocates, except those that fflate makes for a few kilobytes of input. */
function memoryOf(call: () => void): number {
  const sizes: number[] = [];
  const Original = globalThis.Uint8Array;
  globalThis.Uint8Array = new Proxy(Original, {
    construct(target, args: unknown[], newTarget) {
      if (typeof args[0] === 'number') sizes.push(args[0]);
      return Reflect.construct(target, args, newTarget) as object;
    },
  });
  try {
    call();
  } finally {
    globalThis.Uint8Array = Original;
  }
  return Math.max(0, ...sizes);
}

describe('gzip', () => {
  const content = npy(
    [4, 5],
    Uint8Array.from({ length: 20 }, (_, i) => i),
  );

  test('of any size is unpacked to the original bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60_000, size: 'max' }), (data) => {
        expect(decodeNpy(of('x.gz', gzipSync(npy([data.length], data)))).data).toEqual(data);
      }),
      { numRuns: runs(60) },
    );
  });

  test('of several parts is unpacked as one', () => {
    for (const at of [0, 3, 100, content.length]) {
      const parts = Buffer.concat([gzipSync(content.subarray(0, at)), gzipSync(content.subarray(at))]);
      expect(decodeNpy(of('x.gz', parts)).data).toEqual(content.subarray(-20));
    }
  });

  test('of IDX, NPZ and CIFAR-10 is unpacked too', () => {
    const idx = Uint8Array.of(0, 0, 8, 2, 0, 0, 0, 1, 0, 0, 0, 2, 7, 9);
    expect(decodeIdx(of('x.gz', gzipSync(idx)))).toEqual({ shape: [1, 2], data: Uint8Array.of(7, 9) });
    const npz = of('x.npz.gz', gzipSync(zipSync({ 'images.npy': content })));
    expect(npzNames(npz)).toEqual(['images']);
    expect(decodeNpz(npz, 'images').data).toEqual(content.subarray(-20));
    expect(parseNpz(npz)).toMatchObject({ length: 4, shape: [5] });
    const cifar = new Uint8Array(2 * 3073).fill(4);
    const plain = of('a.bin', cifar);
    const packed = of('b.bin.gz', gzipSync(cifar));
    expect(parseCifar10([packed, plain])).toMatchObject({ name: 'cifar10 b.bin.gz', length: 4 });
  });

  test('is refused when it is cut short anywhere, or a bit of it is flipped', () => {
    const packed = gzipSync(content);
    for (let length = 2; length < packed.length; length++) {
      expect(() => decodeNpy(of('x.gz', packed.subarray(0, length)))).toThrow(InputError);
    }
    // The header's time, system and level do not affect the content.
    for (let at = 10; at < packed.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const changed = new Uint8Array(packed);
        changed[at] ^= 1 << bit;
        try {
          // Bits that pad the last byte have no meaning.
          expect(decodeNpy(of('x.gz', changed)).data).toEqual(content.subarray(-20));
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }
    }
    const cut = of('x.gz', packed.subarray(0, -1));
    expectInputError(() => decodeNpy(cut), 'npy x.gz: cannot be unpacked, it is cut off or damaged (checksum differs)');
  });

  test('that unpacks to more than its header says stops there', () => {
    const bomb = Buffer.concat([npy([2], Uint8Array.of(1, 2)), Buffer.alloc(50 * MEGABYTE)]);
    const file = of('x.gz', gzipSync(bomb));
    const idx = of('y.gz', gzipSync(Buffer.concat([Buffer.of(0, 0, 8, 1, 0, 0, 0, 9), Buffer.alloc(50 * MEGABYTE)])));
    const held = memoryOf(() => {
      expectInputError(
        () => decodeNpy(file),
        'npy x.gz: unpacks to more than its header says, expected at most 130 bytes',
      );
      expectInputError(
        () => decodeIdx(idx),
        'idx y.gz: unpacks to more than its header says, expected at most 17 bytes',
      );
    });
    expect(held).toBeLessThan(16 * MEGABYTE);
  });

  test('whose header claims more than the file holds allocates nothing', () => {
    const claims = encodeNpy({ shape: [1], data: Uint8Array.of(7) });
    const text = new TextDecoder('latin1').decode(claims).replace('(1,), }          ', '(9999999999,), } ');
    const file = of('x.gz', gzipSync(Buffer.from(text, 'latin1')));
    const held = memoryOf(() =>
      expectInputError(
        () => decodeNpy(file),
        'npy x.gz: length does not fit shape [9999999999] of |u1, expected 9999999999 bytes after the header, got 1',
      ),
    );
    expect(held).toBeLessThan(MEGABYTE);
  });

  test('of a tar archive is refused with advice', () => {
    const tar = Buffer.alloc(2048);
    tar.write('cifar-10-batches-bin/data_batch_1.bin', 0);
    tar.write('ustar', 257);
    const message = 'a tar archive, expected the files in it; unpack it with tar xzf';
    expectInputError(() => parseCifar10([of('c.tar.gz', gzipSync(tar))]), `cifar10 c.tar.gz: ${message}`);
  });
});

describe('a ZIP archive', () => {
  const arrays = {
    'x.npy': npy([2, 2], Uint8Array.of(1, 2, 3, 4)),
    'y.npy': encodeNpy({ shape: [2], data: Int32Array.of(5, -6) }),
    'readme.txt': new TextEncoder().encode('no array'),
  };

  test('is read stored and deflated, and gives its arrays by name', () => {
    for (const level of [0, 9] as const) {
      const file = of('x.npz', zipSync(arrays, { level }));
      expect(npzNames(file)).toEqual(['x', 'y']);
      const dataset = parseNpz(file);
      expect(dataset).toMatchObject({ name: 'npz x.npz#x', shape: [2], length: 2 });
      expect([0, 1].map((i) => dataset.get(i).label)).toEqual([5, -6]);
      expectInputError(() => decodeNpz(file, 'z'), 'npz x.npz: no array of that name, expected x, y, got z');
    }
  });

  test('lists its arrays when it is not clear which are the images', () => {
    const file = of('x.npz', zipSync({ 'a.npy': arrays['x.npy'], 'b.npy': arrays['y.npy'] }));
    expectInputError(() => parseNpz(file), 'npz x.npz: which array holds the images? expected FILE#NAME of a, b');
    expectInputError(
      () => parseNpz(of('x.npz', zipSync({}))),
      'npz x.npz: which array holds the images? expected FILE#NAME of an array (there is none)',
    );
  });

  test('finds images and labels by the names that they usually have', () => {
    const [images, labels] = [arrays['x.npy'], arrays['y.npy']];
    for (const [x, y] of [
      ['images', 'labels'],
      ['X', 'y'],
      ['data', 'labels'],
      ['x_train', 'y_train'],
      ['test_images', 'test_labels'],
    ]) {
      const dataset = parseNpz(of('x', zipSync({ 'a.npy': images, [`${x}.npy`]: images, [`${y}.npy`]: labels })));
      expect(dataset).toMatchObject({ name: `npz x#${x}`, labels: Int32Array.of(5, -6) });
    }
  });

  test('refuses invalid labels', () => {
    const file = (labels: Uint8Array) => of('x', zipSync({ 'x.npy': arrays['x.npy'], 'y.npy': labels }));
    expectInputError(
      () => parseNpz(file(encodeNpy({ shape: [2], data: Float32Array.of(1, 1.5) }))),
      'npz x#x: label 1: expected a whole number, got 1.5',
    );
    expectInputError(
      () => parseNpz(file(encodeNpy({ shape: [2, 2], data: new Uint8Array(4) }))),
      'npz x#x: not labels, expected shape [n] or [n, 1], got [2, 2]',
    );
    expectInputError(
      () => parseNpz(file(encodeNpy({ shape: [3], data: new Uint8Array(3) }))),
      'npz x#x: labels do not match the images, expected 2, got 3',
    );
    expect(parseNpz(file(encodeNpy({ shape: [2, 1], data: Uint8Array.of(3, 4) }))).labels).toEqual(Int32Array.of(3, 4));
  });

  test('is refused or gives the same arrays when anything is cut off or changed', () => {
    for (const level of [0, 9] as const) {
      const whole = zipSync(arrays, { level });
      for (let length = 0; length < whole.length; length++) {
        expect(() => parseNpz(of('x', whole.subarray(0, length)))).toThrow(InputError);
      }
      const expected = parseNpz(of('x', whole));
      fc.assert(
        fc.property(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, change) => {
          const bytes = new Uint8Array(whole);
          bytes[at] ^= change;
          try {
            const { images, shape, name } = parseNpz(of('x', bytes));
            // A name, a time or an attribute may differ; never a number.
            if (name === expected.name) expect({ images, shape }).toEqual({ images: expected.images, shape: [2] });
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        }),
        { numRuns: runs(2000) },
      );
    }
  });

  test('that claims gigabytes, or unpacks to them, allocates little', () => {
    const lies = zipSync({ 'x.npy': arrays['x.npy'] }, { level: 9 });
    const view = new DataView(lies.buffer, lies.byteOffset);
    const central = view.getUint32(lies.length - 6, true);
    view.setUint32(central + 24, 4_000_000_000, true); // the unpacked length
    const bomb = zipSync({ 'x.npy': Buffer.concat([arrays['x.npy'], Buffer.alloc(50 * MEGABYTE)]) }, { level: 9 });
    const held = memoryOf(() => {
      expectInputError(
        () => parseNpz(of('x', lies)),
        'npz x: x.npy: cannot be unpacked, it is not what was packed (checksum differs)',
      );
      expectInputError(
        () => parseNpz(of('x', bomb)),
        'npz x: x.npy: unpacks to more than its header says, expected at most 132 bytes',
      );
    });
    expect(held).toBeLessThan(16 * MEGABYTE);
  });

  test('with a password or an unknown method is refused', () => {
    const change = (field: number, value: number) => {
      const bytes = zipSync({ 'x.npy': arrays['x.npy'] });
      const view = new DataView(bytes.buffer, bytes.byteOffset);
      view.setUint16(view.getUint32(bytes.length - 6, true) + field, value, true);
      return of('x', bytes);
    };
    expectInputError(() => parseNpz(change(8, 1)), 'npz x: x.npy: cannot be unpacked, it is encrypted');
    expectInputError(
      () => parseNpz(change(10, 14)),
      'npz x: x.npy: cannot be unpacked, method 14, expected 0 (stored) or 8 (deflated)',
    );
  });
});
