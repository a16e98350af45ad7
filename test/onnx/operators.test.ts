import { describe, expect, test } from 'vitest';
import { forward } from '../../src/nn/index.ts';
import { parseOnnx } from '../../src/onnx/index.ts';
import { ndarray, type NDArray, type Shape, sizeOf } from '../../src/tensor/index.ts';
import { type Attribute, floats, int64s, modelBytes } from '../support/onnxModel.ts';

// One operator, its further inputs as initializers; values by hand, or by NumPy.

interface Case {
  readonly operator: string;
  readonly x: NDArray;
  readonly more?: readonly (NDArray | readonly number[] | undefined)[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly opset?: number;
  readonly shape: Shape;
  readonly values: readonly number[];
}

const isArray = (value: NDArray | readonly number[]): value is NDArray => 'shape' in value;
const counting = (shape: Shape, from = 1) =>
  ndarray(
    Array.from({ length: sizeOf(shape) }, (_, i) => from + i),
    shape,
  );

async function outputOf({ operator, x, more = [], attributes = {}, opset = 17 }: Case): Promise<NDArray> {
  const named = more.map((value, i) => [value ? `i${i}` : '', value] as const);
  const initializers = Object.fromEntries(
    named.flatMap(([name, value]) => (value ? [[name, isArray(value) ? floats(value) : int64s(value)]] : [])),
  );
  const bytes = modelBytes({
    opset,
    inputs: { x: x.shape },
    initializers,
    steps: [{ operator, inputs: ['x', ...named.map(([name]) => name)], outputs: ['y'], attributes }],
    outputs: ['y'],
  });
  return forward(parseOnnx(bytes, 'model.onnx'), x, { dtype: 'float64' });
}

const row = (...values: number[]) => ndarray(values, [1, values.length]);

const cases: readonly Case[] = [
  { operator: 'Relu', x: row(-1, 2), shape: [1, 2], values: [0, 2] },
  { operator: 'LeakyRelu', x: row(-1, 2), attributes: { alpha: 0.25 }, shape: [1, 2], values: [-0.25, 2] },
  { operator: 'PRelu', x: row(-1, 2), more: [ndarray([0.5], [1])], shape: [1, 2], values: [-0.5, 2] },
  {
    operator: 'PRelu',
    x: ndarray([-1, -1, -1, -1], [1, 2, 2]),
    more: [ndarray([1, 2], [2])],
    opset: 6,
    shape: [1, 2, 2],
    values: [-1, -1, -2, -2],
  },
  {
    operator: 'Elu',
    x: row(-1, 2),
    attributes: { alpha: { float: 2 } },
    shape: [1, 2],
    values: [2 * Math.expm1(-1), 2],
  },
  {
    operator: 'Celu',
    x: row(-2, 2),
    attributes: { alpha: { float: 2 } },
    shape: [1, 2],
    values: [2 * Math.expm1(-1), 2],
  },
  {
    operator: 'Selu',
    x: row(-1, 2),
    attributes: { alpha: { float: 2 }, gamma: { float: 3 } },
    shape: [1, 2],
    values: [6 * Math.expm1(-1), 6],
  },
  {
    operator: 'ThresholdedRelu',
    x: row(1, 2, 3),
    attributes: { alpha: { float: 2 } },
    shape: [1, 3],
    values: [0, 0, 3],
  },
  {
    operator: 'Clip',
    x: row(-3, 0, 3),
    more: [ndarray([-1], []), ndarray([2], [])],
    shape: [1, 3],
    values: [-1, 0, 2],
  },
  {
    operator: 'Clip',
    x: row(-3, 0, 3),
    attributes: { min: { float: -1 } },
    opset: 6,
    shape: [1, 3],
    values: [-1, 0, 3],
  },
  { operator: 'HardSigmoid', x: row(-5, 1, 5), shape: [1, 3], values: [0, 0.7, 1] },
  { operator: 'Softplus', x: row(0), shape: [1, 1], values: [Math.LN2] },
  { operator: 'Softsign', x: row(-1, 3), shape: [1, 2], values: [-0.5, 0.75] },
  { operator: 'Gelu', x: row(1), opset: 20, shape: [1, 1], values: [0.8413447460685429] },
  {
    operator: 'Gelu',
    x: row(1),
    attributes: { approximate: 'tanh' },
    opset: 20,
    shape: [1, 1],
    values: [0.8411919906082768],
  },
  { operator: 'CastLike', x: row(-1.5, 2.5), more: [[7]], opset: 15, shape: [1, 2], values: [-1, 2] },
  { operator: 'Reciprocal', x: row(4), shape: [1, 1], values: [0.25] },
  { operator: 'Round', x: row(-1.5, -0.5, 0.5, 1.5, 2.5, 2.6), shape: [1, 6], values: [-2, 0, 0, 2, 2, 3] },
  { operator: 'Ceil', x: row(-1.5, 1.2), shape: [1, 2], values: [-1, 2] },
  { operator: 'Pow', x: row(-2, 3), more: [ndarray([3], [])], shape: [1, 2], values: [-8, 27] },
  { operator: 'Pow', x: row(-2, -2, 4), more: [ndarray([3, 2, 0.5], [3])], shape: [1, 3], values: [-8, 4, 2] },
  { operator: 'Mod', x: row(-7, 7), more: [ndarray([3], [])], shape: [1, 2], values: [2, 1] },
  { operator: 'Mod', x: row(-7, 7), more: [ndarray([3], [])], attributes: { fmod: 1 }, shape: [1, 2], values: [-1, 1] },
  { operator: 'Max', x: row(-7, 7), more: [ndarray([3], []), ndarray([4], [])], shape: [1, 2], values: [4, 7] },
  { operator: 'Mean', x: row(-7, 7), more: [ndarray([1], []), ndarray([3], [])], shape: [1, 2], values: [-1, 11 / 3] },
  {
    operator: 'Add',
    x: counting([1, 2, 2]),
    more: [ndarray([10, 20], [2])],
    attributes: { broadcast: 1, axis: 1 },
    opset: 6,
    shape: [1, 2, 2],
    values: [11, 12, 23, 24],
  },
  {
    operator: 'Add',
    x: counting([1, 2, 2]),
    more: [ndarray([10, 20], [2])],
    attributes: { broadcast: 1 },
    opset: 6,
    shape: [1, 2, 2],
    values: [11, 22, 13, 24],
  },
  {
    operator: 'Softmax',
    x: ndarray([0, Math.log(2), 0, Math.log(4)], [1, 2, 2]),
    opset: 11,
    shape: [1, 2, 2],
    values: [1 / 8, 2 / 8, 1 / 8, 4 / 8],
  },
  {
    operator: 'Softmax',
    x: ndarray([0, Math.log(2), 0, Math.log(4)], [1, 2, 2]),
    shape: [1, 2, 2],
    values: [1 / 3, 2 / 3, 1 / 5, 4 / 5],
  },
  { operator: 'ReduceSum', x: counting([1, 2, 2]), more: [[2]], shape: [1, 2, 1], values: [3, 7] },
  {
    operator: 'ReduceSum',
    x: counting([1, 2, 2]),
    attributes: { axes: [-1], keepdims: 0 },
    opset: 11,
    shape: [1, 2],
    values: [3, 7],
  },
  { operator: 'ReduceProd', x: counting([1, 2, 2]), attributes: { axes: [1] }, shape: [1, 1, 2], values: [3, 8] },
  { operator: 'ReduceL2', x: ndarray([3, 4], [1, 2]), attributes: { axes: [1] }, shape: [1, 1], values: [5] },
  {
    operator: 'ReduceSum',
    x: counting([1, 2]),
    attributes: { noop_with_empty_axes: 1 },
    shape: [1, 2],
    values: [1, 2],
  },
  { operator: 'Reshape', x: counting([1, 2, 3]), more: [[0, -1, 2]], shape: [1, 3, 2], values: [1, 2, 3, 4, 5, 6] },
  { operator: 'Flatten', x: counting([1, 2, 3]), attributes: { axis: 2 }, shape: [2, 3], values: [1, 2, 3, 4, 5, 6] },
  { operator: 'Squeeze', x: counting([1, 1, 2]), more: [[1]], shape: [1, 2], values: [1, 2] },
  {
    operator: 'Unsqueeze',
    x: counting([1, 2]),
    attributes: { axes: [-1] },
    opset: 11,
    shape: [1, 2, 1],
    values: [1, 2],
  },
  { operator: 'Slice', x: counting([1, 6]), more: [[-1], [-100], [1], [-2]], shape: [1, 3], values: [6, 4, 2] },
  { operator: 'Slice', x: counting([1, 6]), more: [[1], [2 ** 40], [1], [2]], shape: [1, 3], values: [2, 4, 6] },
  {
    operator: 'Slice',
    x: counting([1, 6]),
    attributes: { starts: [2], ends: [-1], axes: [1] },
    opset: 6,
    shape: [1, 3],
    values: [3, 4, 5],
  },
  {
    operator: 'Pad',
    x: counting([1, 3]),
    more: [[0, 2, 0, 1], ndarray([9], [])],
    shape: [1, 6],
    values: [9, 9, 1, 2, 3, 9],
  },
  {
    operator: 'Pad',
    x: counting([1, 3]),
    attributes: { pads: [0, 2, 0, 2], mode: 'reflect' },
    opset: 6,
    shape: [1, 7],
    values: [3, 2, 1, 2, 3, 2, 1],
  },
  {
    operator: 'Pad',
    x: counting([1, 3]),
    attributes: { pads: [0, 1, 0, 2], mode: 'edge' },
    opset: 6,
    shape: [1, 6],
    values: [1, 1, 2, 3, 3, 3],
  },
  { operator: 'Pad', x: counting([1, 3]), more: [[0, -1, 0, 1]], shape: [1, 3], values: [2, 3, 0] },
  { operator: 'Tile', x: counting([1, 2]), more: [[2, 2]], shape: [2, 4], values: [1, 2, 1, 2, 1, 2, 1, 2] },
  { operator: 'Expand', x: counting([1, 2]), more: [[3, 1]], shape: [3, 2], values: [1, 2, 1, 2, 1, 2] },
  { operator: 'Gather', x: counting([1, 3]), more: [[-1, 0]], attributes: { axis: 1 }, shape: [1, 2], values: [3, 1] },
  { operator: 'Transpose', x: counting([1, 2, 2]), shape: [2, 2, 1], values: [1, 3, 2, 4] },
  {
    operator: 'DepthToSpace',
    x: counting([1, 4, 1, 1]),
    attributes: { blocksize: 2 },
    shape: [1, 1, 2, 2],
    values: [1, 2, 3, 4],
  },
  {
    operator: 'DepthToSpace',
    x: counting([1, 8, 1, 1]),
    attributes: { blocksize: 2, mode: 'CRD' },
    shape: [1, 2, 2, 2],
    values: [1, 2, 3, 4, 5, 6, 7, 8],
  },
  {
    operator: 'DepthToSpace',
    x: counting([1, 8, 1, 1]),
    attributes: { blocksize: 2 },
    shape: [1, 2, 2, 2],
    values: [1, 3, 5, 7, 2, 4, 6, 8],
  },
  {
    operator: 'SpaceToDepth',
    x: counting([1, 1, 2, 2]),
    attributes: { blocksize: 2 },
    shape: [1, 4, 1, 1],
    values: [1, 2, 3, 4],
  },
  {
    operator: 'Resize',
    x: counting([1, 1, 1, 2]),
    more: [undefined, ndarray([1, 1, 1, 2], [4])],
    attributes: { mode: 'linear' },
    shape: [1, 1, 1, 4],
    values: [1, 1.25, 1.75, 2],
  },
  {
    operator: 'Resize',
    x: counting([1, 1, 1, 2]),
    more: [undefined, undefined, [1, 1, 1, 3]],
    attributes: { mode: 'linear', coordinate_transformation_mode: 'align_corners' },
    shape: [1, 1, 1, 3],
    values: [1, 1.5, 2],
  },
  {
    operator: 'Upsample',
    x: counting([1, 1, 1, 2]),
    attributes: { scales: { floats: [1, 1, 1, 2] } },
    opset: 7,
    shape: [1, 1, 1, 4],
    values: [1, 1, 2, 2],
  },
  {
    operator: 'Gemm',
    x: row(1, 2),
    more: [ndarray([1, 2, 3, 4], [2, 2]), ndarray([10], [1])],
    attributes: { transB: 1, alpha: { float: 2 }, beta: { float: 3 } },
    shape: [1, 2],
    values: [40, 52],
  },
  { operator: 'MatMul', x: row(1, 2), more: [ndarray([3, 4], [2])], shape: [1], values: [11] },
  {
    operator: 'Einsum',
    x: counting([1, 2, 2]),
    more: [counting([2, 2])],
    attributes: { equation: 'bij,jk->bki' },
    shape: [1, 2, 2],
    values: [7, 15, 10, 22],
  },
  { operator: 'Einsum', x: counting([1, 2]), attributes: { equation: 'ij' }, shape: [1, 2], values: [1, 2] },
  {
    operator: 'LayerNormalization',
    x: row(1, 3),
    more: [ndarray([2, 2], [2]), ndarray([1, 1], [2])],
    attributes: { epsilon: 0.25 },
    shape: [1, 2],
    values: [1 - 2 / Math.sqrt(1.25), 1 + 2 / Math.sqrt(1.25)],
  },
  {
    operator: 'InstanceNormalization',
    x: ndarray([1, 3], [1, 1, 2]),
    more: [ndarray([2], [1]), ndarray([1], [1])],
    attributes: { epsilon: 0.25 },
    shape: [1, 1, 2],
    values: [1 - 2 / Math.sqrt(1.25), 1 + 2 / Math.sqrt(1.25)],
  },
  {
    operator: 'GroupNormalization',
    x: ndarray([1, 3], [1, 2, 1]),
    more: [ndarray([2], [1]), ndarray([1], [1])],
    attributes: { epsilon: 0.25, num_groups: 1 },
    opset: 18,
    shape: [1, 2, 1],
    values: [1 - 2 / Math.sqrt(1.25), 1 + 2 / Math.sqrt(1.25)],
  },
  {
    operator: 'LRN',
    x: ndarray([1, 2, 3], [1, 3, 1, 1]),
    attributes: { size: 3, alpha: { float: 3 }, beta: { float: 1 }, bias: { float: 1 } },
    shape: [1, 3, 1, 1],
    values: [1 / 6, 2 / 15, 3 / 14],
  },
  {
    operator: 'Conv',
    x: counting([1, 1, 3]),
    more: [ndarray([1, 10], [1, 1, 2])],
    attributes: { pads: [1, 0] },
    shape: [1, 1, 3],
    values: [10, 21, 32],
  },
  {
    operator: 'Conv',
    x: counting([1, 1, 3]),
    more: [ndarray([1, 10], [1, 1, 2])],
    attributes: { auto_pad: 'SAME_UPPER' },
    shape: [1, 1, 3],
    values: [21, 32, 3],
  },
  {
    operator: 'ConvTranspose',
    x: counting([1, 1, 2]),
    more: [ndarray([1, 10], [1, 1, 2])],
    attributes: { strides: [2], output_padding: [1] },
    shape: [1, 1, 5],
    values: [1, 10, 2, 20, 0],
  },
  {
    operator: 'AveragePool',
    x: counting([1, 1, 3]),
    attributes: { kernel_shape: [2], pads: [1, 0] },
    shape: [1, 1, 3],
    values: [1, 1.5, 2.5],
  },
  {
    operator: 'AveragePool',
    x: counting([1, 1, 3]),
    attributes: { kernel_shape: [2], pads: [1, 0], count_include_pad: 1 },
    shape: [1, 1, 3],
    values: [0.5, 1.5, 2.5],
  },
  {
    operator: 'MaxPool',
    x: counting([1, 1, 3]),
    attributes: { kernel_shape: [2], strides: [2], ceil_mode: 1 },
    shape: [1, 1, 2],
    values: [2, 3],
  },
  {
    operator: 'LpPool',
    x: ndarray([3, 4, 0], [1, 1, 3]),
    attributes: { kernel_shape: [2] },
    shape: [1, 1, 2],
    values: [5, 4],
  },
  { operator: 'GlobalMaxPool', x: counting([1, 2, 2]), shape: [1, 2, 1], values: [2, 4] },
  {
    operator: 'BatchNormalization',
    x: ndarray([1, 3], [2, 1]),
    more: [ndarray([2], [1]), ndarray([1], [1]), ndarray([1], [1]), ndarray([3.75], [1])],
    attributes: { epsilon: 0.25 },
    shape: [2, 1],
    values: [1, 3],
  },
];

describe('one operator', () => {
  test.each(cases.map((each, i) => [`${each.operator} (${i})`, each] as const))('%s', async (_, each) => {
    const { shape, data } = await outputOf(each);
    expect(shape).toEqual(each.shape);
    each.values.forEach((value, i) => expect(data[i]).toBeCloseTo(value, 7));
  });
});
