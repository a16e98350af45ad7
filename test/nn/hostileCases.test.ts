import { describe, expect, test } from 'vitest';
import {
  buildNetwork,
  encodeSafetensors,
  initialize,
  loadStateDict,
  NAS_BENCH_201_SPACE,
  parseCase,
  pytorchDefault,
  registerNetwork,
  stateDict,
} from '../../src/nn/index.ts';
import { Generator, InputError, ndarray, type NDArray } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

// Hostile cases: their cost is bounded by the size of the file, not by the numbers in it.

const cell = '|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|none~2|';
const tiny = { name: 'infer.tiny', C: 4, N: 1, arch_str: cell, num_classes: 10 };
const supernet = { name: 'DARTS-V1', C: 1, N: 1, max_nodes: 4, num_classes: 10, space: [...NAS_BENCH_201_SPACE] };
const darts = { ...supernet, super_type: 'nasnet-super', stem_multiplier: 1, steps: 4, multiplier: 4 };

function caseOf(config: object, state: ReadonlyMap<string, NDArray> = new Map()): Uint8Array {
  const metadata = { name: 'x', mode: 'train', config: JSON.stringify(config) };
  const tensors = new Map([['input', ndarray([0, 0, 0], [1, 3, 1, 1], 'float32')]]);
  for (const [name, value] of state) tensors.set(`state.${name}`, value);
  return encodeSafetensors({ metadata, tensors });
}

describe('a case of a few hundred bytes', () => {
  test.each([
    ['C: 4096', { ...tiny, C: 4096 }],
    ['C: 4096 and 4096 classes', { ...supernet, C: 4096, num_classes: 4096 }],
    ['C: 4096 in DARTS', { ...darts, C: 4096, stem_multiplier: 4096, multiplier: 4 }],
    ['max_nodes: 1500', { ...supernet, max_nodes: 1500 }],
    ['max_nodes: 4096', { ...supernet, max_nodes: 4096, N: 4096 }],
    ['N: 4096', { ...tiny, N: 4096 }],
    ['N: 4096 of skips', { ...supernet, N: 4096, space: ['skip_connect'], max_nodes: 2 }],
    ['steps: 4096', { ...darts, steps: 4096 }],
    ['a space of 4000 operations', { ...supernet, space: Array<string>(4000).fill('skip_connect') }],
  ])('with %s is refused at once, without allocating', (_, config) => {
    const bytes = caseOf(config);
    const [before, began] = [process.memoryUsage(), performance.now()];
    const read = () => parseCase(bytes, 'lies');
    expect(read).toThrow(InputError);
    expect(read).toThrow(/^lies: (state: missing|config: too large a network)/);
    const after = process.memoryUsage();
    // Values would take from 6 MB to many GB; names and modules of 10,000 operations some 10 MB of heap.
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(2 ** 20);
    expect(after.heapUsed - before.heapUsed).toBeLessThan(2 ** 28);
    // About 0.2 s when nothing else runs; without bounds minutes, or no end.
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});

test('shapes are compared before a value is decoded', () => {
  const network = buildNetwork(tiny);
  initialize(network, pytorchDefault, new Generator(0));
  const state = new Map(stateDict(network));
  const touched = new Error('a value was read');
  for (const [name, { shape, dtype }] of state) {
    const value: NDArray = {
      shape,
      dtype,
      get data(): never {
        throw touched;
      },
    };
    state.set(name, value);
  }
  state.set('classifier.bias', draw(1, [11]));
  const fresh = buildNetwork(tiny);
  expect(() => loadStateDict(fresh, state)).toThrow('state: classifier.bias: expected shape [10], got [11]');
});

test('the same checks apply to a registered family: unknown fields, and its own bounds', () => {
  registerNetwork({
    name: 'test-layers',
    build: (fields) => {
      const count = fields.integer('layers', 1);
      fields.ignore('comment');
      fields.boundOperations(1000 * count);
      return buildNetwork(tiny);
    },
  });
  const config = { name: 'test-layers', layers: 3 };
  expect(buildNetwork({ ...config, comment: 'anything' })).toBeDefined();
  expect(() => buildNetwork({ ...config, layer: 1 })).toThrow('config: layer: expected no such field, only name, super_type, layers, comment, got 1'); // prettier-ignore
  expect(() => buildNetwork({ ...config, layers: 200 })).toThrow(/expected at most 100000 operations on edges, got 200000/); // prettier-ignore
  expect(() => buildNetwork(config, 'config', 2999)).toThrow(/expected at most 2999 operations on edges, got 3000/);
});
