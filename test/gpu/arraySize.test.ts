import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  BatchNorm2d,
  Conv2d,
  GlobalAvgPool2d,
  initialize,
  Linear,
  pytorchDefault,
  ReLU,
  Sequential,
} from '../../src/nn/index.ts';
import { computeNtk, JacobianProgram } from '../../src/ntk/index.ts';
import { ArraySizeError, type Backend, Generator, gpuBackend, wasmBackend } from '../../src/tensor/index.ts';

// Zeros between the pixels make the gradient through the second convolution, [rows, 64, 3, 31, 32], larger than any array
// of the forward pass, by which blocks are sized: with the 32 rows that those allow it has more than 2²² elements.
const shape = [64, 1, 32, 32];
const network = new Sequential(
  new Conv2d(1, 1, 1, { bias: false }),
  new Conv2d(1, 3, 3, { stride: 2, padding: 1, bias: false }),
  new BatchNorm2d(3),
  new ReLU(),
  new GlobalAvgPool2d(),
  new Linear(3, 2),
);
initialize(network, pytorchDefault, new Generator(0));

describe('arrays beyond what kernels can count', () => {
  let gpu: Backend;
  let wasm: Backend;
  beforeAll(async () => {
    gpu = await gpuBackend({ mode: 'webasm' });
    wasm = wasmBackend({ threads: 1 });
  });
  afterAll(() => Promise.all([gpu.close?.(), wasm.close?.()]));

  it('are refused where the caller sets the number of rows', async () => {
    const options = { mode: 'train', outputs: 'sum', backend: gpu, blockRows: 32 } as const;
    await expect(JacobianProgram.compile(network, shape, options)).rejects.toThrow(ArraySizeError);
  });

  it('are avoided by blocks of fewer rows, with the same kernel', async () => {
    const x = new Generator(1).normals(shape, { dtype: 'float32' });
    const [ours, theirs] = [
      await computeNtk(network, x, { backend: gpu }),
      await computeNtk(network, x, { backend: wasm }),
    ];
    // A column's gradient sums 2¹⁶ rounded terms: 2⁻²⁴ · √2¹⁶ ≈ 1.5e-5 of its size on either side.
    const largest = theirs.eigenvalues[theirs.eigenvalues.length - 1];
    theirs.kernel.data.forEach((value, i) => {
      expect(Math.abs(ours.kernel.data[i] - value)).toBeLessThan(3e-5 * largest);
    });
  });
});
