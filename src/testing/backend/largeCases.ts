import fc from 'fast-check';
import type { Pair } from '../../tensor/index.ts';
import { draw } from '../arrays.ts';
import { type PrimitiveCase, primitiveCase } from '../arbitraries/primitives.ts';
import { extent, seeds } from '../arbitraries/shapes.ts';

// Sizes beyond the widths of vectors and tiles, that no such width divides: what kernels do at the ends of rows shows here.

const NO_SIDES = [[0, 0], [0, 0]] as const; // prettier-ignore

/** A convolution of stride 1 or 2 as networks have it, with more channels and pixels than a tile. */
const convolution = fc
  .record({
    n: extent(2),
    c: fc.oneof(extent(3), fc.constantFrom(8, 9)),
    k: fc.oneof(extent(3), fc.constantFrom(8, 13)),
    size: fc.tuple(fc.integer({ min: 5, max: 19 }), fc.integer({ min: 5, max: 19 })),
    kernel: fc.constantFrom(1, 3, 3, 5),
    stride: fc.constantFrom(1, 1, 2),
    depthwise: fc.boolean(),
    seed: seeds,
  })
  .map(({ n, c, k, size, kernel, stride, depthwise, seed }) => {
    const groups = depthwise ? c : 1;
    const kernels = depthwise ? c : k;
    const side = (kernel - 1) / 2;
    const attributes = {
      stride: [stride, stride] as Pair,
      padding: [[side, side], [side, side]], // prettier-ignore
      dilation: [1, 1] as Pair,
      groups,
    } as const;
    const x = draw(seed, [n, c, ...size]);
    const w = draw(seed + 1, [kernels, c / groups, kernel, kernel]);
    const g = draw(seed + 2, [n, kernels, ...size.map((extent) => Math.floor((extent - 1) / stride) + 1)]);
    return { attributes, x, w, g, size: size, kernel: [kernel, kernel] as Pair };
  });

const images = fc
  .record({ n: extent(3), c: extent(3), h: extent(13, 2), w: extent(13, 2), seed: seeds })
  .map(({ n, c, h, w, seed }) => ({ x: draw(seed, [n, c, h, w]), y: draw(seed + 1, [n, c, h, w]), c, seed }));

const rows = fc.record({ n: extent(3), length: fc.integer({ min: 30, max: 301 }), inner: extent(9), seed: seeds });

export const largeCases: Readonly<Record<string, fc.Arbitrary<PrimitiveCase>>> = {
  convolution: convolution.map(({ attributes, x, w }) => primitiveCase('convolution', attributes, [x, w])),
  convolutionInputGradient: convolution.map(({ attributes, g, w, size }) =>
    primitiveCase('convolutionInputGradient', { ...attributes, inputSize: size }, [g, w]),
  ),
  convolutionWeightGradient: convolution.map(({ attributes, x, g, kernel }) =>
    primitiveCase('convolutionWeightGradient', { ...attributes, kernelSize: kernel }, [x, g]),
  ),
  matmul: fc
    .record({
      m: extent(19),
      k: extent(40),
      n: extent(35),
      transposeA: fc.boolean(),
      transposeB: fc.boolean(),
      seed: seeds,
    })
    .map(({ m, k, n, transposeA, transposeB, seed }) =>
      primitiveCase('matmul', { transposeA, transposeB }, [
        draw(seed, transposeA ? [k, m] : [m, k]),
        draw(seed + 1, transposeB ? [n, k] : [k, n]),
      ]),
    ),
  gram: fc
    .record({ n: extent(14), m: extent(14), p: extent(200), seed: seeds })
    .map(({ n, m, p, seed }) => primitiveCase('gram', {}, [draw(seed, [n, p]), draw(seed + 1, [m, p])])),
  standardize: images.map(({ x }) => primitiveCase('standardize', { epsilon: 0.1 }, [x])),
  inverseDeviation: images.map(({ x }) => primitiveCase('inverseDeviation', { epsilon: 0.1 }, [x])),
  channelInnerProduct: images.map(({ x, y }) => primitiveCase('channelInnerProduct', {}, [x, y])),
  channelSum: images.map(({ x }) => primitiveCase('channelSum', {}, [x])),
  channelAffine: images.map(({ x, c, seed }) =>
    primitiveCase('channelAffine', {}, [x, draw(seed + 2, [c]), draw(seed + 3, [c])]),
  ),
  averagePool: images.map(({ x }) =>
    primitiveCase('averagePool', { kernel: [2, 2], stride: [2, 2], padding: NO_SIDES, counted: NO_SIDES }, [x]),
  ),
  sum: rows.map(({ n, length, inner, seed }) => primitiveCase('sum', { axes: [-2] }, [draw(seed, [n, length, inner])])),
  'sum of rows': rows.map(({ n, length, seed }) => primitiveCase('sum', { axes: [-1] }, [draw(seed, [n, length])])),
  max: rows.map(({ n, length, inner, seed }) => primitiveCase('max', { axes: [-2] }, [draw(seed, [n, length, inner])])),
  'max of rows': rows.map(({ n, length, seed }) => primitiveCase('max', { axes: [-1] }, [draw(seed, [n, length])])),
  relu: rows.map(({ n, length, seed }) => primitiveCase('relu', {}, [draw(seed, [n, length])])),
  reluGradient: rows.map(({ n, length, seed }) =>
    primitiveCase('reluGradient', {}, [draw(seed, [n, length]), draw(seed + 1, [n, length])]),
  ),
};
