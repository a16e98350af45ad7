import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { vjp } from '../../src/autodiff/index.ts';
import * as nn from '../../src/nn/index.ts';
import {
  type Backend,
  cast,
  constant,
  type DType,
  evaluate,
  type NDArray,
  referenceBackend,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';

// Every layer against PyTorch in float64: test/torch/layers.py.

const { tensors } = nn.parseSafetensors(readFileSync(new URL('../torch/layers.safetensors', import.meta.url)));

/** The layers of the script's cases, by the names that it gives them. */
const layers: Readonly<Record<string, () => nn.Module>> = {
  Flatten: () => new nn.Flatten(),
  'Flatten 2': () => new nn.Flatten(2),
  'Flatten 0 1': () => new nn.Flatten(0, 1),
  Unflatten: () => new nn.Unflatten(1, [2, -1]),
  ZeroPad2d: () => new nn.ZeroPad2d([1, 2, 0, 3]),
  Linear: () => new nn.Linear(4, 3),
  'Linear sequence': () => new nn.Linear(5, 2),
  'Linear without bias': () => new nn.Linear(4, 3, { bias: false }),
  Conv2d: () => new nn.Conv2d(4, 6, [3, 2], { stride: [1, 2], padding: [1, 0], groups: 2 }),
  'Conv2d dilated': () => new nn.Conv2d(4, 2, 2, { padding: 1, dilation: 2, bias: false }),
  'Conv2d same': () => new nn.Conv2d(4, 2, [2, 3], { padding: 'same', dilation: [1, 2] }),
  Conv1d: () => new nn.Conv1d(4, 6, 3, { stride: 2, padding: 2, dilation: 2, groups: 2 }),
  ConvTranspose2d: () => new nn.ConvTranspose2d(4, 6, 3, { stride: 2, padding: 1, outputPadding: 1, groups: 2 }),
  'ConvTranspose2d dilated': () => new nn.ConvTranspose2d(4, 2, [2, 3], { dilation: 2, bias: false }),
  BatchNorm2d: () => new nn.BatchNorm2d(4, { eps: 0.01, momentum: 0.3 }),
  'BatchNorm2d plain': () => new nn.BatchNorm2d(4, { affine: false, trackRunningStats: false }),
  BatchNorm1d: () => new nn.BatchNorm1d(4),
  'BatchNorm1d sequence': () => new nn.BatchNorm1d(4, { eps: 0.1 }),
  GroupNorm: () => new nn.GroupNorm(2, 4, { eps: 0.02 }),
  'GroupNorm vector': () => new nn.GroupNorm(2, 8, { affine: false }),
  LayerNorm: () => new nn.LayerNorm(5, { eps: 0.03 }),
  'LayerNorm 2': () => new nn.LayerNorm([3, 3]),
  'LayerNorm plain': () => new nn.LayerNorm(4, { elementwiseAffine: false }),
  InstanceNorm2d: () => new nn.InstanceNorm2d(4, { eps: 0.04 }),
  'InstanceNorm2d tracked': () => new nn.InstanceNorm2d(4, { momentum: 0.2, affine: true, trackRunningStats: true }),
  AvgPool2d: () => new nn.AvgPool2d(2, { stride: 1, padding: 1 }),
  'AvgPool2d uncounted': () => new nn.AvgPool2d([3, 2], { stride: 2, padding: [1, 0], countIncludePad: false }),
  'AvgPool2d ceil': () => new nn.AvgPool2d(2, { padding: 1, ceilMode: true }),
  MaxPool2d: () => new nn.MaxPool2d([2, 3], { stride: 1, padding: [1, 0] }),
  'MaxPool2d ceil': () => new nn.MaxPool2d(2, { ceilMode: true }),
  AvgPool1d: () => new nn.AvgPool1d(3, { stride: 2, padding: 1 }),
  MaxPool1d: () => new nn.MaxPool1d(2, { ceilMode: true }),
  AdaptiveAvgPool2d: () => new nn.AdaptiveAvgPool2d([3, 2]),
  'AdaptiveAvgPool2d divides': () => new nn.AdaptiveAvgPool2d(2),
  'AdaptiveAvgPool2d larger': () => new nn.AdaptiveAvgPool2d([4, 5]),
  Upsample: () => new nn.Upsample({ scaleFactor: 2 }),
  'Upsample size': () => new nn.Upsample({ size: [5, 2] }),
  'Upsample fraction': () => new nn.Upsample({ scaleFactor: 1.2 }),
  PReLU: () => new nn.PReLU(),
  'PReLU channels': () => new nn.PReLU(4),
  ReLU: () => new nn.ReLU(),
  ReLU6: () => new nn.ReLU6(),
  LeakyReLU: () => new nn.LeakyReLU(0.2),
  'LeakyReLU default': () => new nn.LeakyReLU(),
  ELU: () => new nn.ELU(1.3),
  Softplus: () => new nn.Softplus(),
  'Softplus beta': () => new nn.Softplus(2, 10),
  Sigmoid: () => new nn.Sigmoid(),
  Tanh: () => new nn.Tanh(),
  SiLU: () => new nn.SiLU(),
  GELU: () => new nn.GELU(),
  'GELU tanh': () => new nn.GELU({ approximate: 'tanh' }),
  Hardswish: () => new nn.Hardswish(),
  Hardsigmoid: () => new nn.Hardsigmoid(),
  Hardtanh: () => new nn.Hardtanh(-1, 2),
  Mish: () => new nn.Mish(),
  Softmax: () => new nn.Softmax(1),
  'Softmax last': () => new nn.Softmax(-1),
  LogSoftmax: () => new nn.LogSoftmax(1),
  Embedding: () => new nn.Embedding(7, 3),
  MultiheadAttention: () => new nn.MultiheadAttention(6, 2, { batchFirst: true }),
  'MultiheadAttention sequence first': () => new nn.MultiheadAttention(6, 3, { batchFirst: false, bias: false }),
};

test('every case of the script is compared', () => {
  const named = new Set([...tensors.keys()].map((name) => name.slice(0, name.indexOf('/'))));
  expect(new Set(Object.keys(layers))).toEqual(named);
});

const get = (name: string): NDArray => {
  const found = tensors.get(name);
  if (found === undefined) throw new Error(`${name}: not in layers.safetensors`);
  return found;
};

/** The entries with a prefix, by the rest of their names. */
const under = (prefix: string) =>
  [...tensors].flatMap(([name, value]) =>
    name.startsWith(`${prefix}/`) ? [[name.slice(prefix.length + 1), value] as const] : [],
  );

const load = (name: string): nn.Module => {
  const layer = layers[name]();
  nn.loadStateDict(layer, new Map(under(`${name}/state`)), name);
  return layer;
};

const cases = Object.keys(layers).flatMap((name) =>
  (['train', 'eval'] as const).map((mode) => {
    const stored = tensors.has(`${name}/both/output`) ? 'both' : mode;
    return { name, mode, expected: under(`${name}/${stored}`) };
  }),
);

const wasm = wasmBackend({ threads: 1 });
afterAll(() => wasm.close());

// float64: some 10² operations of ε = 1.1e-16 an element, gradients of sums of some 10² such terms: below 1e-13.
// float32: the same count with ε = 6e-8, measured against the largest element, is 1e-5.
const backends: readonly { backend: Backend; dtype: DType; tolerance: number; label: string }[] = [
  { backend: referenceBackend, dtype: 'float64', tolerance: 1e-12, label: 'reference' },
  { backend: wasm, dtype: 'float64', tolerance: 1e-12, label: 'wasm in float64' },
  { backend: wasm, dtype: 'float32', tolerance: 1e-5, label: 'wasm' },
];

describe.each(backends)('layers as PyTorch computes them, $label', ({ backend, dtype, tolerance }) => {
  test.each(cases)('$name, $mode: output and gradients', async ({ name, mode, expected }) => {
    const [layer, x] = [load(name), get(`${name}/input`)];
    const trace = new nn.Trace(layer, x.shape, { mode, dtype });
    const wanted = expected.flatMap(([key]) => (key.startsWith('gradient/') ? [key.slice('gradient/'.length)] : []));
    const parameters = trace.parameters(layer);
    // Both sides have the same gradients.
    expect(new Set(wanted)).toEqual(
      new Set([...(name.startsWith('Embedding') ? [] : ['input']), ...parameters.keys()]),
    );
    const inputs = wanted.map((key) => (key === 'input' ? trace.x : parameters.get(key)!));
    const cotangent = constant(cast(get(`${name}/cotangent`), dtype));
    const outputs = [trace.y, ...vjp([trace.y], inputs, [cotangent])];
    const feeds = new Map([...trace.variables(), [trace.x, cast(x, dtype)]]);
    const [y, ...gradients] = await evaluate(outputs, feeds, backend);
    const got = new Map([['output', y], ...wanted.map((key, i) => [`gradient/${key}`, gradients[i]] as const)]);
    for (const [key, value] of expected) {
      expect(got.get(key)!.shape, key).toEqual(value.shape);
      expect(relativeError(got.get(key)!, value), key).toBeLessThan(tolerance);
    }
  });
});

describe('running statistics', () => {
  const tracked = Object.keys(layers).filter((name) => under(`${name}/after`).length > 0);

  test.each(tracked)('of %s move as in PyTorch', async (name) => {
    const layer = load(name);
    await nn.updateRunningStatistics(layer, { images: get(`${name}/input`) }, { dtype: 'float64' });
    for (const [key, value] of under(`${name}/after`)) {
      expect(relativeError(layer.namedBuffers().get(key)!.value, value), key).toBeLessThan(1e-12);
    }
  });

  test('belong to the layers that keep them', () => {
    const keeping = Object.keys(layers).filter((name) => layers[name]().namedBuffers().size > 0);
    expect(tracked).toEqual(keeping);
    expect(tracked.length).toBe(4);
  });
});
