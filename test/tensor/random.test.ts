import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ShapeError } from '../../src/errors.ts';
import { exactLog, Generator, philox } from '../../src/tensor/random.ts';
import { chiSquare, correlation, drawn, kolmogorov, normalCdf } from './statistics.ts';

const word = fc.integer({ min: 0, max: 0xffffffff });
const ALL_ONES = 0xffffffff;

/** The 64 bits of a number. */
function bitsOf(x: number): bigint {
  return new BigInt64Array(Float64Array.of(x).buffer)[0];
}

const hex = (x: number) => BigInt.asUintN(64, bitsOf(x)).toString(16).padStart(16, '0');

/** How many doubles apart two numbers are. */
function ulps(a: number, b: number): number {
  const ordered = (x: number) => (bitsOf(x) < 0n ? -(2n ** 63n) - bitsOf(x) : bitsOf(x));
  const distance = ordered(a) - ordered(b);
  return Number(distance < 0n ? -distance : distance);
}

/** Philox4x32-10 once more, after the paper, in integers of any size. */
function philoxInBigIntegers(counter: readonly number[], key: readonly number[]): number[] {
  const mask = 0xffffffffn;
  let c = counter.map(BigInt);
  let k = key.map(BigInt);
  for (let round = 0; round < 10; round++) {
    const [p0, p1] = [0xd2511f53n * c[0], 0xcd9e8d57n * c[2]];
    c = [(p1 >> 32n) ^ c[1] ^ k[0], p1 & mask, (p0 >> 32n) ^ c[3] ^ k[1], p0 & mask];
    k = [(k[0] + 0x9e3779b9n) & mask, (k[1] + 0xbb67ae85n) & mask];
  }
  return c.map(Number);
}

/** Kolmogorov's distribution exceeds this once in a thousand samples. The seeds are fixed: a pass stays a pass. */
const KOLMOGOROV_LIMIT = 1.95;

/**
 * What seed 2021 gives, in the order of the test that reads it. Computed by another program, in Python, from the
 * description of the stream.
 */
const GOLDEN = {
  uint32: [1928431840, 1315524727],
  uniform: ['3fe18655e9fc8747', '3ffb0cf594b210d2'],
  normal: ['3ff8ec1df72248a3', '3fd73bae8b9e7b3c', 'bff3e6c33f3e201b', '3ffc7943eeb8efc8'],
  permutation: [6, 0, 2, 7, 5, 8, 1, 9, 4, 3],
  forks: ['3fe1241ab06758fd', 'bfe1f7f353049b40'],
};

describe('Philox4x32-10', () => {
  test.each([
    { counter: [0, 0, 0, 0], key: [0, 0], expected: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8] },
    {
      counter: [ALL_ONES, ALL_ONES, ALL_ONES, ALL_ONES],
      key: [ALL_ONES, ALL_ONES],
      expected: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      expected: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('gives the known answer of Random123 for key $key', ({ counter, key, expected }) => {
    expect(philox(counter, [key[0], key[1]])).toEqual(expected);
  });

  test('agrees with integers of any size on every counter and key', () => {
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), fc.tuple(word, word), (counter, key) => {
        expect(philox(counter, key)).toEqual(philoxInBigIntegers(counter, key));
      }),
      { numRuns: 500 },
    );
  });
});

describe('the stream of a generator', () => {
  test('is the blocks of counters 0, 1, 2, … under the seed as key', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (seed) => {
        const generator = new Generator(seed);
        const key = [seed % 2 ** 32, Math.floor(seed / 2 ** 32)];
        const words = Array.from({ length: 12 }, () => generator.uint32());
        expect(words).toEqual([0, 1, 2].flatMap((block) => philoxInBigIntegers([block, 0, 0, 0], key)));
      }),
      { numRuns: 50 },
    );
  });

  test('begins with these bits, today and on every platform', () => {
    const generator = new Generator(2021);
    expect([generator.uint32(), generator.uint32()]).toEqual(GOLDEN.uint32);
    expect([generator.uniform(), generator.uniform(-1, 3)].map(hex)).toEqual(GOLDEN.uniform);
    expect([1, 2, 3, 4].map(() => hex(generator.normal()))).toEqual(GOLDEN.normal);
    expect([...generator.permutation(10)]).toEqual(GOLDEN.permutation);
    expect([generator.fork('weights 0').uniform(), generator.fork(7).normal()].map(hex)).toEqual(GOLDEN.forks);
  });

  test.each([-1, 0.5, NaN, Infinity, 2 ** 53])('refuses the seed %d', (seed) => {
    expect(() => new Generator(seed)).toThrow(ShapeError);
    expect(() => new Generator(seed)).toThrow(`expected a seed that is an integer from 0 to 2^53 - 1, got ${seed}`);
  });
});

describe('the logarithm', () => {
  // Both are within 1 ulp of the true value, so within 2 of each other.
  const close = (x: number): void => {
    expect(ulps(exactLog(x), Math.log(x)), `log(${x})`).toBeLessThanOrEqual(2);
  };

  test('is within 2 ulp of Math.log for every normal number', () => {
    const normal = fc.double({ min: 2 ** -1022, noNaN: true, noDefaultInfinity: true });
    fc.assert(fc.property(normal, close), { numRuns: 5000 });
  });

  test('is within 2 ulp of Math.log in (0, 1), where the normal numbers are made', () => {
    fc.assert(fc.property(fc.double({ min: 2 ** -104, max: 1, noNaN: true }), close), { numRuns: 5000 });
  });

  test('is within 2 ulp of Math.log around 1 and at the ends of its intervals', () => {
    for (let k = 1; k <= 52; k++) [1 - 2 ** -k, 1 + 2 ** -k].forEach(close);
    for (const x of [Math.SQRT1_2, Math.SQRT2]) [x * (1 - 2 ** -52), x, x * (1 + 2 ** -52)].forEach(close);
    expect(exactLog(1)).toBe(0);
  });
});

describe('uniform numbers', () => {
  test('are 53 bits of two words, over 2⁵³', () => {
    const [words, numbers] = [new Generator(5), new Generator(5)];
    for (let i = 0; i < 100; i++) {
      const bits = (BigInt(words.uint32() >>> 5) << 26n) | BigInt(words.uint32() >>> 6);
      expect(numbers.uniform()).toBe(Number(bits) / 2 ** 53);
    }
  });

  test('are distributed uniformly between their bounds', () => {
    const generator = new Generator(11);
    const sample = drawn(100_000, () => generator.uniform(-3, 5));
    expect(sample.every((x) => x >= -3 && x < 5)).toBe(true);
    expect(kolmogorov(sample, (x) => (x + 3) / 8)).toBeLessThan(KOLMOGOROV_LIMIT);
  });
});

describe('normal numbers', () => {
  test('are distributed normally', () => {
    const generator = new Generator(12);
    expect(
      kolmogorov(
        drawn(100_000, () => generator.normal()),
        normalCdf,
      ),
    ).toBeLessThan(KOLMOGOROV_LIMIT);
  });

  test('have the first four moments of the normal distribution', () => {
    const n = 200_000;
    const generator = new Generator(13);
    const sample = drawn(n, () => generator.normal());
    const moment = (k: number) => sample.reduce((sum, x) => sum + x ** k, 0) / n;
    // The mean of xᵏ has variance (E x²ᵏ − (E xᵏ)²)/n: 1, 2, 15 and 96 over n. Four standard deviations are allowed.
    for (const [k, expected, variance] of [
      [1, 0, 1],
      [2, 1, 2],
      [3, 0, 15],
      [4, 3, 96],
    ]) {
      expect(Math.abs(moment(k) - expected), `moment ${k}`).toBeLessThan(4 * Math.sqrt(variance / n));
    }
  });

  test('are scaled and shifted, and do not repeat from one pair to the next', () => {
    const [plain, moved] = [new Generator(14), new Generator(14)];
    const seen = new Set<number>();
    for (let i = 0; i < 50; i++) {
      const z = plain.normal();
      seen.add(z);
      expect(moved.normal(10, 0.5)).toBe(10 + 0.5 * z);
    }
    expect(seen.size).toBe(50);
  });
});

describe('integers', () => {
  test('are equally likely even where a remainder would favour small ones', () => {
    // Of 32 bits modulo 3·2³⁰, the lowest third would get half of all draws: 10,000 standard deviations away.
    const generator = new Generator(15);
    const counts = [0, 0, 0];
    for (let i = 0; i < 30_000; i++) counts[Math.floor(generator.integer(3 * 2 ** 30) / 2 ** 30)]++;
    expect(chiSquare(counts)).toBeLessThan(13.82); // exceeded once in a thousand, 2 degrees of freedom
  });

  test('lie from 0 to below the bound', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 2 ** 32 }), (seed, bound) => {
        const value = new Generator(seed).integer(bound);
        expect(Number.isInteger(value) && value >= 0 && value < bound).toBe(true);
      }),
    );
  });

  test.each([0, -1, 1.5, NaN, 2 ** 32 + 1])('have no bound of %d', (bound) => {
    expect(() => new Generator(0).integer(bound)).toThrow(ShapeError);
    expect(() => new Generator(0).integer(bound)).toThrow(`expected a bound from 1 to 2^32, got ${bound}`);
  });
});

describe('permutations', () => {
  test('hold every number once', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 0, max: 200 }), (seed, n) => {
        const order = new Generator(seed).permutation(n);
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
  });

  test('are all equally likely', () => {
    const generator = new Generator(16);
    const counts = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = generator.permutation(4).join('');
      counts.set(order, (counts.get(order) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    expect(chiSquare([...counts.values()])).toBeLessThan(49.73); // exceeded once in a thousand, 23 degrees of freedom
  });
});

describe('forks', () => {
  const prefix = (generator: Generator) => `${generator.uint32()} ${generator.uint32()}`;

  test('depend on seed and label, not on what was drawn before', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.string(), fc.nat({ max: 20 }), (seed, label, draws) => {
        const used = new Generator(seed);
        for (let i = 0; i < draws; i++) used.normal();
        expect(prefix(used.fork(label))).toBe(prefix(new Generator(seed).fork(label)));
      }),
    );
  });

  test('do not advance the generator they come from', () => {
    const [forked, plain] = [new Generator(17), new Generator(17)];
    forked.fork('a').normal();
    expect(prefix(forked)).toBe(prefix(plain));
  });

  test('differ from each other for labels that are nearly the same', () => {
    const root = new Generator(0);
    const labels = ['', '1', 1, 'a', 'a\0', '\0a', 'a\0\0\0', 'aaaa', 'aaaaa', 'aaaaaaaa', 'ab', 'ba', 'number 1'];
    const forks = [...labels.map((label) => root.fork(label)), root.fork('a').fork('b'), root.fork('b').fork('a')];
    const seeds = [0, 1, 2 ** 32].map((seed) => new Generator(seed).fork('a'));
    const prefixes = [root, ...forks, ...seeds].map((generator) => prefix(generator));
    // Seed 0 forked at 'a' stands in both lists.
    expect(new Set(prefixes).size).toBe(prefixes.length - 1);
  });

  test('never begin with the same number for ten thousand labels', () => {
    // 64 bits each: by chance two of them would be alike with probability 10⁸/2⁶⁵ < 10⁻¹¹.
    const root = new Generator(18);
    expect(new Set(Array.from({ length: 10_000 }, (_, i) => prefix(root.fork(i)))).size).toBe(10_000);
  });

  test('are uncorrelated with their siblings and their parent', () => {
    const n = 50_000;
    const root = new Generator(19);
    const streams = [root.fork(0), root.fork(1), root.fork('0'), root.fork(0).fork(0), root];
    const samples = streams.map((generator) => drawn(n, () => generator.normal()));
    // Correlations of independent samples have standard deviation 1/√n; four of them are allowed for the ten pairs.
    samples.forEach((a, i) => {
      for (const b of samples.slice(i + 1)) expect(Math.abs(correlation(a, b))).toBeLessThan(4 / Math.sqrt(n));
    });
  });
});

describe('random arrays', () => {
  test('hold in float32 the rounded float64 values', () => {
    const options = { mean: 2, std: 3 };
    const single = new Generator(20).normals([2, 3, 5], { ...options, dtype: 'float32' });
    const double = new Generator(20).normals([2, 3, 5], options);
    expect([single.dtype, double.dtype]).toEqual(['float32', 'float64']);
    expect(single.shape).toEqual([2, 3, 5]);
    expect([...single.data]).toEqual(Array.from(double.data, Math.fround));
    const generator = new Generator(20);
    expect(double.data).toEqual(drawn(30, () => generator.normal(2, 3)));
  });

  test('take uniform numbers in row-major order', () => {
    const { data } = new Generator(21).uniforms([4, 2], { low: -1, high: 1 });
    const generator = new Generator(21);
    expect(data).toEqual(drawn(8, () => generator.uniform(-1, 1)));
  });

  test('have one number for a scalar and none for an empty shape', () => {
    expect(new Generator(22).normals([]).data).toHaveLength(1);
    expect(new Generator(22).uniforms([3, 0]).data).toHaveLength(0);
  });
});
