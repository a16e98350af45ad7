import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { type Module, parseBatchesCase, ReLU, Sequential, Trace } from '../../src/nn/index.ts';
import { countLinearRegions, packPositive, PatternSet } from '../../src/ntk/index.ts';
import {
  evaluate,
  InputError,
  type NDArray,
  referenceBackend,
  ShapeError,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { seeds } from '../../src/testing/arbitraries/shapes.ts';
import { goldenPath } from '../support/golden.ts';
import { smallNetwork, smallNetworks } from '../support/networks.ts';

const wasm = wasmBackend({ threads: 2 });
afterAll(() => wasm.close());

const read = (name: string) => parseBatchesCase(readFileSync(goldenPath(name)), name);

describe('reference counts', () => {
  test.each([
    ['linear-regions-nb201-00', 1181, 117],
    ['linear-regions-nb201-01', 1189, 99],
    ['linear-regions-darts-00', 1197, 366],
  ])('%s: exactly %d regions', async (name, regions, reluUnits) => {
    const { network, batches, mode, metadata } = read(name);
    expect(Number(metadata.linear_regions)).toBe(regions);
    const expected = { regions, reluUnits, samples: 1200 };
    expect(await countLinearRegions(network, batches, { mode })).toEqual(expected);
    // In float32 a sign differs only where float64 is within a rounding error of 0; none of these cases is.
    expect(await countLinearRegions(network, batches, { mode, backend: wasm, dtype: 'float32' })).toEqual(expected);
  });
});

/** Patterns as text, one character for each application of a ReLU: without sharing, packing or hashing. */
async function bruteForce(network: Module, batches: readonly NDArray[]): Promise<number> {
  const trace = new Trace(network, batches[0].shape, { mode: 'train' });
  const outputs = trace.calls.filter(({ module }) => module instanceof ReLU).map(({ output }) => output);
  const patterns = new Set<string>();
  for (const images of batches) {
    const values = await evaluate(outputs, new Map([...trace.variables(), [trace.x, images]]), referenceBackend);
    for (let i = 0; i < images.shape[0]; i++) {
      const bits = values.flatMap(({ data, shape: [n] }) =>
        [...data.subarray((i * data.length) / n, ((i + 1) * data.length) / n)].map((x) => (x > 0 ? '1' : '0')),
      );
      patterns.add(bits.join(''));
    }
  }
  return patterns.size;
}

describe('the count', () => {
  test('agrees with patterns compared as text, for networks of every kind', async () => {
    const drawn = fc.record({ kind: fc.constantFrom(...smallNetworks), seed: seeds, repeated: fc.nat(3) });
    await fc.assert(
      fc.asyncProperty(drawn, async ({ kind, seed, repeated }) => {
        const network = smallNetwork(kind, seed);
        const first = draw(seed, [4, 3, 4, 4]);
        const batches = [first, ...new Array<NDArray>(repeated).fill(first), draw(seed + 1, [4, 3, 4, 4])];
        const { regions } = await countLinearRegions(network, batches);
        expect(regions).toBe(await bruteForce(network, batches));
        expect(regions).toBeLessThanOrEqual(8);
      }),
      { numRuns: 15 },
    );
  });

  test('is 1 for copies of one batch of equal images, and refuses networks without ReLUs', async () => {
    const network = smallNetwork('cell network', 1);
    const one = draw(3, [1, 3, 8, 8]);
    expect(await countLinearRegions(network, [one, one, one])).toMatchObject({ regions: 1, samples: 3 });
    await expect(countLinearRegions(network, [])).rejects.toThrow(InputError);
    await expect(countLinearRegions(network, [one, draw(3, [2, 3, 8, 8])])).rejects.toThrow(ShapeError);
    await expect(countLinearRegions(new Sequential(), [one])).rejects.toThrow(/with ReLUs, got one without/);
  });
});

describe('a pattern set', () => {
  test('agrees with a set of strings', () => {
    const cases = fc
      .integer({ min: 1, max: 70 })
      .chain((bits) =>
        fc.tuple(
          fc.constant(bits),
          fc.array(fc.array(fc.constantFrom(-1, 0, 2), { minLength: bits, maxLength: bits }), { maxLength: 300 }),
        ),
      );
    fc.assert(
      fc.property(cases, ([bits, rows]) => {
        const set = new PatternSet(bits);
        const packed = new Uint32Array(rows.length * set.words);
        packPositive(rows.flat(), bits, packed, set.words, 0);
        const text = new Set<string>();
        rows.forEach((row, i) => {
          const key = row.map((x) => (x > 0 ? 1 : 0)).join('');
          expect(set.add(packed, i * set.words)).toBe(!text.has(key));
          text.add(key);
        });
        expect(set.size).toBe(text.size);
      }),
      { numRuns: 200 },
    );
  });

  test('counts 2¹⁶ patterns, and none of them twice', () => {
    const set = new PatternSet(40);
    for (const round of [0, 1]) {
      for (let i = 0; i < 2 ** 16; i++) expect(set.add(Uint32Array.of(i << 16, i >>> 8))).toBe(round === 0);
    }
    expect(set.size).toBe(2 ** 16);
  });
});
