import fc from 'fast-check';
import { afterAll, describe, test } from 'vitest';
import { type Backend, type DType, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { extent, seeds } from '../support/arrays.ts';
import {
  checkConstantChannels,
  checkLargeConstantPlane,
  checkNearlyConstantChannels,
  checkOutlier,
} from '../support/channels.ts';
import { checkMaxPool } from '../support/maxPools.ts';

// Inputs that random numbers never are: constant channels, ties. test/gpu/degenerate.test.ts does the same on devices.

const wasm = wasmBackend({ threads: 2 });
const alone = wasmBackend({ threads: 1, sharedMemory: false });
afterAll(() => Promise.all([wasm.close(), alone.close()]));

const backends: [string, Backend, DType][] = [
  ['reference, float64', referenceBackend, 'float64'],
  ['reference, float32', referenceBackend, 'float32'],
  ['wasm, 2 threads', wasm, 'float32'],
  ['wasm, separate memory', alone, 'float32'],
];

describe.each(backends)('%s', (_, backend, dtype) => {
  test('batch norm of a constant channel is β, and nothing of its gradient is noise', () =>
    checkConstantChannels(backend, dtype));

  test('batch norm of a large constant plane is 0', () => checkLargeConstantPlane(backend, dtype));

  test('batch norm of a channel that spreads over a few ulp is arithmetic', () =>
    fc.assert(
      fc.asyncProperty(seeds, (seed) => checkNearlyConstantChannels(backend, dtype, seed)),
      { numRuns: 5 },
    ));

  test('batch norm of a channel whose first value lies far from the others', () => checkOutlier(backend, dtype));

  test('max pools choose the first of equal elements, and their gradient goes there', () =>
    fc.assert(
      fc.asyncProperty(
        fc.record({
          kernel: fc.tuple(extent(3, 2), extent(3, 2)),
          stride: fc.tuple(extent(3), extent(3)),
          padding: extent(1, 0),
          size: fc.tuple(extent(9, 3), extent(9, 3)),
          seed: seeds,
        }),
        (drawn) => checkMaxPool(backend, drawn),
      ),
      { numRuns: 40 },
    ));
});
