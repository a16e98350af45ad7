import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { vjp } from '../../src/autodiff/index.ts';
import { parseSafetensors } from '../../src/nn/index.ts';
import {
  averagePool,
  type AveragePoolOptions,
  type Backend,
  cast,
  constant,
  convolution,
  convolution1d,
  type Convolution1dOptions,
  type ConvolutionOptions,
  convolutionTranspose,
  type ConvolutionTransposeOptions,
  type DType,
  evaluate,
  input,
  logSoftmax,
  logSumExp,
  max,
  maxPool,
  min,
  type NDArray,
  type Pair,
  type ReductionOptions,
  referenceBackend,
  softmax,
  take,
  type Tensor,
  upsampleNearest,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';

// Functions against PyTorch in float64 (test/torch/primitives.py): values, and gradients by a random cotangent.

const file = parseSafetensors(readFileSync(new URL('../torch/primitives.safetensors', import.meta.url)));

interface PoolCase extends AveragePoolOptions {
  readonly kernel: Pair;
}

interface ReductionCase extends ReductionOptions {
  readonly axes: readonly number[];
}

interface AxisCase {
  readonly axis: number;
}

/** The functions, each with options under the names that the script writes. */
const functions: Record<string, (options: never, ...x: Tensor[]) => Tensor> = {
  convolution: (options: ConvolutionOptions, x, w) => convolution(x, w, options),
  convolutionTranspose: (options: ConvolutionTransposeOptions, x, w) => convolutionTranspose(x, w, options),
  convolution1d: (options: Convolution1dOptions, x, w) => convolution1d(x, w, options),
  maxPool: ({ kernel, ...options }: PoolCase, x) => maxPool(x, kernel, options),
  averagePool: ({ kernel, ...options }: PoolCase, x) => averagePool(x, kernel, options),
  max: ({ axes, ...options }: ReductionCase, x) => max(x, axes, options),
  min: ({ axes, ...options }: ReductionCase, x) => min(x, axes, options),
  softmax: ({ axis }: AxisCase, x) => softmax(x, axis),
  logSoftmax: ({ axis }: AxisCase, x) => logSoftmax(x, axis),
  logSumExp: ({ axes, ...options }: ReductionCase, x) => logSumExp(x, axes, options),
  take: ({ axis, indices }: AxisCase & { readonly indices: readonly number[] }, x) => take(x, indices, axis),
  upsampleNearest: ({ size }: { readonly size: Pair }, x) => upsampleNearest(x, size),
};

interface TorchCase {
  readonly function: string;
  readonly options: object;
  readonly inputs: number;
}

const cases = (JSON.parse(file.metadata.cases) as TorchCase[]).map((each, number) => ({ ...each, number }));

const named = (number: number, name: string): NDArray => file.tensors.get(`${number}.${name}`)!;

/** The value, and the gradients with respect to all inputs. */
async function compute({ function: name, options, inputs, number }: (typeof cases)[number], dtype: DType, on: Backend) {
  const values = Array.from({ length: inputs }, (_, i) => cast(named(number, `x${i}`), dtype));
  const tensors = values.map(({ shape }, i) => input(`x${i}`, shape, dtype));
  const y = functions[name](options as never, ...tensors);
  const cotangent = constant(cast(named(number, 'u'), dtype));
  const feeds = new Map(tensors.map((tensor, i) => [tensor, values[i]] as const));
  return evaluate([y, ...vjp([y], tensors, [cotangent])], feeds, on);
}

const expected = ({ number, inputs }: (typeof cases)[number]) => [
  named(number, 'y'),
  ...Array.from({ length: inputs }, (_, i) => named(number, `g${i}`)),
];

const wasm = wasmBackend({ threads: 1 });
afterAll(() => wasm.close());

// Sums of at most 100 products. In float64 the order of the terms moves them by 100·2⁻⁵² of their magnitudes; in float32
// the same bound with 2⁻²⁴ is 6e-6. Exponentials of softmax's differences, up to 100 here, carry their roundings: 100·2⁻²⁴.
describe.each([
  ['reference', 'float64', referenceBackend, 1e-13],
  ['wasm', 'float64', wasm, 1e-13],
  ['wasm', 'float32', wasm, 1e-5],
] as const)('%s in %s', (_, dtype, backend, tolerance) => {
  test.each(cases.map((each) => [`${each.number} ${each.function} ${JSON.stringify(each.options)}`, each] as const))(
    '%s',
    async (__, each) => {
      const got = await compute(each, dtype, backend);
      expected(each).forEach((array, i) => {
        expect(got[i].shape).toEqual(array.shape);
        expect(relativeError(got[i], array)).toBeLessThan(tolerance);
      });
    },
  );
});

test('every function has cases', () => {
  expect([...new Set(cases.map((each) => each.function))].sort()).toEqual(Object.keys(functions).sort());
});
