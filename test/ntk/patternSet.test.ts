import { expect, test } from 'vitest';
import { PatternSet } from '../../src/ntk/index.ts';
import { Generator } from '../../src/tensor/index.ts';

test('patterns are compared in every word: a difference in one word counts', () => {
  // With 2,000 patterns in at most 4,096 slots, thousands of comparisons are of patterns that share a slot.
  for (const words of [1, 2, 3, 4, 7]) {
    for (let word = 0; word < words; word++) {
      const set = new PatternSet(32 * words);
      const random = new Generator(words * 10 + word);
      const values = new Set(Array.from({ length: 2000 }, () => random.uint32()));
      for (const value of values) expect(set.add(new Uint32Array(words).fill(0xabcd).fill(value, word, word + 1))).toBe(true); // prettier-ignore
      for (const value of values) expect(set.add(new Uint32Array(words).fill(0xabcd).fill(value, word, word + 1))).toBe(false); // prettier-ignore
      expect(set.size).toBe(values.size);
    }
  }
});
