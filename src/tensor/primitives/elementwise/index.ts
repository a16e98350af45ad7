import type { DType } from '../../array.ts';
import type { Scalar } from '../../scalar/index.ts';
import { elementwise } from '../../signature.ts';
import { activationRows } from './activations.ts';
import { arithmeticRows } from './arithmetic.ts';
import { type AttributesOf, definitionsOf, expressionOf, type Row } from './row.ts';
import { transcendentalRows } from './transcendental.ts';

/** Every primitive that is an expression of the elements of its operands, and nothing else. */
export const elementwiseRows = { ...arithmeticRows, ...transcendentalRows, ...activationRows };

/** Attributes of the primitives that work element by element. */
export type ElementwisePrimitives = AttributesOf<typeof elementwiseRows>;

/** The name of a primitive that works element by element. */
export type ElementwiseName = keyof ElementwisePrimitives;

/** Attributes of the primitives that change the precision. */
export interface CastPrimitives {
  cast: { readonly dtype: DType };
}

export const elementwiseDefinitions = definitionsOf(elementwiseRows);

export const castDefinitions = {
  cast: {
    signature: elementwise<CastPrimitives['cast']>('cast', 1),
    resultType: ({ dtype }: CastPrimitives['cast']) => dtype,
  },
};

/** One application of an element-wise primitive. */
export type ElementwiseApplication = {
  [P in ElementwiseName]: {
    readonly primitive: P;
    readonly attributes: ElementwisePrimitives[P];
    readonly operands: readonly unknown[];
  };
}[ElementwiseName];

/**
 * Whether a primitive is an element-wise expression.
 *
 * @example
 * console.log(isElementwise({ primitive: 'relu' }), isElementwise({ primitive: 'sum' })); // true false
 */
export function isElementwise<S extends { readonly primitive: string }>(
  step: S,
): step is S & { readonly primitive: ElementwiseName } {
  return Object.hasOwn(elementwiseRows, step.primitive);
}

/**
 * What an application computes, as an expression of its operands.
 *
 * @example
 * const { op } = scalarExpression({ primitive: 'multiply', attributes: {}, operands: ['x', 'y'] });
 * console.log(op); // mul
 */
export function scalarExpression({ primitive, attributes, operands }: ElementwiseApplication): Scalar {
  const row = elementwiseRows[primitive] as Row<ElementwisePrimitives[ElementwiseName]>;
  return expressionOf(row, attributes, operands.length);
}
