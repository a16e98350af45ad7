import type { DType } from '../array.ts';
import type { Signature } from '../signature.ts';
import { convolutionDefinitions, type ConvolutionPrimitives } from './convolution.ts';
import { elementwiseDefinitions, type ElementwisePrimitives } from './elementwise.ts';
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
    ElementwisePrimitives,
    MovementPrimitives,
    ReductionPrimitives,
    ProductPrimitives {}

/** The name of a primitive. */
export type PrimitiveName = keyof Attributes;

/** The type of a primitive: core shapes, and the precision of the result where it is not that of the operands. */
export interface Definition<A> {
  readonly signature: Signature<A>;
  readonly resultType?: (attributes: A) => DType;
}

/** Every primitive's definition. Leave one out and the build fails. */
export const primitives: { readonly [P in PrimitiveName]: Definition<Attributes[P]> } = {
  ...convolutionDefinitions,
  ...normalizationDefinitions,
  ...poolingDefinitions,
  ...elementwiseDefinitions,
  ...movementDefinitions,
  ...reductionDefinitions,
  ...productDefinitions,
};
