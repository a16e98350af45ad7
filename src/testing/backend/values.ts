import {
  type Backend,
  cast,
  constant,
  type DType,
  evaluate,
  isElementwise,
  type NDArray,
  type PrimitiveName,
  type Shape,
  sizeOf,
} from '../../tensor/index.ts';
import { mapArray } from '../arrays.ts';
import { type PrimitiveCase, primitiveCases } from '../arbitraries/primitives.ts';
import { law, type Law, type Measured } from '../law.ts';
import { largeCases } from './largeCases.ts';
import { defined, isDefined } from './definitions.ts';
import { sourceOfCase } from './primitiveSource.ts';

// A primitive against its definition in float64 on the same (rounded) operands.
//
// A sum of L products in any order is off by at most (L + 2)·u·Σ|terms| (Higham, Accuracy and Stability, §3.1), with u =
// 2⁻²⁴ in float32 and 2⁻⁵³ in float64; Σ|terms| is the same definition on the operands' absolute values. Where a
// primitive is no such sum, its size is bounded from the operands (all of them within [−2.05, 2.05]) in the table below,
// and that of an element-wise primitive is its value and the operands it is added up from. The division of a graphics
// device may be off by 2½ units (OpenGL ES 3.2, 4.7.1), its exp and log by 3 + 2|x| and 3, and Winograd's transforms of
// 4×4 tiles multiply errors by at most 10 (Barabasz et al. 2020): within 16 more roundings for a sum, and 80 for what
// is no sum.

/** The unit roundoff of a precision. */
export const UNIT: Readonly<Record<DType, number>> = { float32: 2 ** -24, float64: 2 ** -53 };

/** The primitives whose sums are float64 whatever the operands are. */
export const WIDE: ReadonlySet<PrimitiveName> = new Set(['gram', 'eigenvalues', 'eigenvectors'] as const);

/** Every primitive. */
export const primitiveNames = Object.keys(primitiveCases) as PrimitiveName[];

const SIZES: Partial<Record<PrimitiveName, number>> = {
  standardize: 4 * 4, // (x − μ)·s with s ≤ 1/√0.1
  inverseDeviation: 4,
  standardizeGradient: 2 * (2 + 2 + 2 * 4), // s·(g − mean(g) − y·mean(g·y))
};

/** The numbers of elements of some dimensions. */
const size = (shape: Shape, from: number, to?: number) => sizeOf(shape.slice(from, to));

const pixels = (shape: Shape) => shape[shape.length - 4] * size(shape, -2);
const reduced = (shape: Shape, result: Shape) =>
  Math.max(1, Math.ceil(sizeOf(shape) / Math.max(1, sizeOf(result))), size(shape, -2));

/** How many terms an element of the result is a sum of, where it is one. */
const TERMS: Partial<Record<PrimitiveName, (operands: readonly Shape[], result: Shape) => number>> = {
  convolution: ([, w]) => size(w, -3),
  convolutionInputGradient: ([, w]) => size(w, -4) / w[w.length - 3],
  convolutionWeightGradient: ([, g]) => g[g.length - 4] * size(g, -2),
  standardize: ([x]) => pixels(x),
  inverseDeviation: ([x]) => pixels(x),
  standardizeGradient: ([g]) => pixels(g),
  channelInnerProduct: ([a]) => pixels(a),
  channelSum: ([x]) => pixels(x),
  averagePool: ([x], result) => reduced(x, result),
  averagePoolGradient: ([g], result) => reduced(g, result),
  scatter: ([values], result) => reduced(values, result),
  sum: ([x], result) => reduced(x, result),
  matmul: ([a]) => Math.max(...a.slice(-2)),
  gram: ([a]) => Math.max(...a.slice(-2)),
};

/** How many terms an element of a primitive's result is a sum of; 1 where it is none. */
export function termsOf(
  primitive: PrimitiveName,
  operands: readonly { readonly shape: Shape }[],
  result: Shape,
): number {
  const shapes = operands.map(({ shape }) => shape);
  return TERMS[primitive]?.(shapes, result) ?? 1;
}

const ROUNDINGS_OF_SUM = 16;
const ROUNDINGS = 80;

/** How far each element of a case's result may be off. */
function boundsOf(drawn: PrimitiveCase, operands: readonly NDArray[], exact: NDArray, unit: number): NDArray {
  const { primitive, attributes } = drawn;
  const bound = (size: (i: number) => number, roundings: number) =>
    mapArray(exact, (_, i) => roundings * unit * size(i));
  const terms = termsOf(primitive, operands, exact.shape);
  const known = SIZES[primitive];
  if (known !== undefined) return bound(() => known, ROUNDINGS + terms);
  const magnitudes = operands.map((operand) => mapArray(operand, Math.abs));
  if (isElementwise({ primitive })) {
    const { coefficients } = attributes as { coefficients?: readonly number[] };
    const weights = operands.map((_, i) => Math.abs(coefficients?.[i] ?? 1));
    const sum = {
      primitive: 'linearCombination',
      attributes: { coefficients: weights },
      coreRanks: operands.map(() => 0),
    } as const;
    const sizes = defined(sum, magnitudes, exact.shape);
    return bound((i) => Math.abs(exact.data[i]) + sizes.data[i], ROUNDINGS);
  }
  if (primitive === 'maxPoolIndex') return bound(() => 0, 0);
  const sizes = defined(drawn, magnitudes, exact.shape);
  return bound((i) => Math.abs(sizes.data[i]), terms + ROUNDINGS_OF_SUM);
}

/** Compares a primitive's result with its definition. */
export async function compareValue(backend: Backend, drawn: PrimitiveCase): Promise<Measured[]> {
  const [dtype] = backend.dtypes;
  const { primitive, build } = drawn;
  const operands = drawn.operands.map((operand) => cast(operand, dtype));
  const expression = build(...operands.map(constant));
  const [got] = await evaluate([expression], new Map(), backend);
  if (got.dtype !== expression.dtype || got.shape.join() !== expression.shape.join()) {
    return [{ what: `${primitive}: ${got.dtype} [${got.shape.join()}], where ${String(expression)} is due`, error: Infinity, bound: 0 }]; // prettier-ignore
  }
  const doubles = operands.map((operand) => cast(operand, 'float64'));
  const exact = defined(drawn, doubles, expression.shape);
  const bounds = boundsOf(drawn, doubles, exact, UNIT[WIDE.has(primitive) ? 'float64' : dtype]);
  return elementsOf(primitive, got, exact, bounds);
}

/** Every element, as it is compared. */
export function elementsOf(what: string, got: NDArray, exact: NDArray, bounds: NDArray): Measured[] {
  return Array.from(exact.data, (value, i) => ({
    what: `${what}: element ${i}`,
    error: got.data[i] === value ? 0 : Math.abs(got.data[i] - value),
    bound: bounds.data[i],
  }));
}

export const values: Law<Backend> = law({
  name: 'value of a primitive',
  statement: 'Every primitive is its definition on the same operands, to the rounding of its sums.',
  cases: Object.fromEntries(primitiveNames.filter(isDefined).map((name) => [name, primitiveCases[name]])),
  check: compareValue,
  source: sourceOfCase,
});

export const largeValues: Law<Backend> = law({
  name: 'value of a large primitive',
  statement:
    'Convolutions, products, pools, reductions and batch statistics of sizes beyond vectors and tiles are their definitions.',
  cases: largeCases,
  share: 0.2,
  check: compareValue,
  source: sourceOfCase,
});
