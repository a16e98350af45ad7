import fc from 'fast-check';
import {
  abs,
  type Backend,
  cast,
  constant,
  evaluate,
  isElementwise,
  linearCombination,
  type NDArray,
  ndarray,
  type PrimitiveName,
} from '../../src/tensor/index.ts';
import { type PrimitiveCase, primitiveCases } from './primitiveCases.ts';

// A primitive on a float32 backend against the reference in float64 on the same (rounded) operands. Nothing here needs
// a test runner: pages run it, too.
//
// A sum of L products in float32, in any order, is off by at most (L + 2)·2⁻²⁴·Σ|terms|. The cases of primitiveCases.ts
// have at most 72 terms (a convolution of 2 × 2 channels × 9 taps; a weight gradient over 2 samples × 36 windows), and
// Σ|terms| is the same primitive on the operands' absolute values. Where a primitive is no such sum, its size is bounded
// from the operands (all of them within [−2.05, 2.05]) in the table below, and that of an element-wise primitive is its
// value and the operands it is added up from. The division of a graphics device may be off
// by 2½ units (OpenGL ES 3.2, 4.7.1), its exp and log by 3 + 2|x| and 3: well within 80 units of these sizes.

const TERMS = 80;
const UNIT = 2 ** -24;

const SIZES: Partial<Record<PrimitiveName, number>> = {
  standardize: 4 * 4, // (x − μ)·s with s ≤ 1/√0.1
  inverseDeviation: 4,
  standardizeGradient: 2 * (2 + 2 + 2 * 4), // s·(g − mean(g) − y·mean(g·y))
  eigenvalues: 7, // ‖A‖ ≤ 6.2 + 0.6
  eigenvectors: 7 / 0.4, // ‖A‖ over the smallest gap
};

/** The size of each element of an element-wise primitive: its value, and what it is added up from. */
async function elementwiseSizes({ operands, build }: Pick<PrimitiveCase, 'operands' | 'build'>): Promise<NDArray> {
  const y = build(...operands.map(constant));
  const { coefficients } = (y.op as { attributes: { coefficients?: readonly number[] } }).attributes;
  const weights = [1, ...operands.map((_, i) => Math.abs(coefficients?.[i] ?? 1))];
  const [sizes] = await evaluate([linearCombination([abs(y), ...operands.map((x) => abs(constant(x)))], weights)]);
  return sizes;
}

/** The primitives whose sums are float64 whatever the operands are. */
export const WIDE: ReadonlySet<PrimitiveName> = new Set(['gram', 'eigenvalues', 'eigenvectors'] as const);

/** Every primitive. */
export const primitiveNames = Object.keys(primitiveCases) as PrimitiveName[];

/**
 * Runs random cases of a primitive.
 *
 * @throws an error that tells the failing case and its seed.
 */
export function checkPrimitive(name: PrimitiveName, backend: Backend, numRuns: number): Promise<void> {
  const property = fc.asyncProperty(primitiveCases[name], async (drawn) => {
    const failure = await failureOf(name, backend, drawn);
    if (failure !== undefined) throw new Error(failure);
  });
  return fc.assert(property, { numRuns });
}

async function failureOf(
  name: PrimitiveName,
  backend: Backend,
  { operands, build }: PrimitiveCase,
): Promise<string | undefined> {
  const single = operands.map((operand) => cast(operand, 'float32'));
  const expression = build(...single.map(constant));
  const [got] = await evaluate([expression], new Map(), backend);
  const double = single.map((operand) => cast(operand, 'float64'));
  const [exact] = await evaluate([build(...double.map(constant))]);
  const size = SIZES[name];
  const sizes =
    size !== undefined
      ? undefined
      : isElementwise({ primitive: name })
        ? await elementwiseSizes({ operands: double, build })
        : (await evaluate([build(...double.map((a) => constant(absolute(a))))]))[0];
  if (got.dtype !== expression.dtype) return `expected ${expression.dtype}, got ${got.dtype}`;
  if (got.shape.join() !== exact.shape.join()) return `expected shape ${exact.shape.join()}, got ${got.shape.join()}`;
  const unit = WIDE.has(name) ? 2 ** -53 : UNIT;
  for (const [i, value] of got.data.entries()) {
    const bound = TERMS * unit * (size ?? Math.abs(sizes!.data[i]));
    if (!(Math.abs(value - exact.data[i]) <= bound)) {
      return `element ${i}: expected ${exact.data[i]} to ${bound}, got ${value}`;
    }
  }
  return undefined;
}

function absolute({ shape, data }: NDArray): NDArray {
  return ndarray(data.map(Math.abs), shape);
}
