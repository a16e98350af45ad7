import { afterAll, describe, expect, test } from 'vitest';
import { forward } from '../../src/nn/index.ts';
import { tangentKernel } from '../../src/ntk/index.ts';
import { type Backend, type NDArray, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';
import { kernelByDefinition, wholeJacobian } from '../../src/testing/kernel/definition.ts';
import { loadTorchModule, torchTensors as tensors } from '../support/torchReference.ts';
import { torchModules } from '../support/torchModules.ts';

// Tangent kernels of modules as users write them, a GroupNorm network and a small ViT among them, against PyTorch in
// float64 (test/torch/modules.py), and where the file holds no kernel against the definition.

/** The samples of a batch from `first` to before `end`. */
function part({ shape: [n, ...sample], dtype, data }: NDArray, first: number, end: number): NDArray {
  const size = data.length / n;
  return { shape: [end - first, ...sample], dtype, data: data.slice(first * size, end * size) };
}

const wasm = wasmBackend({ threads: 2 });
const wide = wasmBackend({ dtype: 'float64', threads: 2 });
afterAll(() => Promise.all([wasm.close(), wide.close()]));

// As in test/nn/torchModules.test.ts: some 10³ operations of ε lead to each number, their errors mostly cancelling.
const backends: readonly [string, Backend, number][] = [
  ['reference', referenceBackend, 1e-12],
  ['wasm in float64', wide, 1e-12],
  ['wasm', wasm, 1e-5],
];
const cases = Object.keys(torchModules).flatMap((name) =>
  (['train', 'eval'] as const).map((mode) => [name, mode] as const),
);

describe.each(backends)('on %s', (_, backend, tolerance) => {
  test.each(cases)('%s in %s mode has the kernels of PyTorch', async (name, mode) => {
    const { module, x } = loadTorchModule(name);
    const stored = `${name}/${tensors.has(`${name}/both/logits`) ? 'both' : mode}`;
    const logits = await forward(module, x, { mode, backend });
    expect(relativeError(logits, tensors.get(`${stored}/logits`)!)).toBeLessThan(tolerance);
    for (const outputs of ['sum', 'trace'] as const) {
      for (const parameters of ['weight', 'all'] as const) {
        const got = await tangentKernel(module, x, { outputs, parameters, mode, backend });
        expect(relativeError(got.kernel, tensors.get(`${stored}/${outputs}/${parameters}`)!)).toBeLessThan(tolerance);
        expect(relativeError(got.logits, tensors.get(`${stored}/logits`)!)).toBeLessThan(tolerance);
      }
    }
  });
});

test.each(cases)('%s in %s mode has the kernels of the definition', async (name, mode) => {
  const { module, x } = loadTorchModule(name);
  const samples = x.shape[0];
  const [x1, x2] = [part(x, 0, samples - 1), part(x, samples - 2, samples)];
  const [a, b] = [await wholeJacobian(module, x1, mode), await wholeJacobian(module, x2, mode)];
  for (const outputs of ['sum', 'trace', 'full', 1] as const) {
    for (const parameters of ['weight', 'all'] as const) {
      const got = await tangentKernel(module, x1, { x2, outputs, parameters, mode, dtype: 'float64' });
      // The same products in another order: about √(P·K²)·2⁻⁵² of the largest entry.
      expect(relativeError(got.kernel, kernelByDefinition(a, b, outputs, parameters))).toBeLessThan(1e-12);
    }
  }
});
