import fc from 'fast-check';

/** A change to a file. Offsets and lengths are fractions of the file's length, from 0 to 1. */
export type Mutation =
  | { readonly kind: 'bit'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove'; readonly at: number; readonly length: number }
  | { readonly kind: 'copy'; readonly from: number; readonly length: number; readonly at: number }
  | { readonly kind: 'bytes'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'word'; readonly at: number; readonly width: 1 | 2 | 4 | 8; readonly value: bigint }
  | { readonly kind: 'digits'; readonly which: number; readonly text: string };

/** Extreme values of integers of 8 to 64 bits and of floating-point numbers. */
const EXTREMES = [0n, 1n, -1n, 127n, 128n, 255n, 2n ** 15n, 2n ** 24n, 2n ** 31n - 1n, 2n ** 31n, 2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 0x7ff0000000000000n, 0x7f800000n]; // prettier-ignore

/** Texts that may replace a number. */
const NUMBERS = ['', '-1', '0', '00', '1.5', '1e308', '1e-320', '99999999', '2147483648', '9007199254740993', '18446744073709551616', '1e999', 'NaN', '-Infinity', 'null', '[]', '"', '{', ',', ';']; // prettier-ignore

// Headers matter most: half of all offsets are among the first bytes.
const place = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 0.02, noNaN: true }));
const short = fc.double({ min: 0, max: 0.2, noNaN: true });

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('bit' as const), at: place, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('cut' as const), at: place }),
  fc.record({ kind: fc.constant('remove' as const), at: place, length: short }),
  fc.record({ kind: fc.constant('copy' as const), from: place, length: short, at: place }),
  fc.record({ kind: fc.constant('bytes' as const), at: place, bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }) }),
  fc.record({
    kind: fc.constant('word' as const),
    at: place,
    width: fc.constantFrom(1 as const, 2 as const, 4 as const, 8 as const),
    value: fc.constantFrom(...EXTREMES),
  }),
  fc.record({ kind: fc.constant('digits' as const), which: place, text: fc.constantFrom(...NUMBERS) }),
);

/** One to four changes. */
export const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 });

/** A file after changes. */
export function mutate(bytes: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  return changes.reduce(apply, bytes);
}

function apply(bytes: Uint8Array, change: Mutation): Uint8Array {
  const index = (part: number) => Math.floor(part * bytes.length);
  const replaced = (at: number, removed: number, inserted: Uint8Array) => {
    const whole = new Uint8Array(at + inserted.length + Math.max(0, bytes.length - at - removed));
    whole.set(bytes.subarray(0, at));
    whole.set(inserted, at);
    whole.set(bytes.subarray(at + removed), at + inserted.length);
    return whole;
  };
  switch (change.kind) {
    case 'bit': {
      const changed = bytes.slice();
      const at = Math.min(index(change.at), bytes.length - 1);
      if (at >= 0) changed[at] ^= 1 << change.bit;
      return changed;
    }
    case 'cut':
      return bytes.slice(0, index(change.at));
    case 'remove':
      return replaced(index(change.at), index(change.length), new Uint8Array());
    case 'copy': {
      const from = index(change.from);
      return replaced(index(change.at), 0, bytes.slice(from, from + index(change.length)));
    }
    case 'bytes':
      return replaced(index(change.at), 0, change.bytes);
    case 'word': {
      const word = new Uint8Array(8);
      new DataView(word.buffer).setBigUint64(0, BigInt.asUintN(64, change.value), true);
      const at = Math.min(index(change.at), bytes.length);
      return replaced(at, Math.min(change.width, bytes.length - at), word.subarray(0, change.width));
    }
    case 'digits': {
      // Bytes as characters, to find the numbers of headers, JSON and tables in any file.
      const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
      const numbers = [...text.matchAll(/\d+/g)];
      const chosen = numbers[Math.min(numbers.length - 1, Math.floor(change.which * numbers.length))];
      if (chosen === undefined) return bytes;
      return replaced(chosen.index, chosen[0].length, new TextEncoder().encode(change.text));
    }
  }
}
