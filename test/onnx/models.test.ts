import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { forward, parseSafetensors } from '../../src/nn/index.ts';
import { computeNtk, JacobianProgram, type KernelOutputs, tangentKernel } from '../../src/ntk/index.ts';
import { parseOnnx } from '../../src/onnx/index.ts';
import { referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { relativeError } from '../../src/testing/arrays.ts';

const folder = new URL('models/', import.meta.url);
const names = readdirSync(folder)
  .filter((name) => name.endsWith('.onnx'))
  .map((name) => name.slice(0, -5));

const wasm = wasmBackend();
const wide = wasmBackend({ dtype: 'float64' });
afterAll(() => Promise.all([wasm.close(), wide.close()]));

const read = (file: string) => readFileSync(new URL(file, folder));

// In float64 both sides round differently, and κ of these kernels magnifies that by up to 1e4. In float32 rounding of 1e-7
// goes through some twenty layers.
const backends = [
  { on: 'reference', backend: referenceBackend, tolerance: 1e-11, ofKappa: 1e-8 },
  { on: 'wasm in float64', backend: wide, tolerance: 1e-11, ofKappa: 1e-8 },
  { on: 'wasm', backend: wasm, tolerance: 1e-5, ofKappa: 1e-3 },
];

const kernels: readonly (readonly [key: string, outputs: KernelOutputs, parameters: 'weight' | 'all'])[] = [
  ['ntk.MODE.weight', 'sum', 'weight'],
  ['ntk.MODE.all', 'sum', 'all'],
  ['trace.MODE.all', 'trace', 'all'],
  ['full.MODE.all', 'full', 'all'],
];

describe.each(names)('the model %s', (name) => {
  const { tensors, metadata } = parseSafetensors(read(`${name}.safetensors`), name);
  const network = parseOnnx(read(`${name}.onnx`), name);
  const x = tensors.get('input')!;

  test('has the parameters of its module, and no others', () => {
    expect([...network.namedParameters().keys()]).toEqual(JSON.parse(metadata.parameters));
  });

  describe.each(['train', 'eval'] as const)('in %s mode', (mode) => {
    test.each(backends)('has PyTorch’s outputs and kernels on $on', async ({ backend, tolerance, ofKappa }) => {
      const logits = await forward(network, x, { mode, backend });
      expect(relativeError(logits, tensors.get(`logits.${mode}`)!)).toBeLessThan(tolerance);
      for (const [key, outputs, parameters] of kernels) {
        const { kernel } = await tangentKernel(network, x, { mode, outputs, parameters, backend });
        expect(relativeError(kernel, tensors.get(key.replace('MODE', mode))!), key).toBeLessThan(tolerance);
      }
      const { kappa } = await computeNtk(network, x, { mode, backend });
      expect(Math.abs(kappa / Number(metadata[`kappa.${mode}.weight`]) - 1)).toBeLessThan(ofKappa);
    });

    test('has PyTorch’s gradient of the first image', async () => {
      const program = await JacobianProgram.compile(network, x.shape, { mode, outputs: 'sum', dtype: 'float64' });
      const { parameters } = await program.run(x);
      program.dispose();
      const row = parameters.flatMap(({ rows, shape }) => [
        ...rows.data.subarray(
          0,
          shape.reduce((a, b) => a * b, 1),
        ),
      ]);
      const right = tensors.get(`row0.${mode}.all`)!;
      expect(relativeError({ ...right, data: Float64Array.from(row) }, right)).toBeLessThan(1e-11);
    });
  });
});
