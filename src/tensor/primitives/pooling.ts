import { ShapeError } from '../../errors.ts';
import { type Extents, named, type NoAttributes } from '../signature.ts';
import { type Pair, windowCount } from './convolution.ts';

/** The windows of a pool. */
export interface PoolAttributes {
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Pair;
}

/** The windows of an average pool; `countIncludePad` says whether padding counts in the divisor. */
export interface AveragePoolAttributes extends PoolAttributes {
  readonly countIncludePad: boolean;
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
  gatherPixels: NoAttributes;
  scatterPixels: InputSize;
}

function windows(name: string) {
  return ({ h, w }: Extents, { kernel, stride, padding }: PoolAttributes) => {
    const [p, q] = ([0, 1] as const).map((i) => {
      const size = [h, w][i];
      // PyTorch's rule: beyond it a window could lie in the padding entirely.
      if (2 * padding[i] > kernel[i]) {
        throw new ShapeError(`${name}: expected a padding of at most half the kernel ${kernel[i]}, got ${padding[i]}`);
      }
      const count = windowCount(size, kernel[i], stride[i], padding[i]);
      if (count < 1) {
        throw new ShapeError(
          `${name}: kernel size ${kernel[i]} > padded input size ${size + 2 * padding[i]} in dimension ${i - 2}`,
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
  gatherPixels: { signature: named<NoAttributes>('gatherPixels', '(h,w),(p,q)->(p,q)') },
  scatterPixels: {
    signature: named<InputSize>('scatterPixels', '(p,q),(p,q)->(h,w)', (_, { inputSize: [h, w] }) => ({ h, w })),
  },
};
