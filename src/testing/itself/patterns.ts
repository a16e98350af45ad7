import fc from 'fast-check';
import { packPositive, PatternSet } from '../../ntk/index.ts';
import { type Backend, Generator } from '../../tensor/index.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';
import { law, type Law } from '../law.ts';
import { dataSource, same } from './measures.ts';

export const patterns: Law<Backend> = law({
  name: 'sets of bit patterns',
  statement:
    'Patterns of any number of bits are counted exactly, those that differ in one bit included; 0 does not pass.',
  share: 0.5,
  cases: {
    patterns: fc.record({
      bits: fc.integer({ min: 1, max: 170 }),
      offset: extent(40, 0),
      count: fc.integer({ min: 2, max: 300 }),
      seed: seeds,
    }),
  },
  check: async (_, { bits, offset, count, seed }) => {
    const generator = new Generator(seed);
    const base = Array.from({ length: bits }, () => [-1, 0, 1][generator.integer(3)]);
    const samples = Array.from({ length: count }, () =>
      base.with(generator.integer(bits), [-1, 0, 1][generator.integer(3)]),
    );
    const set = new PatternSet(offset + bits);
    const packed = new Uint32Array(count * set.words);
    packPositive(
      Float64Array.from({ length: count * offset }, () => 1),
      offset,
      packed,
      set.words,
      0,
    );
    packPositive(Float64Array.from(samples.flat()), bits, packed, set.words, offset);
    for (let i = 0; i < count; i++) set.add(packed, i * set.words);
    const due = new Set(samples.map((sample) => sample.map((v) => Number(v > 0)).join(''))).size;
    return Promise.resolve([
      same('patterns', set.size, due),
      same('words', set.words, Math.max(1, Math.ceil((offset + bits) / 32))),
    ]);
  },
  source: dataSource,
});
