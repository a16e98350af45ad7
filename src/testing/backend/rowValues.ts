import fc from 'fast-check';
import type { Attributes, Backend, Pair, PrimitiveName, Shape, Sides } from '../../tensor/index.ts';
import { type PrimitiveCase, primitiveCase } from '../arbitraries/primitives.ts';
import { apart, type Draw, draw, positive } from '../arrays.ts';
import { law, type Law, type Measured } from '../law.ts';
import { literal } from '../source.ts';
import { compareValue } from './values.ts';

// Every primitive with kernels that go by vectors, at numbers of elements along a row that are whole vectors, less than one,
// and more. Random cases are small, and few of them reach both.

/** A primitive on operands of these shapes; always the same numbers. */
function wide<P extends PrimitiveName>(
  primitive: P,
  attributes: Attributes[P],
  shapes: readonly Shape[],
  how: readonly (Draw | undefined)[] = [],
): PrimitiveCase {
  return primitiveCase(
    primitive,
    attributes,
    shapes.map((shape, i) => draw(7 + i, shape, how[i])),
  );
}

const around = (all: number): Sides => [
  [all, all],
  [all, all],
];

function pools(n: number): PrimitiveCase[] {
  const pool = (size: Pair, kernel: Pair, stride: Pair, padding: Sides, counted: Sides) => {
    const windows = size.map((s, i) => Math.floor((s + padding[i][0] + padding[i][1] - kernel[i]) / stride[i]) + 1);
    const attributes = { kernel, stride, padding };
    return [
      wide('averagePool', { ...attributes, counted }, [[2, ...size]]),
      wide('averagePoolGradient', { ...attributes, counted, inputSize: size }, [[2, ...windows]]),
      wide('maxPoolIndex', attributes, [[2, ...size]], [apart]),
    ];
  };
  const sideBySide = [1, 2, 3].flatMap((kernel) =>
    pool([4, kernel * n], [2, kernel], [2, kernel], around(0), around(0)),
  );
  const box = pool([3, n], [3, 3], [1, 1], around(1), around(0));
  const strided = pool([4, n + 2], [2, 3], [2, 2], [[0, 1], [1, 0]], [[0, 1], [0, 0]]); // prettier-ignore
  return [...sideBySide, ...box, ...strided];
}

function channels(pixels: number): PrimitiveCase[] {
  const [x, c] = [[2, 3, 1, pixels], [3]];
  return [
    wide('standardize', { epsilon: 0.1 }, [x]),
    wide('inverseDeviation', { epsilon: 0.1 }, [x]),
    wide('standardizeGradient', {}, [x, x, c], [undefined, undefined, positive]),
    wide('standardizeGradient', {}, [[2, ...x], x, c], [undefined, undefined, positive]),
    wide('channelAffine', {}, [x, c, c]),
    wide('channelAffine', {}, [[2, ...x], c, [2, ...c]]),
    wide('channelScale', {}, [
      [2, ...x],
      [2, ...c],
    ]),
    wide('channelInnerProduct', {}, [x, x]),
    wide('channelSum', {}, [x]),
  ];
}

function convolutions(w: number): PrimitiveCase[] {
  return [
    { kernel: 1, stride: [1, 1], padding: 0, groups: 1 },
    { kernel: 1, stride: [1, 2], padding: 0, groups: 1 },
    { kernel: 3, stride: [1, 1], padding: 1, groups: 1 },
    { kernel: 3, stride: [2, 2], padding: 1, groups: 1 },
    { kernel: 2, stride: [1, 1], padding: 1, groups: 3 },
  ].flatMap(({ kernel, stride, padding, groups }) => {
    const attributes = {
      stride: stride as unknown as Pair,
      padding: around(padding),
      dilation: [1, 1],
      groups,
    } as const;
    const size: Pair = [3, w + 2];
    const out = size.map((s, i) => Math.floor((s + 2 * padding - kernel) / stride[i]) + 1);
    const [x, y] = [
      [2, 3, ...size],
      [2, 6, ...out],
    ];
    const weight = [6, 3 / groups, kernel, kernel];
    return [
      wide('convolution', attributes, [x, weight]),
      wide('convolutionInputGradient', { ...attributes, inputSize: size }, [y, weight]),
      wide('convolutionWeightGradient', { ...attributes, kernelSize: [kernel, kernel] }, [x, y]),
    ];
  });
}

function moves(n: number): PrimitiveCase[] {
  return [
    wide('transpose', { permutation: [1, 0] }, [[3, n]]),
    wide('broadcastTo', { from: [1, n], to: [3, n] }, [[1, n]]),
    wide('broadcastTo', { from: [3, 1], to: [3, n] }, [[3, 1]]),
    wide('slice', { start: [0, 1], stop: [2, n + 1], step: [1, 1] }, [[2, n + 1]]),
    wide('slice', { start: [0, 0], stop: [2, 2 * n], step: [1, 2] }, [[2, 2 * n]]),
    wide('pad', { before: [1, 1], after: [0, 2], interior: [0, 0] }, [[2, n]]),
    wide('pad', { before: [0, 0], after: [0, 0], interior: [1, 2] }, [[2, n]]),
    wide('concatenate', { axis: -1 }, [
      [2, n],
      [2, 3],
      [2, n + 1],
    ]),
    wide('concatenate', { axis: -2 }, [
      [1, n],
      [2, n],
    ]),
  ];
}

function others(n: number): PrimitiveCase[] {
  const index: Draw = (generator, size) => Array.from({ length: size }, () => generator.integer(5));
  return [
    ...[{}, { transposeA: true }, { transposeB: true }, { transposeA: true, transposeB: true }].map((given) => {
      const { transposeA = false, transposeB = false } = given;
      const m = 1 + (n % 9);
      return wide('matmul', { transposeA, transposeB }, [transposeA ? [3, m] : [m, 3], transposeB ? [n, 3] : [3, n]]);
    }),
    wide('gather', { indexedRank: 1, innerRank: 0, indexRank: 1 }, [[5], [n]], [undefined, index]),
    wide('gather', { indexedRank: 1, innerRank: 1, indexRank: 1 }, [[5, n], [3]], [undefined, index]),
    wide('scatter', { size: [5], innerRank: 0, indexRank: 1 }, [[n], [n]], [undefined, index]),
    wide('scatter', { size: [5], innerRank: 1, indexRank: 1 }, [[3, n], [3]], [undefined, index]),
    wide('multiply', {}, [[2, n], [n]]),
    wide('multiply', {}, [
      [2, n],
      [2, 1],
    ]),
    wide('linearCombination', { coefficients: [1, -2] }, [[3, n], [n]]),
    ...(['sum', 'max'] as const).flatMap((name) => [
      wide(name, { axes: [-1] }, [[3, n]], [apart]),
      wide(name, { axes: [-2] }, [[2, 4, n]], [apart]),
      wide(name, { axes: [-3, -1] }, [[2, 3, n]], [apart]),
    ]),
  ];
}

/** How long rows are: parts of vectors of four and of eight, whole ones, and those with one to three elements more. */
const LENGTHS = [2, 4, 5, 7, 8, 18];

/** The texels of a device are of four numbers, and every case is a kernel to compile: part of one, and one and a part. */
const TEXEL_LENGTHS = [2, 5];

async function compare(backend: Backend, n: number): Promise<Measured[]> {
  if (backend.name === 'gpu' && !TEXEL_LENGTHS.includes(n)) return [];
  const found: Measured[] = [];
  for (const cases of [pools, channels, convolutions, moves, others]) {
    for (const drawn of cases(n)) found.push(...(await compareValue(backend, drawn)));
  }
  return found;
}

export const rowValues: Law<Backend> = law({
  name: 'value of rows of any length',
  statement: 'Primitives along rows of 2 to 18 elements are their definitions, whatever comes after whole vectors.',
  cases: Object.fromEntries(LENGTHS.map((n) => [`${n} elements`, fc.constant(n)])),
  share: 0,
  check: compare,
  source: (n) => ({ imports: {}, expression: literal(n) }),
});
