import { afterAll, describe, expect, test } from 'vitest';
import { vjp } from '../../src/autodiff/index.ts';
import * as nn from '../../src/nn/index.ts';
import {
  add,
  type Backend,
  cast,
  constant,
  type DType,
  evaluate,
  gram,
  type NDArray,
  ndarray,
  referenceBackend,
  reshape,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';
import { torchModules } from '../support/torchModules.ts';
import { loadTorchModule, torchTensors as tensors } from '../support/torchReference.ts';

// Modules as users write them against PyTorch in float64: test/torch/modules.py.

const get = (name: string): NDArray => {
  const found = tensors.get(name);
  if (found === undefined) throw new Error(`${name}: not in modules.safetensors`);
  return found;
};

test('every module of the script is compared', () => {
  const named = new Set([...tensors.keys()].map((name) => name.slice(0, name.indexOf('/'))));
  expect(new Set(Object.keys(torchModules))).toEqual(named);
  expect(named.size).toBe(10);
});

const cases = Object.keys(torchModules).flatMap((name) =>
  (['train', 'eval'] as const).map((mode) => ({
    name,
    mode,
    stored: `${name}/${tensors.has(`${name}/both/logits`) ? 'both' : mode}`,
  })),
);

const wasm = wasmBackend({ threads: 1 });
afterAll(() => wasm.close());

// Some 10³ operations of ε = 1.1e-16 (float64) or 6e-8 (float32) lead to each number, their errors mostly cancelling.
const backends: readonly { backend: Backend; dtype: DType; tolerance: number; label: string }[] = [
  { backend: referenceBackend, dtype: 'float64', tolerance: 1e-12, label: 'reference' },
  { backend: wasm, dtype: 'float64', tolerance: 1e-12, label: 'wasm in float64' },
  { backend: wasm, dtype: 'float32', tolerance: 1e-5, label: 'wasm' },
];

/** Cotangents of rows: one for each sample, that of Σₖ y[i, k], or of y[i, k] for each output k. */
function cotangents([n, classes]: readonly number[], dtype: DType): { readonly sum: Tensor; readonly each: Tensor[] } {
  const of = (chosen: (k: number) => boolean) => {
    const data = Float64Array.from({ length: n * n * classes }, (_, at) => {
      const [row, sample, k] = [Math.floor(at / (n * classes)), Math.floor(at / classes) % n, at % classes];
      return row === sample && chosen(k) ? 1 : 0;
    });
    return constant(cast(ndarray(data, [n, n, classes]), dtype));
  };
  return { sum: of(() => true), each: Array.from({ length: classes }, (_, c) => of((k) => k === c)) };
}

describe.each(backends)('modules as PyTorch computes them, $label', ({ backend, dtype, tolerance }) => {
  test.each(cases)('$name, $mode: logits, rows and kernels', async ({ name, mode, stored }) => {
    const { module, x } = loadTorchModule(name);
    const trace = new nn.Trace(module, x.shape, { mode, dtype });
    const parameters = trace.parameters(module);
    expect([...parameters.keys()]).toEqual([...module.namedParameters().keys()]);
    const { sum, each } = cotangents(trace.y.shape, dtype);
    const rowsOf = (cotangent: Tensor) => vjp([trace.y], [...parameters.values()], [cotangent]);
    const kernelOf = (rows: readonly Tensor[], chosen: (name: string) => boolean) =>
      add(...[...parameters.keys()].flatMap((key, i) => (chosen(key) ? [gram(flat(rows[i]))] : [])));
    const flat = (rows: Tensor) => reshape(rows, [x.shape[0], rows.shape.slice(1).reduce((a, b) => a * b, 1)]);
    const selections = { all: () => true, weight: (key: string) => key.includes('weight') };

    const summed = rowsOf(sum);
    const wanted: [string, Tensor][] = [['logits', trace.y]];
    for (const [label, chosen] of Object.entries(selections)) {
      wanted.push([`sum/${label}`, kernelOf(summed, chosen)]);
      wanted.push([`trace/${label}`, add(...each.map((cotangent) => kernelOf(rowsOf(cotangent), chosen)))]);
    }
    [...parameters.keys()].forEach((key, i) => {
      if (tensors.has(`${stored}/jacobian/${key}`)) wanted.push([`jacobian/${key}`, summed[i]]);
    });
    expect(wanted.length).toBe(7);

    const feeds = new Map([...trace.variables(), [trace.x, cast(x, dtype)]]);
    const values = await evaluate(
      wanted.map(([, tensor]) => tensor),
      feeds,
      backend,
    );
    wanted.forEach(([key], i) => {
      const expected = get(`${stored}/${key}`);
      expect(values[i].shape, key).toEqual(expected.shape);
      expect(relativeError(values[i], expected), key).toBeLessThan(tolerance);
    });
  });
});
