import { convolutionDefinitions, type ConvolutionPrimitives } from './convolution.ts';
import { eigenDefinitions, type EigenPrimitives } from './eigen.ts';
import {
  castDefinitions,
  type CastPrimitives,
  elementwiseDefinitions,
  type ElementwisePrimitives,
} from './elementwise/index.ts';
import type { Definition } from './node.ts';
import { indexingDefinitions, type IndexingPrimitives } from './indexing.ts';
import { movementDefinitions, type MovementPrimitives } from './movement.ts';
import { normalizationDefinitions, type NormalizationPrimitives } from './normalization.ts';
import { poolingDefinitions, type PoolingPrimitives } from './pooling.ts';
import { productDefinitions, type ProductPrimitives } from './product.ts';
import { reductionDefinitions, type ReductionPrimitives } from './reduction.ts';

/** The attributes of every primitive, by its name: the one list that backends and derivative rules must cover. */
export interface Attributes
  extends
    ConvolutionPrimitives,
    NormalizationPrimitives,
    PoolingPrimitives,
    IndexingPrimitives,
    ElementwisePrimitives,
    CastPrimitives,
    MovementPrimitives,
    ReductionPrimitives,
    ProductPrimitives,
    EigenPrimitives {}

export { type Definition };

/** The name of a primitive. */
export type PrimitiveName = keyof Attributes;

/** Every primitive's definition. Leave one out and the build fails. */
export const primitives: { readonly [P in PrimitiveName]: Definition<Attributes[P]> } = {
  ...convolutionDefinitions,
  ...normalizationDefinitions,
  ...poolingDefinitions,
  ...indexingDefinitions,
  ...elementwiseDefinitions,
  ...castDefinitions,
  ...movementDefinitions,
  ...reductionDefinitions,
  ...productDefinitions,
  ...eigenDefinitions,
};
