import { describe, expect, test } from 'vitest';
import { forward } from '../../src/nn/index.ts';
import { parseOnnx } from '../../src/onnx/index.ts';
import { create } from '@bufbuild/protobuf';
import { TensorProto_DataLocation, TensorProtoSchema } from 'onnx-buf';
import { ndarray, NtkitError } from '../../src/tensor/index.ts';
import { floats, int64s, modelBytes, type ModelParts, type Step } from '../support/onnxModel.ts';

const weight = ndarray([1, 2, 3, 4], [2, 2]);

const linear: ModelParts = {
  inputs: { x: ['N', 2] },
  initializers: { w: floats(weight) },
  steps: [{ operator: 'MatMul', inputs: ['x', 'w'], outputs: ['y'] }],
  outputs: ['y'],
};
const parse = (parts: Partial<ModelParts>) => parseOnnx(modelBytes({ ...linear, ...parts }), 'm.onnx');
const text = (content: string) => new TextEncoder().encode(content);

describe('a file that is not a model, or a model that cannot be computed, is refused in one line', () => {
  test.each<[string, () => unknown, string | RegExp]>([
    [
      'an empty file',
      () => parseOnnx(new Uint8Array(0), 'm.onnx'),
      'm.onnx: not an ONNX model: looks like an empty file',
    ],
    ['a text', () => parseOnnx(text('hello'), 'm.onnx'), 'm.onnx: not an ONNX model: looks like a text'],
    [
      'a cut file',
      () => parseOnnx(modelBytes(linear).slice(0, 60), 'm.onnx'),
      /^m\.onnx: not an ONNX model, or one that is damaged or cut off: /,
    ],
    ['an operator set before 6', () => parse({ opset: 5 }), 'm.onnx: opset: expected a version from 6 to 22, got 5'],
    ['one after 22', () => parse({ opset: 23 }), 'm.onnx: opset: expected a version from 6 to 22, got 23'],
    [
      'operators that are not there, all of them',
      () =>
        parse({
          steps: [
            { operator: 'Loop', inputs: ['x'], outputs: ['a'] },
            { operator: 'Loop', inputs: ['a'], outputs: ['b'] },
            { operator: 'Gelu', domain: 'com.microsoft', inputs: ['b'], outputs: ['y'] },
          ],
        }),
      'm.onnx: operators that ntkit does not have: Loop (a, b); com.microsoft.Gelu (y)',
    ],
    [
      'an attribute that no operator set has',
      () => parse({ steps: [{ operator: 'Relu', inputs: ['x'], outputs: ['y'], attributes: { slope: 1 } }] }),
      'm.onnx: Relu of y: attributes in operator set 17: expected no attributes, got slope',
    ],
    [
      'an attribute of another operator set',
      () => parse({ steps: [{ operator: 'Squeeze', inputs: ['x'], outputs: ['y'], attributes: { axes: [0] } }] }),
      'm.onnx: Squeeze of y: attributes in operator set 17: expected no attributes, got axes',
    ],
    [
      'an attribute that is missing',
      () => parse({ steps: [{ operator: 'Concat', inputs: ['x', 'x'], outputs: ['y'] }] }),
      'm.onnx: Concat of y: attribute axis: expected a value, got none',
    ],
    [
      'an input too many',
      () => parse({ steps: [{ operator: 'MatMul', inputs: ['x', 'w', 'w'], outputs: ['y'] }] }),
      'm.onnx: MatMul of y: expected 2 inputs in operator set 17, got 3',
    ],
    [
      'an input too few',
      () => parse({ steps: [{ operator: 'Conv', inputs: ['x', ''], outputs: ['y'] }] }),
      'm.onnx: Conv of y: expected 2 to 3 inputs in operator set 17, got 1',
    ],
    [
      'an output too many',
      () => parse({ steps: [{ operator: 'MatMul', inputs: ['x', 'w'], outputs: ['y', 'z'] }] }),
      'm.onnx: MatMul of y: expected at most 1 outputs, got 2',
    ],
    [
      'a name that nothing gives',
      () => parse({ steps: [{ operator: 'MatMul', inputs: ['x', 'v'], outputs: ['y'] }] }),
      'm.onnx: MatMul of y: reads "v", which nothing gives',
    ],
    [
      'a cycle',
      () =>
        parse({
          steps: [
            { operator: 'Add', inputs: ['x', 'y'], outputs: ['a'] },
            { operator: 'Relu', inputs: ['a'], outputs: ['y'] },
          ],
        }),
      'm.onnx: Add of a: reads "y", which a later node gives: the graph has a cycle, or is out of order',
    ],
    ['an output that nothing gives', () => parse({ outputs: ['z'] }), 'm.onnx: output "z": no node computes it'],
    [
      'a name given twice',
      () => parse({ steps: [...linear.steps, ...linear.steps] }),
      'm.onnx: MatMul of y: expected a new name, got "y" a second time',
    ],
    [
      'fewer numbers than the shape has',
      () => parse({ initializers: { w: { ...floats(weight), dims: [2n, 3n] } } }),
      'm.onnx: initializer w: expected 6 numbers of double for shape [2, 3], got 32 bytes',
    ],
    [
      'an enormous shape',
      () => parse({ initializers: { w: { ...floats(weight), dims: [2n ** 40n, 2n] } } }),
      /^m\.onnx: initializer w: expected 2199023255552 numbers of double/,
    ],
    [
      'a tensor of texts',
      () => parse({ initializers: { w: create(TensorProtoSchema, { dims: [1n], dataType: 8 }) } }),
      /^m\.onnx: initializer w: element type: expected float, .*, got string$/,
    ],
    [
      'data in a file that is not there',
      () =>
        parse({
          initializers: {
            w: create(TensorProtoSchema, {
              dims: [1n],
              dataType: 1,
              dataLocation: TensorProto_DataLocation.EXTERNAL,
              externalData: [{ key: 'location', value: 'w.bin' }],
            }),
          },
        }),
      'm.onnx: initializer w: external data: expected the file "w.bin" beside the model, got none',
    ],
  ])('%s', (_, build, message) => {
    expect(build).toThrow(NtkitError);
    expect(build).toThrow(message);
  });

  test.each<[string, Partial<ModelParts>, readonly number[], string | RegExp]>([
    ['a batch of the wrong shape', {}, [4, 3], 'm.onnx: input x: expected shape [N, 2], got [4, 3]'],
    [
      'an attribute of another type',
      { steps: [{ operator: 'LeakyRelu', inputs: ['x'], outputs: ['y'], attributes: { alpha: 'a' } }] },
      [4, 2],
      'm.onnx: LeakyRelu of y: attribute alpha: expected a number, got STRING',
    ],
    [
      'a shape that depends on the input',
      { steps: [{ operator: 'Reshape', inputs: ['x', 'x'], outputs: ['y'] }] },
      [4, 2],
      'm.onnx: Reshape of y: input 1: expected constants, got values that depend on the input or parameters',
    ],
    [
      'pixels in three dimensions',
      {
        inputs: { x: ['N', 1, 2, 2, 2] },
        initializers: { w: floats(ndarray([1], [1, 1, 1, 1, 1])) },
        steps: [{ operator: 'Conv', inputs: ['x', 'w'], outputs: ['y'] }],
      },
      [1, 1, 2, 2, 2],
      'm.onnx: Conv of y: expected an input [N, C, L] or [N, C, H, W], got 5 dimensions',
    ],
    [
      'a table that would be enormous',
      {
        initializers: { n: int64s([2 ** 20, 2 ** 20]), i: int64s([0]) },
        steps: [
          { operator: 'ConstantOfShape', inputs: ['n'], outputs: ['big'] },
          { operator: 'Reshape', inputs: ['x', 'big'], outputs: ['y'] },
        ],
      },
      [4, 2],
      'm.onnx: ConstantOfShape of big: expected at most 1073741824 numbers, got shape [1048576, 1048576]',
    ],
    [
      'a table that would take long',
      {
        initializers: { n: int64s([2 ** 14, 2 ** 14]) },
        steps: [
          { operator: 'ConstantOfShape', inputs: ['n'], outputs: ['big'] },
          { operator: 'ReduceSum', inputs: ['big'], outputs: ['sum'], attributes: { keepdims: 0 } },
          { operator: 'Expand', inputs: ['x', 'sum'], outputs: ['y'] },
        ],
      },
      [4, 2],
      'm.onnx: Expand of y: input 1: expected at most 4194304 numbers to be computed beforehand, got shape [16384, 16384]',
    ],
    [
      'a product that would take long',
      {
        initializers: { n: int64s([2 ** 11, 2 ** 11]) },
        steps: [
          { operator: 'ConstantOfShape', inputs: ['n'], outputs: ['big'] },
          { operator: 'MatMul', inputs: ['big', 'big'], outputs: ['product'] },
          { operator: 'Reshape', inputs: ['x', 'product'], outputs: ['y'] },
        ],
      },
      [4, 2],
      /m\.onnx: Reshape of y: input 1: expected at most 268435456 operations to be done beforehand, got 8\d{9}$/,
    ],
    ...(
      [
        ['Expand', [2 ** 20, 2 ** 20, 1, 1], {}],
        ['Tile', [2 ** 20, 2 ** 20, 1, 1], {}],
        ['Pad', [0, 0, 2 ** 20, 2 ** 20, 0, 0, 0, 0], {}],
        ['Pad', [0, 0, 2 ** 40, 0, 0, 0, 0, 0], { mode: 'edge' }],
        ['AveragePool', undefined, { kernel_shape: [1, 1], pads: [0, 0, 2 ** 20, 2 ** 20] }],
        ['MaxPool', undefined, { kernel_shape: [2 ** 20, 2 ** 20], pads: [2 ** 20, 2 ** 20, 2 ** 20, 2 ** 20] }],
      ] satisfies [string, number[] | undefined, NonNullable<Step['attributes']>][]
    ).map(([operator, list, attributes]): [string, Partial<ModelParts>, readonly number[], RegExp] => [
      `an enormous ${operator} ${JSON.stringify(attributes)}`,
      {
        inputs: { x: ['N', 1, 2, 2] },
        initializers: { list: int64s(list ?? []) },
        steps: [{ operator, inputs: list ? ['x', 'list'] : ['x'], outputs: ['y'], attributes }],
      },
      [1, 1, 2, 2],
      new RegExp(`m\\.onnx: ${operator} of y: .*expected at most \\d+ numbers, got`),
    ]),
    [
      'an attribute that would be other numbers',
      {
        inputs: { x: ['N', 1, 2, 2] },
        initializers: { s: floats(ndarray([1, 1, 2, 2], [4], 'float32')) },
        steps: [
          { operator: 'Resize', inputs: ['x', '', 's'], outputs: ['y'], attributes: { mode: 'linear', antialias: 1 } },
        ],
        opset: 18,
      },
      [1, 1, 2, 2],
      'm.onnx: Resize of y: antialias: expected 0, got 1',
    ],
    [
      'a choice that is none',
      {
        inputs: { x: ['N', 1, 2, 2] },
        steps: [
          {
            operator: 'MaxPool',
            inputs: ['x'],
            outputs: ['y'],
            attributes: { kernel_shape: [1, 1], auto_pad: 'SAME' },
          },
        ],
      },
      [1, 1, 2, 2],
      'm.onnx: MaxPool of y: auto_pad: expected NOTSET, VALID, SAME_UPPER, SAME_LOWER, got SAME',
    ],
    [
      'a kernel that is not that of its weight',
      {
        inputs: { x: ['N', 1, 2, 2] },
        initializers: { w: floats(ndarray([1], [1, 1, 1, 1])) },
        steps: [{ operator: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { kernel_shape: [2, 2] } }],
      },
      [1, 1, 2, 2],
      'm.onnx: Conv of y: kernel_shape: expected that of the weight, [1, 1], got [2, 2]',
    ],
    [
      'statistics a pixel',
      {
        inputs: { x: ['N', 1] },
        initializers: { v: floats(ndarray([1], [1])) },
        steps: [
          {
            operator: 'BatchNormalization',
            inputs: ['x', 'v', 'v', 'v', 'v'],
            outputs: ['y'],
            attributes: { spatial: 0 },
          },
        ],
        opset: 8,
      },
      [4, 1],
      'm.onnx: BatchNormalization of y: spatial: expected statistics a channel, got some a pixel',
    ],
    [
      'a constant that is no number',
      {
        steps: [
          { operator: 'Constant', inputs: [], outputs: ['c'], attributes: { value_string: 'a' } },
          { operator: 'Add', inputs: ['x', 'c'], outputs: ['y'] },
        ],
      },
      [4, 2],
      'm.onnx: Constant of c: expected a value of numbers, got another',
    ],
    [
      'an output that an operator does not give',
      {
        initializers: { v: floats(ndarray([1, 1], [2])) },
        steps: [
          { operator: 'LayerNormalization', inputs: ['x', 'v'], outputs: ['', 'mean'] },
          { operator: 'Add', inputs: ['x', 'mean'], outputs: ['y'] },
        ],
      },
      [4, 2],
      'm.onnx: mean: its operator does not have this output',
    ],
    [
      'uneven parts before operator set 18',
      { steps: [{ operator: 'Split', inputs: ['x'], outputs: ['y', 'z'] }] },
      [3, 2],
      'm.onnx: Split of y: expected 2 equal parts, got an extent of 3',
    ],
    [
      'a shape that the tensor layer refuses',
      {
        initializers: { w: floats(ndarray([1, 2, 3], [3])) },
        steps: [{ operator: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      },
      [4, 2],
      /m\.onnx: Add of y: .*do not broadcast/,
    ],
    [
      'a network of two inputs',
      { inputs: { x: ['N', 2], z: ['N', 2] }, steps: [{ operator: 'Add', inputs: ['x', 'z'], outputs: ['y'] }] },
      [4, 2],
      'm.onnx: expected a network of one input, got 2: x, z',
    ],
  ])('%s, when it is applied', async (_, parts, shape, message) => {
    const x = ndarray(new Float64Array(shape.reduce((a, b) => a * b, 1)), shape);
    const applied = async () => forward(parse(parts), x, { dtype: 'float64' });
    await expect(applied()).rejects.toThrow(NtkitError);
    await expect(applied()).rejects.toThrow(message);
  });
});

test('external data are read from their offset', async () => {
  const file = new Uint8Array(Float32Array.of(9, 1, 2, 3, 4).buffer);
  const externalData = [
    { key: 'location', value: 'w.bin' },
    { key: 'offset', value: '4' },
    { key: 'length', value: '16' },
  ];
  const w = create(TensorProtoSchema, { dims: [2n, 2n], dataType: 1, dataLocation: TensorProto_DataLocation.EXTERNAL });
  const bytes = modelBytes({
    ...linear,
    initializers: {
      w: { ...w, externalData: externalData.map((e) => ({ $typeName: 'onnx.StringStringEntryProto', ...e })) },
    },
  });
  const network = parseOnnx(bytes, 'm.onnx', { externalData: (location) => (location === 'w.bin' ? file : undefined) });
  const y = await forward(network, ndarray([1, 1], [1, 2]));
  expect([...y.data]).toEqual([4, 6]);
});
