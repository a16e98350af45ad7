import type { Module } from '../../nn/index.ts';
import {
  add,
  apply,
  type Attributes,
  batchNormWith,
  channelStatistics,
  constant,
  less,
  matmul,
  maximum,
  ndarray,
  ones,
  power,
  type Replace,
  scalar,
  scale,
  select,
  type Sides,
  sizeOf,
  sqrt,
  stopGradient,
  type Tensor,
  transpose,
  zeros,
} from '../../tensor/index.ts';
import { ownName, RewrittenNetwork } from './rewrittenNetwork.ts';

/** Another order of a weight's elements: rows as columns, height as width, or kernels turned by 180°. */
export type Order = 'transposed' | 'height as width' | 'turned';

/** How a network that somebody else computed may differ from the one in the file. What is absent is as in the file. */
export interface NetworkChanges {
  /** ε of all normalisations. */
  readonly epsilon?: number;
  /** Whether ε is added to the deviation and not to the variance. */
  readonly epsilonOutside?: true;
  /** Whether the variance is divided by m − 1, where the batch is normalised by itself. */
  readonly unbiased?: true;
  /** Through which statistics of the batch no gradient goes. */
  readonly detached?: 'mean and variance' | 'variance' | 'mean';
  /** Weights whose elements are in another order, by name. */
  readonly orders?: Readonly<Record<string, Order>>;
  /** The derivative of ReLU at 0. */
  readonly reluAtZero?: 0.5 | 1;
  /** Whether average pools count padding where the file does not, and do not where it does. */
  readonly otherPadding?: true;
}

/** Equal for equal changes. */
export function changesKey(changes: NetworkChanges): string {
  return JSON.stringify(Object.entries(changes).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The network as changed. */
export function changedNetwork(network: Module, changes: NetworkChanges): Module {
  return Object.keys(changes).length === 0 ? network : new RewrittenNetwork(network, replaceBy(changes));
}

function replaceBy(changes: NetworkChanges): Replace {
  return (tensor, operands) => {
    const { op, dtype } = tensor;
    if (op.kind === 'input') {
      const order = changes.orders?.[ownName(op.name)];
      return order && reordered(tensor, order);
    }
    if (op.kind !== 'primitive') return undefined;
    const [x] = operands;
    if (op.primitive === 'standardize') return standardizedOtherwise(x, op.attributes.epsilon, changes);
    if (op.primitive === 'power' && op.attributes.exponent === -0.5) return inverseRoot(x, changes);
    if (op.primitive === 'averagePool' && changes.otherPadding) return pooledOtherwise(x, op.attributes);
    if (op.primitive === 'relu' && changes.reluAtZero !== undefined) {
      const zero = zeros(x.shape, dtype);
      // Of two that are equal the maximum gives half the gradient to each.
      return changes.reluAtZero === 1 ? select(less(x, zero), zero, x) : maximum(x, zero);
    }
    return undefined;
  };
}

/** Normalisation by the batch: x [N, C, H, W] by the statistics of its channels. */
function standardizedOtherwise(x: Tensor, own: number, changes: NetworkChanges): Tensor | undefined {
  const { epsilon = own, epsilonOutside, unbiased, detached } = changes;
  if (!epsilonOutside && !unbiased && !detached) return apply('standardize', [x], { epsilon });
  const [n, c, h, w] = x.shape.slice(-4);
  const statistics = channelStatistics(x);
  const count = n * h * w;
  const variance = unbiased ? scale(statistics.variance, count / (count - 1)) : statistics.variance;
  const given = {
    mean: detached?.includes('mean') ? stopGradient(statistics.mean) : statistics.mean,
    variance: detached?.includes('variance') ? stopGradient(variance) : variance,
  };
  const [gamma, beta] = [ones([c], x.dtype), zeros([c], x.dtype)];
  if (!epsilonOutside) return batchNormWith(given, x, gamma, beta, epsilon);
  // (σ + ε)² instead of σ² + ε
  const deviation = add(sqrt(given.variance), scalar(epsilon, x.dtype));
  return batchNormWith({ mean: given.mean, variance: power(deviation, 2) }, x, gamma, beta, 0);
}

/** (σ² + ε)^(−½) of running statistics, given σ² + ε. */
function inverseRoot(sum: Tensor, { epsilon, epsilonOutside }: NetworkChanges): Tensor | undefined {
  const { op, operands } = sum;
  if (op.kind !== 'primitive' || op.primitive !== 'linearCombination' || operands.length !== 2) return undefined;
  const [variance, added] = operands;
  if (variance.op.kind !== 'input' || added.op.kind !== 'constant' || added.rank !== 0) return undefined;
  const e = scalar(epsilon ?? added.op.value.data[0], sum.dtype);
  return epsilonOutside ? power(add(sqrt(variance), e), -1) : power(add(variance, e), -0.5);
}

function pooledOtherwise(x: Tensor, attributes: Attributes['averagePool']): Tensor | undefined {
  const { padding, counted } = attributes;
  const none: Sides = [
    [0, 0],
    [0, 0],
  ];
  return apply('averagePool', [x], {
    ...attributes,
    counted: counted.flat().some((each) => each > 0) ? none : padding,
  });
}

function reordered(weight: Tensor, order: Order): Tensor {
  const { rank, shape, dtype } = weight;
  if (order === 'transposed') return transpose(weight, [1, 0, ...shape.slice(2).map((_, i) => i + 2)]);
  if (order === 'height as width') return transpose(weight, [0, 1, 3, 2]);
  const [h, w] = shape.slice(rank - 2);
  return matmul(matmul(exchange(h, dtype), weight), exchange(w, dtype));
}

/** The matrix that turns the order of rows round, [n, n]. */
function exchange(n: number, dtype: Tensor['dtype']): Tensor {
  const data = new Float64Array(sizeOf([n, n]));
  for (let i = 0; i < n; i++) data[i * n + (n - 1 - i)] = 1;
  return constant(ndarray(data, [n, n], dtype));
}

/** The orders that a weight's elements can be in without the shape being another. */
export function ordersOf(shape: readonly number[]): Order[] {
  if (shape.length !== 2 && shape.length !== 4) return [];
  const [outputs, inputs, h = 1, w = 1] = shape;
  return [
    ...(outputs === inputs && outputs > 1 ? (['transposed'] as const) : []),
    ...(shape.length === 4 && h === w && h > 1 ? (['height as width'] as const) : []),
    ...(shape.length === 4 && h * w > 1 ? (['turned'] as const) : []),
  ];
}
