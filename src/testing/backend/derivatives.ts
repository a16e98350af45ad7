import fc from 'fast-check';
import { checkGradients, jvp, vjp } from '../../autodiff/index.ts';
import {
  type Backend,
  broadcastShapes,
  cast,
  constant,
  type DType,
  evaluate,
  input,
  isElementwise,
  type NDArray,
  type PrimitiveName,
  type Tensor,
} from '../../tensor/index.ts';
import { absoluteDot, dot, draw, largest, largestDifference, rowOf, stack } from '../arrays.ts';
import { type PrimitiveCase, primitiveCases } from '../arbitraries/primitives.ts';
import { extent } from '../arbitraries/shapes.ts';
import { law, type Law, type Measured } from '../law.ts';
import { literal, type Snippet } from '../source.ts';
import { coreAt, indicesOf } from './definitions.ts';
import { sourceOfCase } from './primitiveSource.ts';
import { primitiveNames, UNIT } from './values.ts';

/** The case as a function of its smooth operands, the others given as constants. */
function ofSmooth({ operands, build, smooth }: PrimitiveCase, dtype: DType) {
  const all = operands.map((operand) => cast(operand, dtype));
  const f = (...tensors: Tensor[]) =>
    build(...all.map((value, i) => (smooth.includes(i) ? tensors[smooth.indexOf(i)] : constant(value))));
  const values = smooth.map((i) => all[i]);
  const inputs = values.map(({ shape }, i) => input(`x${i}`, shape, dtype));
  const feeds = new Map(inputs.map((tensor, i) => [tensor, values[i]] as const));
  return { f, values, inputs, feeds, y: f(...inputs) };
}

// The index of a maximum is piecewise constant: it has no derivative to compare. The pools that use it do. What stops
// gradients has one by definition.
const differentiable = primitiveNames.filter((name) => name !== 'maxPoolIndex' && name !== 'stopGradient');

const casesOf = (names: readonly PrimitiveName[]) =>
  Object.fromEntries(names.map((name) => [name, primitiveCases[name]]));

/**
 * Central differences of a function of size |f| are off by ε^(2/3)·|f| ≈ 4·10⁻¹¹·|f| with the step that `checkGradients`
 * takes, by third derivatives and by rounding alike. Here |f| is up to 10³ times the largest derivative.
 */
const DIFFERENCES = 1e-7;

const gradients: Law<Backend> = law({
  name: 'gradient of a primitive',
  statement: "Every rule's gradient is that of central differences in float64.",
  cases: casesOf(differentiable),
  share: 0.5,
  check: async (_, drawn) => {
    const { f, values } = ofSmooth(drawn, 'float64');
    const { error, worst } = await checkGradients(f, values);
    return [
      { what: `${drawn.primitive}: operand ${worst.input}, element ${worst.element}`, error, bound: DIFFERENCES },
    ];
  },
  source: sourceOfCase,
});

const secondDerivatives: Law<Backend> = law({
  name: 'second derivative of a primitive',
  statement: "The gradient of every rule's gradient is that of central differences in float64.",
  cases: casesOf(differentiable),
  share: 0.15,
  check: async (_, drawn) => {
    const { f, values, y } = ofSmooth(drawn, 'float64');
    const u = constant(draw(3, y.shape));
    const found: Measured[] = [];
    // One gradient at a time, so that each is compared on its own scale, which the second derivative multiplies.
    for (const k of values.keys()) {
      const { error, worst } = await checkGradients((...x) => vjp([f(...x)], x, [u])[k], values);
      const what = `${drawn.primitive}: gradient ${k}, operand ${worst.input}, element ${worst.element}`;
      found.push({ what, error, bound: 10 * DIFFERENCES });
    }
    return found;
  },
  source: sourceOfCase,
});

/** Of a sum in float64 a backend of float32 has no derivative. */
const WIDER: readonly Measured[] = [];

const adjoints: Law<Backend> = law({
  name: 'adjoint of a primitive',
  statement: '⟨u, J·v⟩ = ⟨Jᵀ·u, v⟩ for every primitive.',
  cases: casesOf(differentiable),
  check: async (backend, drawn) => {
    const [dtype] = backend.dtypes;
    const { inputs, feeds, y } = ofSmooth(drawn, dtype);
    if (!backend.dtypes.includes(y.dtype)) return WIDER;
    const u = draw(1, y.shape, undefined, y.dtype);
    const v = inputs.map(({ shape }, i) => draw(2 + i, shape, undefined, dtype));
    const [forward, ...backward] = await evaluate(
      [...jvp([y], inputs, v.map(constant)), ...vjp([y], inputs, [constant(u)])],
      feeds,
      backend,
    );
    const right = backward.reduce((sum, gradient, i) => sum + dot(gradient, v[i]), 0);
    const size = backward.reduce((sum, gradient, i) => sum + absoluteDot(gradient, v[i]), absoluteDot(u, forward));
    // Both sides are sums of numbers that are off by at most 80 roundings of the sizes that they are added up from. A sum
    // that cancels is smaller than those: by no more than the 72 terms that it has.
    const largestTerms = largest(u) * Math.max(...v.map(largest)) * (u.data.length + 72);
    const bound = 80 * UNIT[dtype] * (size + largestTerms * scaleOf(feeds));
    return [{ what: drawn.primitive, error: Math.abs(dot(u, forward) - right), bound }];
  },
  source: sourceOfCase,
});

/** The largest magnitude among operands, at least 1: what a rule may multiply by. */
function scaleOf(feeds: ReadonlyMap<Tensor, NDArray>): number {
  return Math.max(1, ...[...feeds.values()].map(largest)) ** 2;
}

const blocks: Law<Backend> = law({
  name: 'block of cotangent rows',
  statement: 'A block of cotangent rows gives what its rows give one by one.',
  cases: Object.fromEntries(
    differentiable.map((name) => [name, fc.record<RowsCase>({ drawn: primitiveCases[name], rows: extent(3) })]),
  ),
  share: 0.5,
  check: async (backend, { drawn, rows }) => {
    const [dtype] = backend.dtypes;
    const { inputs, feeds, y } = ofSmooth(drawn, dtype);
    if (!backend.dtypes.includes(y.dtype)) return WIDER;
    const us = Array.from({ length: rows }, (_, r) => draw(r, y.shape, undefined, y.dtype));
    const block = await evaluate(vjp([y], inputs, [constant(stack(us))]), feeds, backend);
    const found: Measured[] = [];
    for (const [r, u] of us.entries()) {
      const single = await evaluate(vjp([y], inputs, [constant(u)]), feeds, backend);
      single.forEach((gradient, i) => {
        const what = `${drawn.primitive}: gradient ${i}, row ${r}`;
        const fits = block[i].shape.join() === [rows, ...inputs[i].shape].join();
        // Sums of the same at most 72 terms, in another order where dimensions were broadcast.
        const bound = 80 * UNIT[dtype] * Math.max(largest(gradient), largest(u) * scaleOf(feeds));
        found.push({ what, error: fits ? largestDifference(rowOf(block[i], r), gradient) : Infinity, bound });
      });
    }
    return found;
  },
  source: ({ drawn, rows }) => nested(sourceOfCase(drawn), rows),
});

interface RowsCase {
  readonly drawn: PrimitiveCase;
  readonly rows: number;
}

function nested(inner: Snippet, rows: number): Snippet {
  return { ...inner, expression: `{ drawn: ${inner.expression}, rows: ${literal(rows)} }` };
}

const leading: Law<Backend> = law({
  name: 'leading dimensions of a primitive',
  statement: 'Over leading dimensions a primitive is what it is at each position of them.',
  cases: casesOf(primitiveNames),
  check: async (backend, { primitive, operands, build, coreRanks }) => {
    const [dtype] = backend.dtypes;
    const all = operands.map((operand) => cast(operand, dtype));
    const [whole] = await evaluate([build(...all.map(constant))], new Map(), backend);
    const leadings = all.map(({ shape }, i) => shape.slice(0, shape.length - coreRanks[i]));
    const positions = indicesOf(broadcastShapes('leading dimensions', leadings));
    const size = whole.data.length / positions.length;
    // Element-wise primitives have no core; a few positions stand for all.
    const some = isElementwise({ primitive }) ? positions.slice(0, 3) : positions;
    const found: Measured[] = [];
    for (const [k, position] of some.entries()) {
      const cores = all.map((operand, i) => coreAt(operand, leadings[i], position));
      const [part] = await evaluate([build(...cores.map(constant))], new Map(), backend);
      const own = { ...part, data: whole.data.slice(k * size, (k + 1) * size) };
      // The same terms in the same order, or in that of another tiling: twice the error of either.
      const bound = 2 * 80 * UNIT[whole.dtype] * Math.max(largest(part), 1);
      const exact = backend.name === 'reference';
      found.push({
        what: `${primitive}: position ${k}`,
        error: largestDifference(own, part),
        bound: exact ? 0 : bound,
      });
    }
    return found;
  },
  source: sourceOfCase,
});

/** Laws of the rules alone, whatever computes them. */
export const rules: readonly Law<Backend>[] = [gradients, secondDerivatives];

/** Laws of what a backend computes of derivatives. */
export const derivatives: readonly Law<Backend>[] = [adjoints, blocks, leading];
