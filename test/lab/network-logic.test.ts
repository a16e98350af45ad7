import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { conditionNumber } from 'ntkit/ntk';
import { format } from 'ntkit/report';
import { elementwiseRows, Generator, InputError, ndarray, ShapeError } from 'ntkit/tensor';
import { encodeNpy } from '../../src/data/index.ts';
import { kappaText, remarkOn, shareText } from '../../web/src/ui/conditionNumber.ts';
import { arrayBatch, firstOf, makeBatch } from '../../web/src/rooms/network/batch.ts';
import { commandOf } from '../../web/src/rooms/network/command.ts';
import type { KernelRequest } from '../../web/src/rooms/network/request.ts';
import { lineOf } from '../../web/src/lineOf.ts';
import { inventoryOf, KINKS, readNetwork } from '../../web/src/rooms/network/network.ts';
import { FLOAT, floats, modelBytes } from '../support/onnxModel.ts';

const open = (name: string) => {
  const bytes = readFileSync(new URL(`../onnx/models/${name}`, import.meta.url));
  return inventoryOf(readNetwork({ name, bytes, beside: [] }), bytes.length, 1);
};
const fact = ({ facts }: ReturnType<typeof open>, label: string) => new Map(facts).get(label);

/** x·W of vectors of an open or a declared length. */
const linear = (extents: readonly (number | string)[], inputs: Record<string, readonly (number | string)[]> = {}) =>
  modelBytes({
    ...{ inputs: { x: extents, ...inputs }, outputs: ['y'], inputType: FLOAT },
    initializers: { 'fc.weight': floats(new Generator(1).normals([4, 2], { dtype: 'float32' })) },
    steps: [{ operator: 'MatMul', inputs: ['x', 'fc.weight'], outputs: ['y'] }],
  });
const vectors = readNetwork({ name: 'linear.onnx', bytes: linear(['N', 4]), beside: [] });
const noImages = () => Promise.reject(new Error('not asked for'));

describe('what is in a network', () => {
  it('counts its kinks: ReLU6 is clipping, and attention has none', () => {
    expect(fact(open('mobilenet-v2.onnx'), 'kinks')).toMatch(/^clipping in 8 places, of [\d,]+ inputs$/);
    expect(fact(open('vgg-bn.onnx'), 'kinks')).toMatch(/^ReLU in 5 places, .*; max pooling in 3 places, /);
    expect(fact(open('vit.onnx'), 'kinks')).toBe('none');
  });

  it('knows every function with a kink', () => {
    const rows = Object.entries(elementwiseRows) as [string, { kinks?: unknown; apart?: unknown }][];
    const bent = rows.filter(([, { kinks, apart }]) => kinks ?? apart).map(([name]) => name);
    // Steps have no slope on either side; softplus is a straight line beyond 20 to 1e-9; powers and quotients have poles.
    const others = ['floor', 'sign', 'less', 'lessEqual', 'equal', 'softplus', 'reluGradient'];
    expect(bent.filter((name) => !(name in KINKS) && !others.includes(name))).toEqual([]);
  });

  it('has layers with tensors, some of which are weights', () => {
    const { layers, parameters, weights, outputs, sample } = open('resnet-bn.onnx');
    expect(layers[0]).toEqual({ name: 'stem.0', tensors: [{ name: 'weight', shape: [8, 3, 3, 3] }], numbers: 216 });
    expect(layers.reduce((sum, { numbers }) => sum + numbers, 0)).toBe(parameters);
    expect([parameters, weights, outputs, sample]).toEqual([19_789, 19_616, 5, [3, 32, 32]]);
  });

  it('of a network of several inputs is refused in one line', () => {
    const bytes = modelBytes({
      ...{ inputs: { a: ['N', 2], b: ['N', 2] }, outputs: ['y'] },
      steps: [{ operator: 'Add', inputs: ['a', 'b'], outputs: ['y'] }],
    });
    expect(() => readNetwork({ name: 'two.onnx', bytes, beside: [] })).toThrow(
      new InputError('two.onnx: expected a network of one input, got 2: a, b'),
    );
  });
});

describe('the command', () => {
  const file = { file: 'my case.safetensors', ownBatch: 8 };
  const request = (source: KernelRequest['batch']['source'], size: number): KernelRequest => ({
    ...{ opened: 1, batch: { source, size, seed: 0, dropped: 0 }, mode: 'train', outputs: 'sum', parameters: 'weight' },
    ...{ backend: 'wasm', dtype: 'float32', by: 'layer' },
  });

  it('names the file as the source of its first samples: a size alone draws normal numbers', () => {
    const name = "'my case.safetensors'";
    expect(commandOf(file, request('file', 8))).toBe(`ntkit ntk ${name} --mode train`);
    expect(commandOf(file, request('file', 4))).toBe(`ntkit ntk ${name} --images ${name} --batch-size 4 --mode train`);
    expect(commandOf(file, request('normal', 8))).toBe(`ntkit ntk ${name} --batch-size 8 --mode train`);
  });
});

describe('κ in words', () => {
  const told = (eigenvalues: readonly number[]) => {
    const n = eigenvalues.length;
    const matrix = Float64Array.from({ length: n * n }, (_, k) => (k % (n + 1) === 0 ? eigenvalues[k / (n + 1)] : 0));
    return conditionNumber(ndarray(matrix, [n, n]), { dtype: 'float32' });
  };

  it('is its lower bound where λmin is lost in the noise, and nothing where Θ is 0', () => {
    expect(kappaText(told([6, 2]))).toBe('3.000');
    expect(remarkOn(told([6, 2]))).toBeUndefined();
    const lost = told([1, 1e-20]);
    expect(lost.kappa).toBeGreaterThan(10 * lost.kappaLowerBound);
    expect(kappaText(lost)).toBe(`≥ ${format(lost.kappaLowerBound)}`);
    expect(remarkOn(lost)).toMatch(/^λmin is lost in rounding/);
    expect(kappaText(told([0, 0]))).toBe('none');
    expect(remarkOn(told([0, 0]))).toMatch(/^Θ is 0/);
  });

  it('has shares of positive totals only', () => {
    expect(shareText(1, 4)).toBe('25.0 %');
    for (const whole of [0, -1, NaN]) expect(shareText(0, whole)).toBe('–');
  });
});

describe('a batch', () => {
  const request = { size: 3, seed: 4, dropped: 0 };

  it('of normal numbers is what the command draws', async () => {
    const { x } = await makeBatch(vectors, { ...request, source: 'normal' }, undefined, noImages);
    expect(x).toEqual(new Generator(4).normals([3, 4], { dtype: 'float32' }));
  });

  it('of an array is its first samples', async () => {
    const array = new Generator(0).normals([5, 4]);
    const dropped = arrayBatch(encodeNpy(array), 'x.npy');
    const { x, view } = await makeBatch(vectors, { ...request, source: 'dropped' }, dropped, noImages);
    expect(x).toEqual(firstOf(array, 3));
    expect(x.data).toHaveLength(12);
    expect(view.names).toEqual(['sample 1', 'sample 2', 'sample 3']);
    expect(() => arrayBatch(encodeNpy({ ...array, shape: [20] }), 'x.npy')).toThrow(
      'x.npy: expected a batch of two samples or more, got an array of shape [20]',
    );
  });

  it.each([
    ['file', 'linear.onnx: the file holds no batch; choose another source of images'],
    ['sample', 'linear.onnx: expected a network of images, [N, C, H, W], got samples of shape [4]'],
    ['dropped', 'images: none were dropped in; choose another source'],
  ] as const)('that a network does not have is refused: %s', async (source, message) => {
    const images = () => Promise.resolve(undefined as never);
    await expect(makeBatch(vectors, { ...request, source }, undefined, images)).rejects.toThrow(
      new InputError(message),
    );
  });

  it('of a network with an open shape has to be dropped in', async () => {
    const free = readNetwork({ name: 'free.onnx', bytes: linear(['N', 'D']), beside: [] });
    expect(inventoryOf(free, 10, 1)).toMatchObject({ sample: undefined, outputs: undefined });
    await expect(makeBatch(free, { ...request, source: 'normal' }, undefined, noImages)).rejects.toThrow(
      'free.onnx: the file leaves the shape of a sample open; drop in a batch as .npy',
    );
  });
});

it('anything that is thrown becomes one line', () => {
  expect(lineOf(new ShapeError('a: b'))).toBe('a: b');
  expect(lineOf(new RangeError('Array buffer allocation failed'))).toBe(
    'not enough memory: Array buffer allocation failed',
  );
  expect(lineOf(new TypeError('a\n  b'))).toBe('TypeError: a b');
  expect(lineOf('x')).toBe('x');
});
