import { expect, test } from 'vitest';
import { grad } from '../../src/autodiff/index.ts';
import { forward } from '../../src/nn/index.ts';
import { type Leaves, parseOnnx } from '../../src/onnx/index.ts';
import { constant, evaluate, input, ndarray, type NDArray, sum } from '../../src/tensor/index.ts';
import { floats, modelBytes, type Step } from '../support/onnxModel.ts';

// Where ONNX defines no derivative, or the values are not those of the file to the last digit, PyTorch's count.

type Settings = Pick<Step, 'operator' | 'attributes'>;

const row = (...values: number[]) => ndarray(values, [1, values.length]);

function networkOf({ operator, ...rest }: Settings, x: NDArray, second?: NDArray) {
  const bytes = modelBytes({
    inputs: { x: x.shape },
    initializers: second ? { second: floats(second) } : {},
    steps: [{ operator, inputs: second ? ['x', 'second'] : ['x'], outputs: ['y'], ...rest }],
    outputs: ['y'],
  });
  return parseOnnx(bytes, 'model.onnx');
}

/** The derivative of the sum of the outputs. */
async function derivativeOf(settings: Settings, at: NDArray, second?: NDArray): Promise<readonly number[]> {
  const x = input('x', at.shape, 'float64');
  const fixed = ({ value }: { value: NDArray }) => constant(value);
  const leaves: Leaves = { dtype: 'float64', mode: 'eval', parameter: fixed, buffer: fixed, observe: () => undefined };
  const [y] = networkOf(settings, at, second).build(['y'], new Map([['x', x]]), leaves);
  const [gradient] = await evaluate([grad(sum(y), [x])[0]], new Map([[x, at]]));
  return [...gradient.data];
}

test.each<[string, Settings, NDArray, NDArray | undefined, readonly number[]]>([
  ['a norm of zeros', { operator: 'ReduceL2' }, row(0, 0), undefined, [0, 0]],
  ['powers of 0', { operator: 'Pow' }, row(0, 0, 3), ndarray([2, 0, 1], [3]), [0, 0, 1]],
  ['PReLU at 0', { operator: 'PRelu' }, row(-1, 0, 1), ndarray([0.25], [1]), [0.25, 0.25, 1]],
  ['a rounding to 16 bits', { operator: 'Cast', attributes: { to: 10 } }, row(0.1, 3e-8, 1000), undefined, [1, 1, 1]],
])('the derivative of %s is PyTorch’s', async (_, settings, x, second, values) => {
  expect(await derivativeOf(settings, x, second)).toEqual(values);
});

test('the constants of SELU are PyTorch’s, though ONNX has them in float32', async () => {
  const x = row(-1, 1);
  const { data } = await forward(networkOf({ operator: 'Selu' }, x), x, { dtype: 'float64' });
  expect([...data]).toEqual([1.0507009873554805 * 1.6732632423543772 * Math.expm1(-1), 1.0507009873554805]);
});

// Halves to even; the largest number, the least one that rounds to infinity, the least of all.
test.each<[number, string, readonly (readonly [number, number])[]]>([
  [
    10,
    'float16',
    [
      [2049, 2048],
      [2051, 2052],
      [-65519, -65504],
      [65520, Infinity],
      [-1e30, -Infinity],
      [2 ** -24, 2 ** -24],
      [2 ** -25, 0],
      [3 * 2 ** -25, 2 ** -23],
      [0.1, 0.0999755859375],
    ],
  ],
  [
    16,
    'bfloat16',
    [
      [257, 256],
      [259, 260],
      [3.38e38, 3.3762e38],
      [-1e-3, -0.00099945068359375],
      [0.1, 0.10009765625],
    ],
  ],
])('a conversion to element type %i, %s, rounds to nearest even', async (to, _, pairs) => {
  const x = row(...pairs.map(([value]) => value));
  const network = networkOf({ operator: 'Cast', attributes: { to } }, x);
  for (const dtype of ['float64', 'float32'] as const) {
    const { data } = await forward(network, x, { dtype });
    pairs.forEach(([value, right], i) => {
      if (Number.isFinite(right))
        expect(Math.abs(data[i] - right), `${value}`).toBeLessThanOrEqual(
          1e-4 * Math.abs(right) * Number(value > 1e38),
        );
      else expect(data[i]).toBe(right);
    });
  }
});
