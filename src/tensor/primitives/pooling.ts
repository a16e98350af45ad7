import { ShapeError } from '../../errors.ts';
import { type Extents, named } from '../signature.ts';
import { checkSides, type Pair, type Sides, windowCount } from './convolution.ts';

/** The windows of a pool. */
export interface PoolAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  /** Places without a pixel on each side of the image, which windows may reach into. */
  readonly padding: Sides;
}

/**
 * The windows of an average pool, and the part of the padding that counts in a mean's divisor, as zeros: a window is
 * divided by the number of its places that are pixels or counted padding.
 */
export interface AveragePoolAttributes extends PoolAttributes {
  readonly counted: Sides;
}

/** A map back from windows to an input of this size. */
export interface InputSize {
  readonly inputSize: Pair;
}

/** Attributes of the pooling primitives. */
export interface PoolingPrimitives {
  averagePool: AveragePoolAttributes;
  averagePoolGradient: AveragePoolAttributes & InputSize;
  maxPoolIndex: PoolAttributes;
}

const NOTHING: Sides = [
  [0, 0],
  [0, 0],
];

function windows(name: string) {
  return ({ h, w }: Extents, attributes: PoolAttributes & Partial<AveragePoolAttributes>) => {
    const { kernel, stride, padding, counted = NOTHING } = attributes;
    checkSides(name, 'padding', padding);
    checkSides(name, 'counted padding', counted);
    const [p, q] = ([0, 1] as const).map((i) => {
      const size = [h, w][i];
      const [low, high] = padding[i];
      const count = windowCount(low + size + high, kernel[i], stride[i]);
      if (count < 1) {
        throw new ShapeError(
          `${name}: kernel size ${kernel[i]} > padded input size ${low + size + high} in dimension ${i - 2}`,
        );
      }
      if (counted[i].some((each, side) => each > padding[i][side])) {
        throw new ShapeError(
          `${name}: expected at most the padding ${low}, ${high} to count in dimension ${i - 2}, got ${counted[i].join(', ')}`,
        );
      }
      // A window without a place that counts has no maximum, and 0/0 for a mean.
      const last = (count - 1) * stride[i] - low;
      if (kernel[i] <= low - counted[i][0] || last >= size + counted[i][1]) {
        throw new ShapeError(
          `${name}: a window lies entirely in the padding, expected less padding for a kernel of ${kernel[i]} ` +
            `in dimension ${i - 2}, got ${low} before and ${high} after ${size} pixels`,
        );
      }
      return count;
    });
    return { p, q };
  };
}

export const poolingDefinitions = {
  averagePool: { signature: named<AveragePoolAttributes>('averagePool', '(h,w)->(p,q)', windows('averagePool')) },
  averagePoolGradient: {
    signature: named<AveragePoolAttributes & InputSize>(
      'averagePoolGradient',
      '(p,q)->(h,w)',
      (extents, attributes) => {
        const [h, w] = attributes.inputSize;
        const { p, q } = windows('averagePoolGradient')({ h, w }, attributes);
        if (p !== extents.p || q !== extents.q) {
          throw new ShapeError(
            `averagePoolGradient: an input of ${h}×${w} gives ${p}×${q} windows, got ${extents.p}×${extents.q}`,
          );
        }
        return { h, w };
      },
    ),
  },
  maxPoolIndex: { signature: named<PoolAttributes>('maxPoolIndex', '(h,w)->(p,q)', windows('maxPool')) },
};
