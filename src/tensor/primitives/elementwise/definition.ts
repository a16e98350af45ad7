import { type DType } from '../../array.ts';
import { elementwise } from '../../signature.ts';

type None = Readonly<Record<never, never>>;

/** Attributes of the primitives that work element by element. */
export interface ElementwisePrimitives {
  linearCombination: { readonly coefficients: readonly number[] };
  multiply: None;
  power: { readonly exponent: number };
  exp: None;
  log: None;
  tanh: None;
  relu: None;
  reluGradient: None;
  cast: { readonly dtype: DType };
}

export const elementwiseDefinitions = {
  linearCombination: {
    signature: elementwise<ElementwisePrimitives['linearCombination']>('linearCombination', undefined),
  },
  multiply: { signature: elementwise<None>('multiply', 2) },
  power: { signature: elementwise<ElementwisePrimitives['power']>('power', 1) },
  exp: { signature: elementwise<None>('exp', 1) },
  log: { signature: elementwise<None>('log', 1) },
  tanh: { signature: elementwise<None>('tanh', 1) },
  relu: { signature: elementwise<None>('relu', 1) },
  reluGradient: { signature: elementwise<None>('reluGradient', 2) },
  cast: {
    signature: elementwise<ElementwisePrimitives['cast']>('cast', 1),
    resultType: ({ dtype }: ElementwisePrimitives['cast']) => dtype,
  },
};
