import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cast, constant, evaluate, type PrimitiveName, referenceBackend } from '../../src/tensor/index.ts';
import { WIDE } from '../../src/testing/backend/values.ts';
import { primitiveCases } from '../../src/testing/arbitraries/primitives.ts';
import {
  checkConstantChannels,
  checkLargeConstantPlane,
  checkNearlyConstantChannels,
  checkOutlier,
  PLANES,
} from '../../src/testing/backend/channels.ts';
import { excess } from '../../src/testing/law.ts';
import { runs } from '../support/runs.ts';

// The reference computes in float64 and rounds once, so its float32 result is the float64 result of the same (rounded)
// operands, rounded: half a unit in the last place, 2⁻²⁴ of each element, and a little for the float64 sums themselves.

const names = (Object.keys(primitiveCases) as PrimitiveName[]).filter((name) => name !== 'cast');

describe.each(names)('%s in float32', (name) => {
  test('is the float64 result, rounded once', async () => {
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], async ({ operands, build }) => {
        const single = operands.map((operand) => cast(operand, 'float32'));
        const [got] = await evaluate([build(...single.map(constant))], new Map(), referenceBackend);
        const wide = single.map((operand) => constant(cast(operand, 'float64')));
        const [exact] = await evaluate([build(...wide)], new Map(), referenceBackend);
        expect(got.dtype).toBe(WIDE.has(name) ? 'float64' : 'float32');
        expect(got.shape).toEqual(exact.shape);
        got.data.forEach((value, i) => {
          expect(Math.abs(value - exact.data[i])).toBeLessThanOrEqual(2 ** -24 * Math.abs(exact.data[i]) + 2 ** -149);
        });
      }),
      { numRuns: runs(50) },
    );
  });
});

test('channels whose statistics cancel agree with exact arithmetic, in float32, too', async () => {
  const found = await checkLargeConstantPlane(referenceBackend, 'float32');
  for (const sides of Object.values(PLANES)) {
    found.push(...(await checkConstantChannels(referenceBackend, 'float32', sides)));
    found.push(...(await checkNearlyConstantChannels(referenceBackend, 'float32', { sides, seed: 1 })));
    found.push(...(await checkOutlier(referenceBackend, 'float32', sides)));
  }
  expect(found.length).toBeGreaterThan(10);
  expect(found.filter((each) => !(excess(each) <= 1))).toEqual([]);
});
