import fc from 'fast-check';
import {
  apply,
  type Attributes,
  type ElementwiseName,
  elementwiseRows,
  type NDArray,
  type PrimitiveName,
  primitives,
  type Row,
  type Shape,
  type Tensor,
} from '../../tensor/index.ts';
import { convolutions, pools } from './windows.ts';
import { anywhere, apart, type Draw, draw, positive } from '../arrays.ts';
import { extent, leadingShape, seeds, shapes } from './shapes.ts';

/** One application of a primitive to given operands. */
export interface PrimitiveCase {
  readonly primitive: PrimitiveName;
  readonly attributes: Attributes[PrimitiveName];
  readonly operands: readonly NDArray[];
  /** The primitive applied to operands of these shapes. */
  readonly build: (...operands: Tensor[]) => Tensor;
  /** How many innermost dimensions of each operand the primitive is defined on. */
  readonly coreRanks: readonly number[];
  /** Which operands the result changes smoothly with: all but indices and conditions. */
  readonly smooth: readonly number[];
}

/**
 * A case of a primitive from its parts.
 *
 * @example
 * const { build, operands, coreRanks } = primitiveCase('relu', {}, [ndarray([-1, 2], [2])]);
 * const [y] = await evaluate([build(...operands.map(constant))]);
 * console.log([...y.data], coreRanks); // [ 0, 2 ] [ 0 ]
 */
export function primitiveCase<P extends PrimitiveName>(
  primitive: P,
  attributes: Attributes[P],
  operands: readonly NDArray[],
): PrimitiveCase {
  const { flags = [] } = (elementwiseRows as unknown as Partial<Record<PrimitiveName, Row<never>>>)[primitive] ?? {};
  const fixed = primitive === 'gather' || primitive === 'scatter' ? [1] : flags;
  return {
    ...{ primitive, attributes, operands },
    build: (...tensors) => apply(primitive, tensors, attributes),
    coreRanks: primitives[primitive].signature.coreRanks(attributes, operands.length),
    smooth: [...operands.keys()].filter((i) => !fixed.includes(i)),
  };
}

interface Operand {
  readonly core: Shape;
  readonly how?: Draw;
  /** A fixed value in place of a drawn one. */
  readonly value?: NDArray;
}

interface Draft<P extends PrimitiveName> {
  readonly attributes: Attributes[P];
  readonly operands: readonly Operand[];
}

/** Draws operands under leading dimensions: each has all of them, or the last few, or 1 in their place. */
function cases<P extends PrimitiveName>(
  primitive: P,
  drafts: fc.Arbitrary<Draft<P>>,
  leadings: fc.Arbitrary<Shape> = leadingShape,
): fc.Arbitrary<PrimitiveCase> {
  const cut = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.boolean()), { minLength: 8, maxLength: 8 });
  return fc.tuple(drafts, leadings, cut, seeds).map(([{ attributes, operands }, leading, cuts, seed]) => {
    const arrays = operands.map(({ core, how, value }, i) => {
      if (value) return value;
      const [drop, collapse] = cuts[i % cuts.length];
      // The first operand carries every leading dimension, so that there is something to broadcast to.
      const own = i === 0 ? leading : leading.slice(Math.min(drop, leading.length)).map((e) => (collapse ? 1 : e));
      return draw(seed + i, [...own, ...core], how);
    });
    return primitiveCase(primitive, attributes, arrays);
  });
}

const batches = fc
  .tuple(extent(3), extent(3), extent(3), extent(3))
  .filter(([n, , h, w]) => n * h * w >= 2)
  .map(([n, c, h, w]) => ({ x: [n, c, h, w], channels: [c] }));

/** Positions; several may be the same. Dimensions before and after the indexed ones, one index or a block of them. */
const positions = fc
  .record({
    size: fc.array(extent(4), { minLength: 1, maxLength: 2 }),
    index: fc.array(extent(3), { maxLength: 2 }),
    inner: fc.array(extent(5), { maxLength: 2 }),
    seed: seeds,
  })
  .map(({ size, index, inner, seed }) => ({
    ...{ size, inner, ranks: { indexRank: index.length, innerRank: inner.length } },
    values: [...index, ...inner],
    index: draw(seed, index, (g, count) =>
      Array.from({ length: count }, () => g.integer(size.reduce((product, extent) => product * extent, 1))),
    ),
  }));

const matrices = fc
  .record({ m: extent(4), k: extent(4), n: extent(4), transposeA: fc.boolean(), transposeB: fc.boolean() })
  .map(({ m, k, n, transposeA, transposeB }) => ({
    attributes: { transposeA, transposeB },
    operands: [{ core: transposeA ? [k, m] : [m, k] }, { core: transposeB ? [n, k] : [k, n] }],
  }));

/** Matrices whose eigenvalues are 0.4 apart and more: discs of radius 0.6 and less (Gershgorin), 1.6 apart. */
const separated = extent(4).map((n) => ({
  attributes: {},
  operands: [
    {
      core: [n, n],
      how: ((generator, size) =>
        Array.from({ length: size }, (_, k) => {
          const [i, j] = [Math.floor(k / n) % n, k % n];
          return i === j ? 2 * ((i * 3) % 4) + generator.uniform(-0.2, 0.2) : generator.uniform(-0.2, 0.2);
        })) satisfies Draw,
    },
  ],
}));

/** What is reduced, long enough for vectors at times. */
const reductions = fc
  .tuple(
    fc.array(fc.oneof({ weight: 4, arbitrary: extent(4) }, { weight: 1, arbitrary: extent(20, 5) }), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
  )
  .map(([core, chosen]) => {
    // The outermost core axis is always reduced: it is what makes the core dimensions core.
    const axes = core.map((_, i) => i - core.length).filter((_, i) => i === 0 || chosen[i]);
    return { core, axes };
  })
  .filter(({ core }) => core.reduce((product, extent) => product * extent, 1) <= 72);

/** A rectangle of elements: under it operands of elementwise primitives broadcast by their leading dimensions. */
const elements = fc.array(extent(4), { maxLength: 3 });

function unaryOf<P extends PrimitiveName>(primitive: P, attributes: fc.Arbitrary<Attributes[P]>, how: Draw) {
  return cases(
    primitive,
    attributes.map((a): Draft<P> => ({ attributes: a, operands: [{ core: [], how }] })),
    elements,
  );
}

/** Uniform in the range of a row; away from its kinks, and operands apart from each other, each by 0.05. */
function drawOf<A>({ from = -2, to = 2, kinks, apart, flags }: Row<A>, attributes: A, operand: number): Draw {
  if (flags?.includes(operand)) return (generator, size) => Array.from({ length: size }, () => generator.integer(2));
  const points = kinks?.(attributes) ?? [];
  // Operands that must differ lie on interleaved grids, with steps of 0.2.
  const grid = (x: number) =>
    apart ? 0.2 * Math.round(5 * x) + 0.1 * (operand % 2) + 0.2 * (x - Math.round(x)) * 0.25 : x;
  const away = (x: number) => points.reduce((at, kink) => (Math.abs(at - kink) < 0.05 ? kink + 0.1 : at), x);
  return (generator, size) => Array.from({ length: size }, () => away(grid(generator.uniform(from, to))));
}

/** Cases of an element-wise primitive, as its row has them. */
function casesOfRow<P extends ElementwiseName>(primitive: P): fc.Arbitrary<PrimitiveCase> {
  const row = elementwiseRows[primitive] as unknown as Row<Attributes[P]>;
  const drafts = fc.constantFrom(...row.examples).map((attributes): Draft<P> => {
    const { coefficients } = attributes as { coefficients?: readonly number[] };
    const count = row.operands ?? coefficients!.length;
    const operands = Array.from({ length: count }, (_, i) => ({ core: [], how: drawOf(row, attributes, i) }));
    return { attributes, operands };
  });
  return cases(primitive, drafts, elements);
}

function elementwiseCases(): { readonly [P in ElementwiseName]: fc.Arbitrary<PrimitiveCase> } {
  const names = Object.keys(elementwiseRows) as ElementwiseName[];
  return Object.fromEntries(names.map((name) => [name, casesOfRow(name)])) as ReturnType<typeof elementwiseCases>;
}

/** Random applications of every primitive. Leave one out and the type check fails. */
export const primitiveCases: { readonly [P in PrimitiveName]: fc.Arbitrary<PrimitiveCase> } = {
  convolution: cases(
    'convolution',
    convolutions.map(({ attributes, x, w }) => ({ attributes, operands: [{ core: x }, { core: w }] })),
  ),
  convolutionInputGradient: cases(
    'convolutionInputGradient',
    convolutions.map(({ attributes, y, w, size }) => ({
      attributes: { ...attributes, inputSize: size },
      operands: [{ core: y }, { core: w }],
    })),
  ),
  convolutionWeightGradient: cases(
    'convolutionWeightGradient',
    convolutions.map(({ attributes, x, y, kernel }) => ({
      attributes: { ...attributes, kernelSize: kernel },
      operands: [{ core: x }, { core: y }],
    })),
  ),

  standardize: cases(
    'standardize',
    batches.map(({ x }) => ({ attributes: { epsilon: 0.1 }, operands: [{ core: x }] })),
  ),
  inverseDeviation: cases(
    'inverseDeviation',
    batches.map(({ x }) => ({ attributes: { epsilon: 0.1 }, operands: [{ core: x }] })),
  ),
  standardizeGradient: cases(
    'standardizeGradient',
    batches.map(({ x, channels }) => ({
      attributes: {},
      operands: [{ core: x }, { core: x }, { core: channels, how: positive }],
    })),
  ),
  channelAffine: cases(
    'channelAffine',
    batches.map(({ x, channels }) => ({
      attributes: {},
      operands: [{ core: x }, { core: channels }, { core: channels }],
    })),
  ),
  channelScale: cases(
    'channelScale',
    batches.map(({ x, channels }) => ({ attributes: {}, operands: [{ core: x }, { core: channels }] })),
  ),
  channelInnerProduct: cases(
    'channelInnerProduct',
    batches.map(({ x }) => ({ attributes: {}, operands: [{ core: x }, { core: x }] })),
  ),
  channelSum: cases(
    'channelSum',
    batches.map(({ x }) => ({ attributes: {}, operands: [{ core: x }] })),
  ),

  averagePool: cases(
    'averagePool',
    pools.map(({ attributes, counted, size }) => ({
      attributes: { ...attributes, counted },
      operands: [{ core: size }],
    })),
  ),
  averagePoolGradient: cases(
    'averagePoolGradient',
    pools.map(({ attributes, counted, size, windows }) => ({
      attributes: { ...attributes, counted, inputSize: size },
      operands: [{ core: windows }],
    })),
  ),
  maxPoolIndex: cases(
    'maxPoolIndex',
    pools.map(({ attributes, size }) => ({ attributes, operands: [{ core: size, how: apart }] })),
  ),
  gather: cases(
    'gather',
    positions.map(({ size, inner, ranks, index }) => ({
      attributes: { ...ranks, indexedRank: size.length },
      operands: [{ core: [...size, ...inner] }, { core: index.shape, value: index }],
    })),
  ),
  scatter: cases(
    'scatter',
    positions.map(({ size, values, ranks, index }) => ({
      attributes: { ...ranks, size },
      operands: [{ core: values }, { core: index.shape, value: index }],
    })),
  ),

  ...elementwiseCases(),
  cast: unaryOf('cast', fc.constant({ dtype: 'float64' as const }), anywhere),

  reshape: cases(
    'reshape',
    shapes.chain((from) =>
      fc.boolean().map((flat) => {
        const to = flat ? [from.reduce((a, b) => a * b, 1)] : from.toReversed();
        return { attributes: { from, to }, operands: [{ core: from }] };
      }),
    ),
  ),
  broadcastTo: cases(
    'broadcastTo',
    fc.tuple(shapes, fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }), shapes).map(([to, single, front]) => {
      const from = to.map((e, i) => (single[i] ? 1 : e));
      return { attributes: { from, to: [...front.slice(0, 1), ...to] }, operands: [{ core: from }] };
    }),
  ),
  transpose: cases(
    'transpose',
    shapes.chain((core) =>
      fc
        .shuffledSubarray([...core.keys()], { minLength: core.length })
        .map((permutation) => ({ attributes: { permutation }, operands: [{ core }] })),
    ),
  ),
  slice: cases(
    'slice',
    fc
      .array(fc.tuple(extent(5), extent(5), extent(5), extent(3)), { minLength: 1, maxLength: 3 })
      .map((dimensions) => ({
        attributes: {
          start: dimensions.map(([size, a]) => (a - 1) % size),
          stop: dimensions.map(([size, a, b]) => Math.min(size, ((a - 1) % size) + b)),
          step: dimensions.map(([, , , step]) => step),
        },
        operands: [{ core: dimensions.map(([size]) => size) }],
      })),
  ),
  pad: cases(
    'pad',
    fc
      .array(fc.tuple(extent(3), extent(2, 0), extent(2, 0), extent(2, 0)), { minLength: 1, maxLength: 3 })
      .map((dimensions) => ({
        attributes: {
          before: dimensions.map(([, before]) => before),
          after: dimensions.map(([, , after]) => after),
          interior: dimensions.map(([, , , interior]) => interior),
        },
        operands: [{ core: dimensions.map(([size]) => size) }],
      })),
  ),
  concatenate: cases(
    'concatenate',
    fc
      .tuple(fc.array(extent(3), { minLength: 1, maxLength: 3 }), fc.array(extent(3), { maxLength: 2 }))
      .map(([sizes, after]) => ({
        attributes: { axis: -1 - after.length },
        operands: sizes.map((size) => ({ core: [size, ...after] })),
      })),
  ),

  sum: cases(
    'sum',
    reductions.map(({ core, axes }) => ({ attributes: { axes }, operands: [{ core }] })),
  ),
  max: cases(
    'max',
    reductions.map(({ core, axes }) => ({ attributes: { axes }, operands: [{ core, how: apart }] })),
  ),

  matmul: cases('matmul', matrices),
  gram: cases(
    'gram',
    fc.tuple(extent(4), extent(4), extent(5)).map(([n, m, p]) => ({
      attributes: {},
      operands: [{ core: [n, p] }, { core: [m, p] }],
    })),
  ),

  eigenvalues: cases('eigenvalues', separated),
  eigenvectors: cases('eigenvectors', separated),
};
