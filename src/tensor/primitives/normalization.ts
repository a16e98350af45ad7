import { ShapeError } from '../../errors.ts';
import { type Extents, named, type NoAttributes } from '../signature.ts';

/** The number added to the variance before its root is taken. */
export interface EpsilonAttributes {
  readonly epsilon: number;
}

/** Attributes of the normalisation primitives. */
export interface NormalizationPrimitives {
  standardize: EpsilonAttributes;
  inverseDeviation: EpsilonAttributes;
  standardizeGradient: NoAttributes;
  channelAffine: NoAttributes;
  channelScale: NoAttributes;
  channelInnerProduct: NoAttributes;
  channelSum: NoAttributes;
}

/** Over a single value a channel the variance is 0 and x̂ is 0 whatever x is: this cannot be intended. */
function needTwoValues(name: string) {
  return ({ n, h, w }: Extents): Extents => {
    if (n * h * w < 2) {
      throw new ShapeError(
        `${name}: batch statistics over one value per channel have variance 0, ` +
          `expected batch × height × width ≥ 2, got ${n} × ${h} × ${w}`,
      );
    }
    return {};
  };
}

export const normalizationDefinitions = {
  standardize: {
    signature: named<EpsilonAttributes>('standardize', '(n,c,h,w)->(n,c,h,w)', needTwoValues('batch norm')),
  },
  inverseDeviation: {
    signature: named<EpsilonAttributes>('inverseDeviation', '(n,c,h,w)->(c)', needTwoValues('batch norm')),
  },
  standardizeGradient: {
    signature: named<NoAttributes>('standardizeGradient', '(n,c,h,w),(n,c,h,w),(c)->(n,c,h,w)'),
  },
  channelAffine: { signature: named<NoAttributes>('channelAffine', '(n,c,h,w),(c),(c)->(n,c,h,w)') },
  channelScale: { signature: named<NoAttributes>('channelScale', '(n,c,h,w),(c)->(n,c,h,w)') },
  channelInnerProduct: { signature: named<NoAttributes>('channelInnerProduct', '(n,c,h,w),(n,c,h,w)->(c)') },
  channelSum: { signature: named<NoAttributes>('channelSum', '(n,c,h,w)->(c)') },
};
