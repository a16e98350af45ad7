import { ShapeError } from '../../errors.ts';
import { broadcastShapes, formatShape, sameShape, type Shape, sizeOf } from '../shape.ts';
import type { Signature } from '../signature.ts';

/** A range with a step along each of the innermost dimensions; `stop` is exclusive. */
export interface SliceAttributes {
  readonly start: readonly number[];
  readonly stop: readonly number[];
  readonly step: readonly number[];
}

/** Zeros before, after and between the elements along each of the innermost dimensions. */
export interface PadAttributes {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly interior: readonly number[];
}

/** A change from one shape of the innermost dimensions to another. */
export interface ReshapeAttributes {
  readonly from: Shape;
  readonly to: Shape;
}

/** Attributes of the primitives that move elements and compute nothing. */
export interface MovementPrimitives {
  reshape: ReshapeAttributes;
  broadcastTo: ReshapeAttributes;
  /** Dimension i of the result is dimension `permutation[i]` of the operand, among the innermost ones. */
  transpose: { readonly permutation: readonly number[] };
  slice: SliceAttributes;
  pad: PadAttributes;
  /** The axis is counted from the last dimension: −1 is the innermost. */
  concatenate: { readonly axis: number };
}

function unary<A>(
  name: string,
  rank: (attributes: A) => number,
  infer: (attributes: A, core: Shape) => Shape,
): { signature: Signature<A> } {
  return {
    signature: {
      text: '(…)->(…)',
      coreRanks(attributes, count) {
        if (count !== 1) throw new ShapeError(`${name}: expected 1 operand, got ${count}`);
        return [rank(attributes)];
      },
      inferCore: (attributes, [core]) => infer(attributes, core),
    },
  };
}

function expectFrom(name: string, from: Shape, core: Shape): void {
  if (!sameShape(from, core)) {
    throw new ShapeError(`${name}: expected a tensor of shape ${formatShape(from)}, got ${formatShape(core)}`);
  }
}

export const movementDefinitions = {
  reshape: unary<ReshapeAttributes>(
    'reshape',
    ({ from }) => from.length,
    ({ from, to }, core) => {
      expectFrom('reshape', from, core);
      if (sizeOf(from) !== sizeOf(to)) {
        throw new ShapeError(
          `reshape: ${formatShape(from)} to ${formatShape(to)} changes the number of elements, ` +
            `expected ${sizeOf(from)}, got ${sizeOf(to)}`,
        );
      }
      return to;
    },
  ),
  broadcastTo: unary<ReshapeAttributes>(
    'broadcastTo',
    ({ from }) => from.length,
    ({ from, to }, core) => {
      expectFrom('broadcastTo', from, core);
      if (from.length > to.length || !sameShape(broadcastShapes('broadcastTo', [from, to]), to)) {
        throw new ShapeError(`broadcastTo: ${formatShape(from)} cannot be broadcast to ${formatShape(to)}`);
      }
      return to;
    },
  ),
  transpose: unary<MovementPrimitives['transpose']>(
    'transpose',
    ({ permutation }) => permutation.length,
    ({ permutation }, core) => {
      const sorted = permutation.toSorted((a, b) => a - b);
      if (sorted.some((axis, i) => axis !== i)) {
        throw new ShapeError(
          `transpose: expected a permutation of 0…${core.length - 1}, got ${permutation.join(', ')}`,
        );
      }
      return permutation.map((axis) => core[axis]);
    },
  ),
  slice: unary<SliceAttributes>(
    'slice',
    ({ start }) => start.length,
    ({ start, stop, step }, core) =>
      core.map((extent, i) => {
        const fits = [start[i], stop[i], step[i]].every(Number.isInteger) && 0 <= start[i] && stop[i] <= extent;
        if (!fits || start[i] >= stop[i] || step[i] < 1) {
          throw new ShapeError(
            `slice: expected 0 ≤ start < stop ≤ ${extent} and step ≥ 1 in dimension ${i - core.length}, ` +
              `got ${start[i]}:${stop[i]}:${step[i]}`,
          );
        }
        return Math.ceil((stop[i] - start[i]) / step[i]);
      }),
  ),
  pad: unary<PadAttributes>(
    'pad',
    ({ before }) => before.length,
    ({ before, after, interior }, core) =>
      core.map((extent, i) => {
        if ([before[i], after[i], interior[i]].some((count) => !Number.isInteger(count) || count < 0) || extent < 1) {
          throw new ShapeError(
            `pad: expected counts ≥ 0 in dimension ${i - core.length} of extent ${extent}, ` +
              `got ${before[i]}, ${after[i]}, ${interior[i]}`,
          );
        }
        return before[i] + (extent - 1) * (interior[i] + 1) + 1 + after[i];
      }),
  ),
  concatenate: {
    signature: {
      text: '(…),…->(…)',
      coreRanks({ axis }, count) {
        if (count < 1) throw new ShapeError('concatenate: expected one or more operands, got 0');
        return Array<number>(count).fill(-axis);
      },
      inferCore(_attributes, cores) {
        const [first, ...rest] = cores;
        for (const core of rest) {
          if (!sameShape(core.slice(1), first.slice(1))) {
            throw new ShapeError(
              `concatenate: expected shapes that agree after the axis, got ${cores.map(formatShape).join(' and ')}`,
            );
          }
        }
        return [cores.reduce((total, core) => total + core[0], 0), ...first.slice(1)];
      },
    } satisfies Signature<MovementPrimitives['concatenate']>,
  },
};
