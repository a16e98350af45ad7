/**
 * A set of bit patterns of one length, counted exactly: a hash table with open addressing that finds where a pattern may
 * be, and a comparison of all its bits that decides.
 *
 * @example
 * const patterns = new PatternSet(40); // 40 bits are two words
 * patterns.add(Uint32Array.of(5, 1));
 * patterns.add(Uint32Array.of(5, 1));
 * patterns.add(Uint32Array.of(5, 2));
 * console.log(patterns.size); // 2
 */
export class PatternSet {
  /** 32-bit words of a pattern. */
  readonly words: number;
  /** Distinct patterns after each other, in the order of their first appearance. */
  #patterns: Uint32Array;
  /** 1 + the number of a pattern, at a place that its hash gives; 0 where there is none. A power of two long. */
  #slots: Uint32Array;
  #size = 0;

  constructor(bits: number) {
    this.words = Math.max(1, Math.ceil(bits / 32));
    this.#patterns = new Uint32Array(64 * this.words);
    this.#slots = new Uint32Array(128);
  }

  /** The number of distinct patterns. */
  get size(): number {
    return this.#size;
  }

  /** Adds the pattern that begins at word `start`. Returns whether it is new. */
  add(packed: Uint32Array, start = 0): boolean {
    const slot = this.#find(packed, start);
    if (this.#slots[slot] !== 0) return false;
    if (this.#patterns.length === this.#size * this.words) this.#patterns = grown(this.#patterns);
    this.#patterns.set(packed.subarray(start, start + this.words), this.#size * this.words);
    this.#slots[slot] = ++this.#size;
    if (2 * this.#size > this.#slots.length) this.#rehash();
    return true;
  }

  /** The slot of an equal pattern, or the free one where it belongs. */
  #find(packed: Uint32Array, start: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash(packed, start, this.words) & mask;
    while (this.#slots[slot] !== 0 && !this.#equals(this.#slots[slot] - 1, packed, start)) slot = (slot + 1) & mask;
    return slot;
  }

  #equals(number: number, packed: Uint32Array, start: number): boolean {
    const base = number * this.words;
    for (let w = 0; w < this.words; w++) if (this.#patterns[base + w] !== packed[start + w]) return false;
    return true;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let i = 0; i < this.#size; i++) this.#slots[this.#find(this.#patterns, i * this.words)] = i + 1;
  }
}

function grown(from: Uint32Array): Uint32Array {
  const to = new Uint32Array(2 * from.length);
  to.set(from);
  return to;
}

/** FNV-1a over words, with MurmurHash3's final mix so that the low bits, which choose the slot, depend on all. */
function hash(packed: Uint32Array, start: number, words: number): number {
  let h = 0x811c9dc5;
  for (let w = 0; w < words; w++) h = Math.imul(h ^ packed[start + w], 0x01000193) ^ (h >>> 15);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/**
 * Sets bit `offset + u` of row i of `packed` (`words` words a row) where value u of row i is positive.
 *
 * @param values rows of `units` values
 *
 * @example
 * const packed = new Uint32Array(2);
 * packPositive([1, -1, 2, -3, 4, -5], 3, packed, 1, 0);
 * console.log([...packed].map((bits) => bits.toString(2))); // [ '101', '10' ]
 */
export function packPositive(
  values: ArrayLike<number>,
  units: number,
  packed: Uint32Array,
  words: number,
  offset: number,
): void {
  for (let i = 0, row = 0; row < values.length; i++, row += units) {
    for (let u = 0; u < units; u++) {
      if (values[row + u] > 0) packed[i * words + ((offset + u) >>> 5)] |= 1 << ((offset + u) & 31);
    }
  }
}
