import type { Signature } from '../signature.ts';
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

/** How many innermost dimensions of each operand of a primitive are core. */
export function coreRanksOf<P extends PrimitiveName>(
  primitive: P,
  attributes: Attributes[P],
  operandCount: number,
): readonly number[] {
  const signature: Signature<Attributes[P]> = primitives[primitive].signature;
  return signature.coreRanks(attributes, operandCount);
}

/** Attributes as text, equal exactly where the attributes are: JSON would write NaN, infinities and −0 as other values. */
export function attributesText(attributes: object): string {
  return JSON.stringify(attributes, (_, value: unknown) =>
    typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0)) ? numberText(value) : value,
  );
}

/** A number as text, −0 apart from 0. */
export function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value);
}
