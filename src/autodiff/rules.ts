import {
  abs,
  add,
  apply,
  type Attributes,
  broadcastTo,
  castTo,
  channelInnerProduct,
  channelScale,
  channelSum,
  eigenvalues,
  eigenvectors,
  equal,
  erfc,
  exp,
  eye,
  inverseDeviation,
  less,
  lessEqual,
  linearCombination,
  matmul,
  multiply,
  ones,
  type Pair,
  power,
  type PrimitiveName,
  type ReductionAttributes,
  reluGradient,
  reshape,
  scalar,
  scale,
  select,
  sigmoid,
  sign,
  softplus,
  standardizeGradient,
  subtract,
  tanh,
  type Tensor,
  transpose,
} from '../tensor/index.ts';
import { sumTo } from './broadcast.ts';

/** One application of a primitive: y = primitive(operands; attributes). */
export interface Application<P extends PrimitiveName> {
  readonly y: Tensor;
  readonly operands: readonly Tensor[];
  readonly attributes: Attributes[P];
}

/**
 * For each operand x of y, the map from the cotangent of y to that of x: g ↦ gᵀ·∂y/∂x. `null` where y does not change
 * with x almost everywhere.
 *
 * Cotangents may have more leading dimensions than y, and every rule carries them along. A result may still have the
 * broadcast shape of x: the caller sums it down.
 */
export type Rule<P extends PrimitiveName> = (
  application: Application<P>,
) => readonly (((g: Tensor) => Tensor) | null)[];

/** The derivative of every primitive. Leave one out and the build fails. */
export const rules: { readonly [P in PrimitiveName]: Rule<P> } = {
  // ── Convolution: y is bilinear in x and w, and so is each adjoint; the three are closed under differentiation ──────

  // ⟨g, x∗w⟩ = ⟨inputGradient(g, w), x⟩ = ⟨weightGradient(x, g), w⟩
  convolution: ({ operands: [x, w], attributes: a }) => [
    (g) => apply('convolutionInputGradient', [g, w], { ...a, inputSize: lastTwo(x) }),
    (g) => apply('convolutionWeightGradient', [x, g], { ...a, kernelSize: lastTwo(w) }),
  ],
  convolutionInputGradient: ({ operands: [gy, w], attributes: { inputSize: _, ...a } }) => [
    (g) => apply('convolution', [g, w], a),
    (g) => apply('convolutionWeightGradient', [g, gy], { ...a, kernelSize: lastTwo(w) }),
  ],
  convolutionWeightGradient: ({ operands: [x, gy], attributes: { kernelSize: _, ...a } }) => [
    (g) => apply('convolutionInputGradient', [gy, g], { ...a, inputSize: lastTwo(x) }),
    (g) => apply('convolution', [x, g], a),
  ],

  // ── Normalisation: x̂ = (x − μ)·s, s = (σ² + ε)^−½, over the m = n·h·w values of a channel ──────────────────────────

  // ∂x̂/∂x · g = s·(g − mean(g) − x̂·mean(g·x̂))
  standardize: ({ y, operands: [x], attributes: { epsilon } }) => [
    (g) => standardizeGradient(g, y, inverseDeviation(x, epsilon)),
  ],
  // ∂s/∂x = −s³·(x − μ)/m = −s²·x̂/m
  inverseDeviation: ({ y, operands: [x], attributes: { epsilon } }) => [
    (g) =>
      channelScale(
        apply('standardize', [x], { epsilon }),
        scale(multiply(g, multiply(y, y)), -1 / valuesPerChannel(x)),
      ),
  ],
  // z = s·(u − mean(u) − y·mean(u·y)): self-adjoint in u, linear in s, and −s·(g·Σ(u·y) + u·Σ(g·y))/m in y
  // (z itself divided by s is the same number, but no linear expression of s, which forward mode takes it for)
  standardizeGradient: ({ operands: [u, y, s] }) => [
    (g) => standardizeGradient(g, y, s),
    (g) => {
      const parts = add(channelScale(g, channelInnerProduct(u, y)), channelScale(u, channelInnerProduct(g, y)));
      return scale(channelScale(parts, s), -1 / valuesPerChannel(y));
    },
    (g) => channelInnerProduct(g, standardizeGradient(u, y, ones(s.shape, s.dtype))),
  ],
  // y = a·x + b
  channelAffine: ({ operands: [x, a] }) => [
    (g) => channelScale(g, a),
    (g) => channelInnerProduct(g, x),
    (g) => channelSum(g),
  ],
  channelScale: ({ operands: [x, a] }) => [(g) => channelScale(g, a), (g) => channelInnerProduct(g, x)],
  // y[c] = Σ a·b
  channelInnerProduct: ({ operands: [a, b] }) => [(g) => channelScale(b, g), (g) => channelScale(a, g)],
  channelSum: ({ operands: [x] }) => [
    (g) => {
      const leading = g.shape.slice(0, -1);
      const [n, c, h, w] = x.shape.slice(-4);
      return broadcastTo(reshape(g, [...leading, 1, c, 1, 1]), [...leading, n, c, h, w]);
    },
  ],

  // ── Pooling: linear maps (for max, given the index of the winners), each beside its adjoint ────────────────────────

  averagePool: ({ operands: [x], attributes: a }) => [
    (g) => apply('averagePoolGradient', [g], { ...a, inputSize: lastTwo(x) }),
  ],
  averagePoolGradient: ({ attributes: { inputSize: _, ...a } }) => [(g) => apply('averagePool', [g], a)],
  maxPoolIndex: () => [null],

  // ── Elements by their number: y[m] = x[i[m]], and its adjoint, which adds what came from the same place ────────────

  gather: ({ operands: [x, index], attributes: { indexedRank, ...a } }) => [
    (g) => {
      const core = x.shape.slice(x.rank - indexedRank - a.innerRank);
      return apply('scatter', [g, index], { ...a, size: core.slice(0, indexedRank) });
    },
    null,
  ],
  scatter: ({ operands: [, index], attributes: { size, ...a } }) => [
    (g) => apply('gather', [g, index], { ...a, indexedRank: size.length }),
    null,
  ],

  // ── Element by element ─────────────────────────────────────────────────────────────────────────────────────────────

  // y = Σ cᵢ·xᵢ
  linearCombination: ({ attributes: { coefficients } }) => coefficients.map((c) => (g: Tensor) => scale(g, c)),
  multiply: ({ operands: [a, b] }) => [(g) => multiply(g, b), (g) => multiply(g, a)],
  // y = xᵉ, y′ = e·xᵉ⁻¹; x⁰ is 1 at 0, too
  power: ({ operands: [x], attributes: { exponent: e } }) => [
    e === 0 ? null : (g) => scale(multiply(g, power(x, e - 1)), e),
  ],
  abs: ({ operands: [x] }) => [(g) => multiply(g, sign(x))],
  sign: () => [null],
  floor: () => [null],
  // Half the gradient where a = b
  minimum: ({ operands: [a, b] }) => [(g) => share(g, a, b), (g) => share(g, b, a)],
  maximum: ({ operands: [a, b] }) => [(g) => share(g, b, a), (g) => share(g, a, b)],
  less: () => [null, null],
  lessEqual: () => [null, null],
  equal: () => [null, null],
  select: ({ operands: [condition] }) => [
    null,
    (g) => select(condition, g, like(g, 0)),
    (g) => select(condition, like(g, 0), g),
  ],
  stopGradient: () => [null],

  exp: ({ y }) => [(g) => multiply(g, y)],
  expm1: ({ y }) => [(g) => add(multiply(g, y), g)],
  log: ({ operands: [x] }) => [(g) => multiply(g, power(x, -1))],
  log1p: ({ operands: [x] }) => [(g) => multiply(g, power(add(x, like(x, 1)), -1))],
  // y′ = 1 − y²
  tanh: ({ y }) => [(g) => subtract(g, multiply(g, power(y, 2)))],
  // y′ = ±2/√π·e^(−x²)
  erf: ({ operands: [x] }) => [(g) => scale(multiply(g, bell(x, 1)), 2 / Math.sqrt(Math.PI))],
  erfc: ({ operands: [x] }) => [(g) => scale(multiply(g, bell(x, 1)), -2 / Math.sqrt(Math.PI))],

  // y′ = 1 where x > 0 and 0 elsewhere, at x = 0 too
  relu: ({ operands: [x] }) => [(g) => reluGradient(g, x)],
  reluGradient: ({ operands: [, x] }) => [(g) => reluGradient(g, x), null],
  leakyRelu: ({ operands: [x], attributes: { slope } }) => [(g) => select(positive(x), g, scale(g, slope))],
  // y′ = α·eˣ where x ≤ 0; what is not selected is kept finite, for the derivative of this
  elu: ({ operands: [x], attributes: { alpha } }) => [
    (g) => select(positive(x), g, scale(multiply(g, exp(select(positive(x), like(x, 0), x))), alpha)),
  ],
  // y′ = σ(βx)
  softplus: ({ operands: [x], attributes: { beta, threshold } }) => [
    (g) => select(less(like(x, threshold), scale(x, beta)), g, multiply(g, sigmoid(scale(x, beta)))),
  ],
  // y′ = 1/(1 + |x|)²
  softsign: ({ operands: [x] }) => [(g) => multiply(g, power(add(like(x, 1), abs(x)), -2))],
  // y = x·Φ(x), y′ = Φ + x·φ
  gelu: ({ operands: [x] }) => [
    (g) => {
      const distribution = scale(erfc(scale(x, -Math.SQRT1_2)), 0.5);
      const density = scale(bell(x, 0.5), 1 / Math.sqrt(2 * Math.PI));
      return multiply(g, add(distribution, multiply(x, density)));
    },
  ],
  // y′ = y·(1 − y)
  sigmoid: ({ y }) => [(g) => multiply(g, subtract(y, power(y, 2)))],
  // y = x·σ(u) with u = 2√(2/π)·(x + 0.044715·x³), y′ = σ + x·σ·(1 − σ)·u′
  geluTanh: ({ operands: [x] }) => [
    (g) => {
      const c = 2 * Math.sqrt(2 / Math.PI);
      const s = sigmoid(linearCombination([x, power(x, 3)], [c, c * 0.044715]));
      const slope = linearCombination([like(x, 1), power(x, 2)], [c, 3 * c * 0.044715]);
      return multiply(g, add(s, multiply(multiply(x, slope), subtract(s, power(s, 2)))));
    },
  ],
  // y = x·σ(x), y′ = σ + y·(1 − σ)
  silu: ({ y, operands: [x] }) => [
    (g) => {
      const s = sigmoid(x);
      return multiply(g, linearCombination([s, y, multiply(y, s)], [1, 1, -1]));
    },
  ],
  // y = x·t with t = tanh(log(1 + eˣ)), y′ = t + x·(1 − t²)·σ(x)
  mish: ({ operands: [x] }) => [
    (g) => {
      const t = tanh(softplus(x));
      return multiply(g, add(t, multiply(multiply(x, subtract(like(x, 1), power(t, 2))), sigmoid(x))));
    },
  ],
  // y′ = 1 on the bounds
  clip: ({ operands: [x], attributes: { low, high } }) => [
    (g) => select(multiply(lessEqual(like(x, low), x), lessEqual(x, like(x, high))), g, like(g, 0)),
  ],
  // y′ = 0 on the bounds
  hardtanh: ({ operands: [x], attributes: { low, high } }) => [
    (g) => select(add(lessEqual(x, like(x, low)), lessEqual(like(x, high), x)), like(g, 0), g),
  ],
  // y′ = 0 below −3, 1 above 3, and x/3 + ½ between, at −3 too
  hardswish: ({ operands: [x] }) => [
    (g) => {
      const middle = multiply(g, linearCombination([x, like(x, 1)], [1 / 3, 1 / 2]));
      return select(less(x, like(x, -3)), like(g, 0), select(less(x, like(x, 3)), middle, g));
    },
  ],
  hardsigmoid: ({ operands: [x] }) => [(g) => select(between(x, -3, 3), scale(g, 1 / 6), like(g, 0))],

  cast: ({ operands: [x] }) => [(g) => castTo(g, x.dtype)],

  // ── Moving elements: the adjoint of a copy copies back, and sums where one element went to several places ──────────

  reshape: ({ attributes: { from, to } }) => [(g) => apply('reshape', [g], { from: to, to: from })],
  broadcastTo: ({ attributes: { from, to } }) => [(g) => sumTo(g, from, g.rank - to.length)],
  transpose: ({ attributes: { permutation } }) => [
    (g) => apply('transpose', [g], { permutation: permutation.map((_, i) => permutation.indexOf(i)) }),
  ],
  // After the last element taken, `stop` may leave up to step − 1 elements over: they are padded back, too.
  slice: ({ y, operands: [x], attributes: { start, step } }) => [
    (g) => {
      const taken = y.shape.slice(y.rank - start.length).map((count, i) => (count - 1) * step[i] + 1);
      const extents = x.shape.slice(x.rank - start.length);
      const after = extents.map((extent, i) => extent - start[i] - taken[i]);
      return apply('pad', [g], { before: start, after, interior: step.map((s) => s - 1) });
    },
  ],
  pad: ({ y, attributes: { before, after, interior } }) => [
    (g) => {
      const extents = y.shape.slice(y.rank - before.length);
      const stop = extents.map((extent, i) => extent - after[i]);
      return apply('slice', [g], { start: before, stop, step: interior.map((zeros) => zeros + 1) });
    },
  ],
  concatenate: ({ operands, attributes: { axis } }) => {
    let end = 0;
    return operands.map((operand) => {
      const core = operand.shape.slice(axis);
      const start = core.map((_, i) => (i === 0 ? end : 0));
      end += core[0];
      const stop = core.map((extent, i) => (i === 0 ? start[0] + extent : extent));
      return (g: Tensor) => apply('slice', [g], { start, stop, step: core.map(() => 1) });
    });
  },
  sum: ({ operands: [x], attributes }) => [(g) => spread(g, x, attributes)],
  // The values that equal the maximum share its cotangent, as in PyTorch's amax.
  max: ({ y, operands: [x], attributes }) => {
    const winners = equal(spread(y, x, attributes), x);
    const count = apply('sum', [winners], attributes);
    return [(g) => multiply(spread(multiply(g, power(count, -1)), x, attributes), winners)];
  },

  // ── Products ───────────────────────────────────────────────────────────────────────────────────────────────────────

  // y = a·b: g·bᵀ and aᵀ·g, with every transposition that the operands are read under turned around
  matmul: ({ operands: [a, b], attributes: { transposeA, transposeB } }) => [
    (g) =>
      transposeA
        ? matmul(b, g, { transposeA: transposeB, transposeB: true })
        : matmul(g, b, { transposeB: !transposeB }),
    (g) =>
      transposeB
        ? matmul(g, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, g, { transposeA: !transposeA }),
  ],
  // y = a·bᵀ in float64
  gram: ({ operands: [a, b] }) => [
    (g) => castTo(matmul(g, castTo(b, g.dtype)), a.dtype),
    (g) => castTo(matmul(g, castTo(a, g.dtype), { transposeA: true }), b.dtype),
  ],

  // ── Decompositions: A = V·diag(λ)·Vᵀ, the symmetric part of the operand ────────────────────────────────────────────

  // ∂λᵢ = vᵢᵀ·∂A·vᵢ, so V·diag(g)·Vᵀ
  eigenvalues: ({ operands: [a] }) => [
    (g) => {
      const v = eigenvectors(a);
      const n = v.shape[v.rank - 1];
      const scaled = multiply(v, reshape(g, [...g.shape.slice(0, -1), 1, n]));
      return castTo(matmul(scaled, v, { transposeB: true }), a.dtype);
    },
  ],
  // ∂V = V·(F ∘ (Vᵀ·∂A·V)) with F[i,j] = 1/(λⱼ − λᵢ), 0 on the diagonal: V·(F ∘ (Vᵀ·g))·Vᵀ, made symmetric
  eigenvectors: ({ y: v, operands: [a] }) => [
    (g) => {
      const inner = multiply(inverseGaps(eigenvalues(a)), matmul(v, g, { transposeA: true }));
      const product = matmul(matmul(v, inner), v, { transposeB: true });
      return castTo(scale(add(product, transpose(product, [1, 0])), 0.5), a.dtype);
    },
  ],
};

/** A number in the precision of a tensor. */
function like({ dtype }: Tensor, value: number): Tensor {
  return scalar(value, dtype);
}

/** 1 where x > 0. */
function positive(x: Tensor): Tensor {
  return less(like(x, 0), x);
}

/** 1 where low < x < high. */
function between(x: Tensor, low: number, high: number): Tensor {
  return multiply(less(like(x, low), x), less(x, like(x, high)));
}

/** g where a < b, half of it where a = b, and 0 elsewhere. */
function share(g: Tensor, a: Tensor, b: Tensor): Tensor {
  return select(less(a, b), g, select(equal(a, b), scale(g, 0.5), like(g, 0)));
}

/** e^(−factor·x²). */
function bell(x: Tensor, factor: number): Tensor {
  return exp(scale(power(x, 2), -factor));
}

/** 1/(λⱼ − λᵢ) in row i, column j, and 0 on the diagonal: […, n, n] from […, n]. */
function inverseGaps(lambda: Tensor): Tensor {
  const leading = lambda.shape.slice(0, -1);
  const n = lambda.shape[lambda.rank - 1];
  const gaps = subtract(reshape(lambda, [...leading, 1, n]), reshape(lambda, [...leading, n, 1]));
  // 1/(0 + 1) − 1 on the diagonal.
  return subtract(power(add(gaps, eye(n)), -1), eye(n));
}

/** A value for each reduced element, under the shape of what was reduced. */
function spread(g: Tensor, x: Tensor, { axes }: ReductionAttributes): Tensor {
  const core = axes.length === 0 ? [] : x.shape.slice(Math.min(...axes));
  const leading = g.shape.slice(0, g.rank - (core.length - axes.length));
  const kept = core.map((extent, i) => (axes.includes(i - core.length) ? 1 : extent));
  return broadcastTo(reshape(g, [...leading, ...kept]), [...leading, ...core]);
}

function lastTwo(x: Tensor): Pair {
  return [x.shape[x.rank - 2], x.shape[x.rank - 1]];
}

function valuesPerChannel(x: Tensor): number {
  const [n, , h, w] = x.shape.slice(-4);
  return n * h * w;
}
