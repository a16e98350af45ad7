import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import {
  type Backend,
  cast,
  constant,
  evaluate,
  type NDArray,
  ndarray,
  type PrimitiveName,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { primitiveCases } from '../support/primitiveCases.ts';

// Every primitive on the wasm backend against the reference in float64 on the same (rounded) operands.
//
// A sum of L products in float32, in any order, is off by at most (L + 2)·2⁻²⁴·Σ|terms|. The cases here have at most 72
// terms (a convolution of 2 × 2 channels × 9 taps; a weight gradient over 2 samples × 36 windows), and Σ|terms| is the
// same primitive on the operands' absolute values. Where a primitive is no such sum, its size is bounded from the
// operands (all of them within [−2.05, 2.05]) in the table below.

const TERMS = 80;
const UNIT = 2 ** -24;

const SIZES: Partial<Record<PrimitiveName, number>> = {
  linearCombination: 4 * 3 * 2, // terms × coefficient × operand
  standardize: 4 * 4, // (x − μ)·s with s ≤ 1/√0.1
  inverseDeviation: 4,
  standardizeGradient: 2 * (2 + 2 + 2 * 4), // s·(g − mean(g) − y·mean(g·y))
  power: 8, // 2³, 0.5⁻²
  exp: 8,
  log: 1,
  tanh: 1,
};

const backends: [string, Backend][] = [
  ['shared memory, 2 threads', wasmBackend({ threads: 2 })],
  ['separate memories, 1 thread', wasmBackend({ threads: 1, sharedMemory: false })],
];
const names = Object.keys(primitiveCases) as PrimitiveName[];

const absolute = ({ shape, data }: NDArray): NDArray => ndarray(data.map(Math.abs), shape);

describe.each(backends)('%s', (_, backend) => {
  afterAll(() => backend.close());

  test.each(names)('%s is the reference to float32', async (name) => {
    await fc.assert(
      fc.asyncProperty(primitiveCases[name], async ({ operands, build }) => {
        const single = operands.map((operand) => cast(operand, 'float32'));
        const double = single.map((operand) => cast(operand, 'float64'));
        const expression = build(...single.map(constant));
        const [got] = await evaluate([expression], new Map(), backend);
        const [exact] = await evaluate([build(...double.map(constant))]);
        const size = SIZES[name];
        const sizes =
          size === undefined ? (await evaluate([build(...double.map((a) => constant(absolute(a))))]))[0] : undefined;
        expect(got.shape).toEqual(exact.shape);
        expect(got.dtype).toBe(expression.dtype);
        const unit = name === 'gram' ? 2 ** -53 : UNIT;
        got.data.forEach((value, i) => {
          expect(Math.abs(value - exact.data[i])).toBeLessThanOrEqual(
            TERMS * unit * (size ?? Math.abs(sizes!.data[i])),
          );
        });
      }),
      { numRuns: 100 },
    );
  });
});
