import { expect } from 'vitest';
import {
  cast,
  constant,
  evaluate,
  type NDArray,
  ndarray,
  type PrimitiveName,
  type Tensor,
} from '../../src/tensor/index.ts';

// A sum of L products in float32, in any order, is off by at most (L + 2)·2⁻²⁴·Σ|terms|. The cases of primitiveCases.ts
// have at most 72 terms (a convolution of 2 × 2 channels × 9 taps; a weight gradient over 2 samples × 36 windows), and
// Σ|terms| is the same primitive on the operands' absolute values. Where a primitive is no such sum, its size is bounded
// from the operands (all of them within [−2.05, 2.05]) in the table below. The division of a graphics device may be off
// by 2½ units (OpenGL ES 3.2, 4.7.1), its exp and log by 3 + 2|x| and 3: well within 80 units of these sizes.

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

const absolute = ({ shape, data }: NDArray): NDArray => ndarray(data.map(Math.abs), shape);

/** Expects a primitive's float32 value to be the reference's in float64, on the same operands, to float32. */
export async function expectFloat32(
  name: PrimitiveName,
  got: NDArray,
  operands: readonly NDArray[],
  build: (...tensors: Tensor[]) => Tensor,
): Promise<void> {
  const double = operands.map((operand) => cast(operand, 'float64'));
  const [exact] = await evaluate([build(...double.map(constant))]);
  const size = SIZES[name];
  const sizes =
    size === undefined ? (await evaluate([build(...double.map((a) => constant(absolute(a))))]))[0] : undefined;
  expect(got.shape).toEqual(exact.shape);
  expect(got.dtype).toBe(build(...operands.map(constant)).dtype);
  const unit = name === 'gram' ? 2 ** -53 : UNIT;
  got.data.forEach((value, i) => {
    expect(Math.abs(value - exact.data[i])).toBeLessThanOrEqual(TERMS * unit * (size ?? Math.abs(sizes!.data[i])));
  });
}
