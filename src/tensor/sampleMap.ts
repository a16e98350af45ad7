import type { NDArray } from './array.ts';
import type { CastPrimitives, ElementwisePrimitives } from './primitives/elementwise/index.ts';
import { type Attributes, attributesText, coreRanksOf, type PrimitiveName } from './primitives/index.ts';
import { sameShape, type Shape, sizeOf } from './shape.ts';
import { type PrimitiveOp, type Tensor, topologicalOrder } from './tensor.ts';

/** A function from a batch to outputs, as expressions. */
export interface BatchFunction {
  /** [N, …sample] */
  readonly x: Tensor;
  /** [N, …output] */
  readonly y: Tensor;
}

/**
 * Whether a function of a batch is a function of one sample, mapped over the batch: sample i of the output then depends
 * on sample i of the input alone, and in the same way for all i.
 *
 * Both graphs come from the same code, run on N samples and on one. They are compared node by node, in the same
 * topological order. A tensor of the batch's graph is either *shared* (the same array in both), or *stacked*: along one
 * dimension it holds the arrays of N samples one after another, [N·m] where the single one has [m]. A primitive carries
 * a stacked dimension along when it treats positions of that dimension alike and apart from each other: always when it
 * is a leading dimension (primitives are generalised ufuncs), and as `carries` says when it is a core dimension.
 *
 * The answer is `false` where this cannot be shown, e.g. where batch norm normalises by the batch.
 *
 * @param batch N ≥ 2 samples
 * @param single the same function of one sample
 * @param leaves the inputs of the batch's graph other than x, with those of the single one's that stand for the same.
 *
 * @example
 * const isMap = (f: (x: Tensor) => Tensor) => {
 *   const [many, one] = [input('x', [3, 2]), input('x', [1, 2])];
 *   return isMapOfSamples({ x: many, y: f(many) }, { x: one, y: f(one) }, new Map());
 * };
 * console.log(isMap((x) => relu(x)), isMap((x) => subtract(x, mean(x, [0])))); // true false
 */
export function isMapOfSamples(
  batch: BatchFunction,
  single: BatchFunction,
  leaves: ReadonlyMap<Tensor, Tensor>,
): boolean {
  const many = topologicalOrder([batch.y]);
  const one = topologicalOrder([single.y]);
  const count = batch.x.shape[0];
  const states = new Map<Tensor, State>();
  let next = 0;
  for (const tensor of many) {
    const twin = one.at(next);
    const at = twin && placeOf(tensor, twin);
    if (twin && at !== undefined) {
      states.set(tensor, { twin, at });
      next += 1;
      continue;
    }
    // What changes the shape of a batch may leave that of one sample as it is: then it is not there.
    const state = tensor.op.kind === 'primitive' && ofNothing(tensor);
    if (!state) return false;
    states.set(tensor, state);
  }
  const end = states.get(batch.y)!;
  return next === one.length && end.twin === single.y && end.at === 0 && single.y.shape[0] === 1;

  /** Where a tensor is stacked, if a tensor of the single graph is its twin. */
  function placeOf(tensor: Tensor, twin: Tensor): Place | undefined {
    const { op, operands, dtype } = tensor;
    if (dtype !== twin.dtype) return undefined;
    if (op.kind === 'input') {
      if (tensor === batch.x) return twin === single.x ? 0 : undefined;
      return leaves.get(tensor) === twin ? 'shared' : undefined;
    }
    if (op.kind === 'constant') {
      return twin.op.kind === 'constant' ? ofConstants(op.value, twin.op.value, count) : undefined;
    }
    const known = operands.map((operand) => states.get(operand)!);
    const aligned = known.length === twin.operands.length && known.every((each, i) => each.twin === twin.operands[i]);
    if (!aligned || twin.op.kind !== 'primitive' || op.primitive !== twin.op.primitive) return undefined;
    const places = known.map(({ at }) => at);
    return resultPlace({ ...tensor, op }, { ...twin, op: twin.op }, places, count);
  }

  /** The state of a tensor that is its operand where there is one sample. */
  function ofNothing(tensor: Tensor): State | undefined {
    const { op, operands } = tensor;
    if (op.kind !== 'primitive' || (op.primitive !== 'reshape' && op.primitive !== 'broadcastTo')) return undefined;
    const { twin, at } = states.get(operands[0])!;
    const core = twin.shape.slice(twin.rank - op.attributes.from.length);
    const unchanged = { op: { ...op, attributes: { from: core, to: core } }, operands: [twin], shape: twin.shape };
    const place = resultPlace({ ...tensor, op }, unchanged, [at], count);
    return place === undefined ? undefined : { twin, at: place };
  }
}

/** An application of a primitive. */
interface Application {
  readonly op: PrimitiveOp;
  readonly operands: readonly Tensor[];
  readonly shape: Shape;
}

/** The dimension that samples are stacked along, or `shared` where there is none. */
type Place = number | 'shared';

interface State {
  readonly twin: Tensor;
  readonly at: Place;
}

/** Whether a shape is that of `count` arrays stacked. */
function fits(many: Shape, one: Shape, at: Place, count: number): boolean {
  return many.length === one.length && many.every((extent, d) => extent === one[d] * (d === at ? count : 1));
}

/** Equal constants are shared; one that repeats the other along a dimension is stacked. */
function ofConstants(many: NDArray, one: NDArray, count: number): Place | undefined {
  if (sameShape(many.shape, one.shape)) {
    return many.data.every((value, i) => Object.is(value, one.data[i])) ? 'shared' : undefined;
  }
  const at = many.shape.findIndex((extent, d) => extent !== one.shape[d]);
  if (!fits(many.shape, one.shape, at, count)) return undefined;
  const inner = sizeOf(one.shape.slice(at));
  const repeats = many.data.every((value, i) => {
    const outer = Math.floor(i / (inner * count));
    return Object.is(value, one.data[outer * inner + (i % inner)]);
  });
  return repeats ? at : undefined;
}

/** Where a primitive's result is stacked, given where its operands are. */
function resultPlace(many: Application, one: Application, places: readonly Place[], count: number): Place | undefined {
  const sameAttributes = attributesText(many.op.attributes) === attributesText(one.op.attributes);
  let at: Place | undefined;
  if (places.some((place) => place !== 'shared')) at = stackedPlace(many, one, places, sameAttributes, count);
  else if (sameShape(many.shape, one.shape)) at = sameAttributes ? 'shared' : undefined;
  // A broadcast to all samples of what they share.
  else if (many.op.primitive === 'broadcastTo') at = firstDifference(many.shape, one.shape);
  return at !== undefined && fits(many.shape, one.shape, at, count) ? at : undefined;
}

function stackedPlace(
  { op, operands }: Application,
  one: Application,
  places: readonly Place[],
  sameAttributes: boolean,
  count: number,
): number | undefined {
  const ranks = coreRanksOf(op.primitive, op.attributes, operands.length);
  const leading = operands.map((operand, i) => operand.rank - ranks[i]);
  const most = Math.max(...leading);
  const results = places.flatMap((place, i) => {
    if (place === 'shared') return [];
    if (place < leading[i]) return [sameAttributes ? place - leading[i] + most : undefined];
    const dimension = place - leading[i];
    const extent = { many: operands[i].shape[place], one: one.operands[i].shape[place] };
    const attributes = { many: op.attributes, one: one.op.attributes };
    const carried = carry(op.primitive, { operand: i, dimension, attributes, extent, count }, sameAttributes);
    return [carried === undefined ? undefined : most + carried];
  });
  const [at] = results;
  if (at === undefined || results.some((other) => other !== at)) return undefined;
  if (at < most) {
    // Operands that meet there hold the same samples, or one thing for all of them.
    const extents = operands.map((_, i) => one.operands[i].shape[at - most + leading[i]] ?? 1);
    const stacked = extents.filter((_, i) => places[i] !== 'shared');
    const shared = extents.filter((_, i) => places[i] === 'shared');
    if (stacked.some((extent) => extent !== stacked[0]) || shared.some((extent) => extent !== 1)) return undefined;
  }
  return at;
}

/** A stacked core dimension of an operand, in the graphs of the batch and of one sample. */
interface Stacked<A> {
  readonly operand: number;
  readonly dimension: number;
  readonly attributes: { readonly many: A; readonly one: A };
  readonly extent: { readonly many: number; readonly one: number };
  readonly count: number;
}

/** Where a stacked core dimension goes among those of the result, when the primitive carries it along. */
type Carry<A> =
  /** By operand and dimension, for attributes that are the same in both graphs. */
  | readonly (readonly (number | undefined)[])[]
  /** The same, as a function of the attributes. */
  | { readonly alike: (attributes: A, operand: number, dimension: number) => number | undefined }
  /** For attributes that mention extents. */
  | { readonly resized: (stacked: Stacked<A>) => number | undefined };

function carry<P extends PrimitiveName>(
  primitive: P,
  stacked: Stacked<Attributes[P]>,
  sameAttributes: boolean,
): number | undefined {
  const rules: { readonly [Q in PrimitiveName]?: Carry<Attributes[Q]> } = carries;
  const rule = rules[primitive];
  if (rule === undefined) return undefined;
  if ('resized' in rule) return rule.resized(stacked);
  if (!sameAttributes) return undefined;
  const { operand, dimension, attributes } = stacked;
  return 'alike' in rule ? rule.alike(attributes.many, operand, dimension) : rule[operand]?.[dimension];
}

const NONE: Carry<unknown> = [];

/** Core dimensions that a primitive maps over. Element by element there are none. Leave one out and the build fails. */
const carries: {
  readonly [P in Exclude<PrimitiveName, keyof ElementwisePrimitives | keyof CastPrimitives>]: Carry<Attributes[P]>;
} = {
  convolution: [[0]],
  convolutionInputGradient: [[0]],
  convolutionWeightGradient: NONE,

  // Samples are mixed, channels are not.
  standardize: [[undefined, 1]],
  inverseDeviation: [[undefined, 0]],
  standardizeGradient: [[undefined, 1], [undefined, 1], [1]],
  channelAffine: [[0, 1], [1], [1]],
  channelScale: [[0, 1], [1]],
  channelInnerProduct: [
    [undefined, 0],
    [undefined, 0],
  ],
  channelSum: [[undefined, 0]],

  averagePool: NONE,
  averagePoolGradient: NONE,
  maxPoolIndex: NONE,

  // Dimensions after the indexed ones come along, and so do those of the index itself.
  gather: {
    alike: ({ indexRank, indexedRank }, operand, dimension) => {
      if (operand === 1) return dimension;
      return dimension < indexedRank ? undefined : dimension - indexedRank + indexRank;
    },
  },
  scatter: {
    alike: ({ indexRank, size }, operand, dimension) =>
      operand === 0 && dimension >= indexRank ? dimension - indexRank + size.length : undefined,
  },

  // Samples stay one after another where as many elements lie in front of them as before.
  reshape: {
    resized: ({ attributes: { many, one }, dimension, count }) => {
      const to = firstDifference(many.to, one.to);
      const stays = to >= 0 && fits(many.from, one.from, dimension, count) && fits(many.to, one.to, to, count);
      return stays && before(one.from, dimension) === before(one.to, to) ? to : undefined;
    },
  },
  broadcastTo: {
    resized: ({ attributes: { many, one }, dimension, count }) => {
      const to = dimension + many.to.length - many.from.length;
      const stays = fits(many.from, one.from, dimension, count) && fits(many.to, one.to, to, count);
      return stays && one.to[to] === one.from[dimension] ? to : undefined;
    },
  },
  transpose: { alike: ({ permutation }, _, dimension) => permutation.indexOf(dimension) },
  slice: {
    resized: ({ attributes: { many, one }, dimension, extent, count }) => {
      const whole = many.start[dimension] === 0 && many.step[dimension] === 1 && many.stop[dimension] === extent.many;
      const wholeOne = one.stop[dimension] === extent.one && fits(many.stop, one.stop, dimension, count);
      const alike = sameShape(many.start, one.start) && sameShape(many.step, one.step);
      return whole && wholeOne && alike ? dimension : undefined;
    },
  },
  pad: {
    alike: ({ before, after, interior }, _, dimension) =>
      [before, after, interior].every((zeros) => zeros[dimension] === 0) ? dimension : undefined,
  },
  concatenate: { alike: (_, __, dimension) => (dimension > 0 ? dimension : undefined) },

  sum: { alike: ({ axes }, _, dimension) => kept(axes, dimension) },
  max: { alike: ({ axes }, _, dimension) => kept(axes, dimension) },

  matmul: {
    alike: ({ transposeA, transposeB }, operand, dimension) => {
      const mapped = operand === 0 ? Number(transposeA) : Number(!transposeB);
      return dimension === mapped ? operand : undefined;
    },
  },
  gram: [[0], [1]],
  eigenvalues: NONE,
  eigenvectors: NONE,
};

/** The place of a dimension among those that a reduction keeps. */
function kept(axes: readonly number[], dimension: number): number | undefined {
  const rank = -Math.min(...axes);
  if (axes.includes(dimension - rank)) return undefined;
  return dimension - axes.filter((axis) => axis + rank < dimension).length;
}

function before(shape: Shape, dimension: number): number {
  return sizeOf(shape.slice(0, dimension));
}

function firstDifference(a: Shape, b: Shape): number {
  return a.findIndex((extent, d) => extent !== b[d]);
}
