import type { DType } from '../array.ts';
import { elementwise, type NoAttributes } from '../signature.ts';

/** Attributes of the primitives that work element by element. */
export interface ElementwisePrimitives {
  linearCombination: { readonly coefficients: readonly number[] };
  multiply: NoAttributes;
  power: { readonly exponent: number };
  exp: NoAttributes;
  log: NoAttributes;
  tanh: NoAttributes;
  relu: NoAttributes;
  reluGradient: NoAttributes;
  cast: { readonly dtype: DType };
}

export const elementwiseDefinitions = {
  linearCombination: {
    signature: elementwise<ElementwisePrimitives['linearCombination']>('linearCombination', undefined),
  },
  multiply: { signature: elementwise<NoAttributes>('multiply', 2) },
  power: { signature: elementwise<ElementwisePrimitives['power']>('power', 1) },
  exp: { signature: elementwise<NoAttributes>('exp', 1) },
  log: { signature: elementwise<NoAttributes>('log', 1) },
  tanh: { signature: elementwise<NoAttributes>('tanh', 1) },
  relu: { signature: elementwise<NoAttributes>('relu', 1) },
  reluGradient: { signature: elementwise<NoAttributes>('reluGradient', 2) },
  cast: {
    signature: elementwise<ElementwisePrimitives['cast']>('cast', 1),
    resultType: ({ dtype }: ElementwisePrimitives['cast']) => dtype,
  },
};
