import { expect, test } from 'vitest';
import { tangentKernel } from '../../src/ntk/index.ts';
import { parseOnnx } from '../../src/onnx/index.ts';
import { ndarray, type NDArray } from '../../src/tensor/index.ts';
import { floats, int64s, modelBytes, type ModelParts, type Step } from '../support/onnxModel.ts';

// y = w₂·tanh(w₁·x), of which w₁ and w₂ have the same values; the kernel says what is a parameter.

const w = ndarray([0.5, -0.25, 1, 0.75], [2, 2]);
const x = ndarray([1, 2, -0.5, 0.25], [2, 2]);
const product = (input: string, weight: string, output: string): Step => ({
  operator: 'MatMul',
  inputs: [input, weight],
  outputs: [output],
});
const tanh: Step = { operator: 'Tanh', inputs: ['a'], outputs: ['b'] };
const identity = (output: string): Step => ({ operator: 'Identity', inputs: ['first.weight'], outputs: [output] });

function networkOf(parts: Pick<ModelParts, 'steps'> & Partial<ModelParts>) {
  const initializers = { 'first.weight': floats(w) };
  return parseOnnx(modelBytes({ inputs: { x: ['N', 2] }, initializers, outputs: ['y'], ...parts }), 'm.onnx');
}

async function kernelOf(parts: Pick<ModelParts, 'steps'> & Partial<ModelParts>): Promise<[string[], NDArray]> {
  const network = networkOf(parts);
  const { kernel } = await tangentKernel(network, x, { outputs: 'full', dtype: 'float64' });
  return [[...network.namedParameters().keys()], kernel];
}

const two = {
  initializers: { 'first.weight': floats(w), 'second.weight': floats(w) },
  steps: [product('x', 'first.weight', 'a'), tanh, product('b', 'second.weight', 'y')],
};
const shared = { steps: [product('x', 'first.weight', 'a'), tanh, product('b', 'first.weight', 'y')] };

test('parameters with equal values, which the exporter writes once, are two', async () => {
  const copied = [identity('second.weight'), ...two.steps];
  expect(await kernelOf({ steps: copied })).toEqual(await kernelOf(two));
});

test('a shared parameter is one, and so is one behind an Identity node', async () => {
  const right = await kernelOf(shared);
  expect(right[1].data[0]).not.toBeCloseTo((await kernelOf(two))[1].data[0], 3);
  for (const name of ['/Identity_output_0', 'onnx::MatMul_7', '12']) {
    const steps = [identity(name), product('x', 'first.weight', 'a'), tanh, product('b', name, 'y')];
    expect(await kernelOf({ steps })).toEqual(right);
  }
});

test.each<[string, readonly Step[], NDArray]>([
  [
    'transposed',
    [{ operator: 'Transpose', inputs: ['v'], outputs: ['w'], attributes: { perm: [1, 0] } }],
    ndarray([0.5, 1, -0.25, 0.75], [2, 2]),
  ],
  ['reshaped', [{ operator: 'Reshape', inputs: ['v', 'shape'], outputs: ['w'] }], ndarray(w.data, [4])],
  ['converted', [{ operator: 'Cast', inputs: ['v'], outputs: ['w'], attributes: { to: 1 } }], w],
  ['scaled by one', [{ operator: 'Mul', inputs: ['v', 'one'], outputs: ['w'] }], w],
])('a weight that is %s in the file has the same kernel as a plain one', async (_, steps, v) => {
  const right = await kernelOf({
    initializers: { v: floats(w) },
    steps: [product('x', 'v', 'y')],
  });
  const extra = { shape: int64s([2, 2]), one: floats(ndarray([1], [])) };
  const network = networkOf({
    initializers: { v: floats(v), ...extra },
    steps: [...steps, product('x', 'w', 'y')],
  });
  const { kernel } = await tangentKernel(network, x, {
    outputs: 'full',
    parameters: (name) => name === 'v',
    dtype: 'float64',
  });
  expect(kernel).toEqual(right[1]);
});

test('running statistics and integers are not parameters', () => {
  const vector = floats(ndarray([1, 2], [2]));
  const network = networkOf({
    initializers: { g: vector, b: vector, mean: vector, shape: int64s([0, 2]) },
    steps: [
      { operator: 'Identity', inputs: ['g'], outputs: ['variance'] },
      { operator: 'BatchNormalization', inputs: ['x', 'g', 'b', 'mean', 'variance'], outputs: ['n'] },
      { operator: 'Reshape', inputs: ['n', 'shape'], outputs: ['y'] },
    ],
  });
  expect([...network.namedParameters().keys()]).toEqual(['g', 'b']);
  expect([...network.namedBuffers().keys()]).toEqual(['mean', 'variance']);
});
