import { type KernelText, plus } from '../kernelText.ts';
import type { GpuKernel, Lowering, Operand } from '../lowering.ts';
import { foldLoops, SUM } from '../pieces.ts';
import { perLane } from '../strided.ts';
import { broadcastStrides, type Shape, sizeOf } from '../../../shape.ts';
import { before } from '../../../primitives/convolution.ts';
import type { IndexingPrimitives, ScatterAttributes } from '../../../primitives/indexing.ts';
import type { PoolAttributes } from '../../../primitives/pooling.ts';

function leadingStrides({ shape }: Operand, coreRank: number, leading: Shape): number[] {
  const at = shape.length - coreRank;
  return broadcastStrides(shape.slice(0, at), leading).map((stride) => stride * sizeOf(shape.slice(at)));
}

/** The position that an element of the index names: the nearest one, after cutting off its fraction; 0 for NaN. */
function positionOf(k: KernelText, operand: number, at: string, positions: number): string {
  const index = k.element(operand, at);
  return k.value(`(${index} > 0.0 ? Math.floor(Math.min(${index}, ${positions - 1})) : 0.0)`);
}

function gather(
  lower: Lowering,
  { indexedRank, indexRank, innerRank }: IndexingPrimitives['gather'],
  output: Operand,
  [x, index]: readonly Operand[],
): void {
  const leading = output.shape.slice(0, output.shape.length - indexRank - innerRank);
  const core = x.shape.slice(x.shape.length - indexedRank - innerRank);
  const positions = sizeOf(core.slice(0, indexedRank));
  const inner = sizeOf(core.slice(indexedRank));
  const count = sizeOf(index.shape.slice(index.shape.length - indexRank));
  const strides = [leadingStrides(x, indexedRank + innerRank, leading), leadingStrides(index, indexRank, leading)];
  lower.kernel(output, [x, index], (k) =>
    perLane(k, sizeOf(output.shape), (position) => {
      const [l, i, j] = k.coordinates(position, [sizeOf(leading), count, inner]);
      const [source, at] = k.offsets(l, leading, strides);
      const from = positionOf(k, 1, k.value(`${at} + ${i}`), positions);
      return k.element(0, k.value(`${source} + ${from} * ${inner} + ${j}`));
    }),
  );
}

/** The pool whose windows alone can name a position, where the index is that of its maxima. */
function poolOf({ size, innerRank }: ScatterAttributes, { origin }: Operand): PoolAttributes | undefined {
  return origin?.primitive === 'maxPoolIndex' && size.length === 2 && innerRank === 0 ? origin.attributes : undefined;
}

/**
 * gx[i] = Σ of gy over the indices that name position i. Where the index is a maximum pool's, only the windows that hold
 * the pixel can name it; otherwise all of them are looked through.
 */
function scatter(
  lower: Lowering,
  attributes: ScatterAttributes,
  output: Operand,
  [gradient, index]: readonly Operand[],
): void {
  const { size, indexRank, innerRank } = attributes;
  const leading = output.shape.slice(0, output.shape.length - size.length - innerRank);
  const positions = sizeOf(size);
  const inner = sizeOf(output.shape.slice(output.shape.length - innerRank));
  const count = sizeOf(index.shape.slice(index.shape.length - indexRank));
  const strides = [leadingStrides(gradient, indexRank + innerRank, leading), leadingStrides(index, indexRank, leading)];
  const pool = poolOf(attributes, index);
  const extents = pool ? pool.kernel.map((extent, i) => Math.ceil(extent / pool.stride[i])) : [count];
  foldLoops(lower, output, [gradient, index], extents, { fold: SUM, repeats: 4 }, (k, texel, piece) =>
    perLane(
      k,
      sizeOf(output.shape),
      (place) => {
        const [l, position, j] = k.coordinates(place, [sizeOf(leading), positions, inner]);
        const [g, at] = k.offsets(l, leading, strides);
        const total = k.variable();
        const add = (i: string, condition: string) => {
          const named = positionOf(k, 1, k.value(`${at} + ${i}`), positions);
          const value = k.element(0, k.value(`${g} + ${i} * ${inner} + ${j}`));
          k.line(`if (${condition}Math.abs(${named} - ${position}) < 0.5) { ${total} = ${total} + ${value}; }`);
        };
        if (pool === undefined) {
          piece.loop(0, (i) => add(i, ''));
          return total;
        }
        const [p, q] = index.shape.slice(-2);
        const { kernel, stride, padding } = pool;
        const pixel = k.coordinates(position, size);
        // The first window that can hold the pixel, ⌈(c + padding − kernel + 1)/stride⌉ or 0, and as many as can.
        const first = pixel.map((c, d) => {
          const ahead = before(padding)[d] - kernel[d] + stride[d];
          return k.divide(k.value(`Math.max(${plus(c, ahead)}, 0)`), stride[d])[0];
        });
        piece.loop(0, (r) =>
          piece.loop(1, (s) => {
            const [i, m] = [k.value(`${first[0]} + ${r}`), k.value(`${first[1]} + ${s}`)];
            const clamped = `Math.min(Math.max(${i}, 0), ${p - 1}) * ${q} + Math.min(Math.max(${m}, 0), ${q - 1})`;
            add(k.value(clamped), `${i} > -0.5 && ${i} < ${p - 0.5} && ${m} > -0.5 && ${m} < ${q - 0.5} && `);
          }),
        );
        return total;
      },
      texel,
    ),
  );
}

export const indexingGpu: { [P in keyof IndexingPrimitives]: GpuKernel<IndexingPrimitives[P]> } = { gather, scatter };
