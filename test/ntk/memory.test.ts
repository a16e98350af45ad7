import { expect, test } from 'vitest';
import {
  AdaptiveAvgPool2d,
  BatchNorm2d,
  Conv2d,
  Flatten,
  Functional,
  Identity,
  initialize,
  Linear,
  pytorchDefault,
  ReLU,
  Sequential,
} from '../../src/nn/index.ts';
import { computeNtk, JacobianProgram, KernelProgram, NtkProgram, tangentKernel } from '../../src/ntk/index.ts';
import { add, BackendError, Generator, InputError, relu, wasmBackend } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

// Computations that do not fit into memory are refused before they start.

function block(inputs: number, outputs: number, stride: number) {
  const conv = (from: number, step: number) => new Conv2d(from, outputs, 3, { stride: step, padding: 1, bias: false });
  const shortcut =
    stride === 1 && inputs === outputs
      ? new Identity()
      : new Sequential(new Conv2d(inputs, outputs, 1, { stride, bias: false }), new BatchNorm2d(outputs));
  const [bn1, bn2] = [new BatchNorm2d(outputs), new BatchNorm2d(outputs)];
  const children = { conv1: conv(inputs, stride), bn1, conv2: conv(outputs, 1), bn2, shortcut };
  return new Functional(children, (x, f) => relu(add(f.bn2(f.conv2(relu(f.bn1(f.conv1(x))))), f.shortcut(x))));
}

/** ResNet-18 for images of CIFAR-10's size, not initialised: 11,173,962 parameters at width 64. */
function resnet18(width: number) {
  const layers = [1, 2, 4, 8].flatMap((factor, i) => {
    const [from, to] = [i === 0 ? width : (width * factor) / 2, width * factor];
    return [block(from, to, i === 0 ? 1 : 2), block(to, to, 1)];
  });
  const stem = [new Conv2d(3, width, 3, { padding: 1, bias: false }), new BatchNorm2d(width), new ReLU()];
  return new Sequential(...stem, ...layers, new AdaptiveAvgPool2d(1), new Flatten(), new Linear(8 * width, 10));
}

test('ResNet-18 of width 64 and 1,000 images is refused at once, with the bytes that it needs', async () => {
  const backend = wasmBackend({ threads: 2 });
  const before = process.memoryUsage();
  const network = resnet18(64);
  const start = performance.now();
  // As on a machine with 16 GiB, whatever this one has.
  const compiled = NtkProgram.compile(network, [1000, 3, 32, 32], {
    mode: 'eval',
    parameters: 'all',
    backend,
    maximumBytes: 2 ** 34,
  });
  await expect(compiled).rejects.toThrow(
    new BackendError(
      'tangent kernel: 1000 rows of 11173962 numbers in float32: expected at most 17179869184 bytes (16.0 GiB) of memory, ' +
        "got 44695848000 bytes (41.6 GiB) needed; fewer samples, outputs 'sum' or fewer parameters need less",
    ),
  );
  expect(performance.now() - start).toBeLessThan(5000);
  const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers;
  expect(grown).toBeLessThan(2 ** 26);
  await backend.close();
});

const mlp = () => {
  const network = new Sequential(new Linear(4, 8), new ReLU(), new Linear(8, 3));
  initialize(network, pytorchDefault, new Generator(0));
  return network;
};
const P = 4 * 8 + 8 + 8 * 3 + 3;
const x = draw(1, [5, 4], undefined, 'float32');

test('an exact limit is enough, and one byte less is refused', async () => {
  const backend = wasmBackend({ threads: 2 });
  // 15 rows of J in float32; the kernel, and two parts of it for each of two threads, in float64.
  const kernel = 8 * 5 * 5 * (1 + 4);
  const need = 4 * 15 * P + kernel;
  const options = { backend, outputs: 'trace', parameters: 'all', mode: 'eval' } as const;
  expect((await computeNtk(mlp(), x, { ...options, maximumBytes: need })).samples).toEqual([5, 5]);
  await expect(computeNtk(mlp(), x, { ...options, maximumBytes: need - 1 })).rejects.toThrow(BackendError);
  // Rows alone need no kernel.
  const rows = await JacobianProgram.compile(mlp(), x.shape, { ...options, maximumBytes: need - kernel });
  rows.dispose();
  await expect(
    JacobianProgram.compile(mlp(), x.shape, { ...options, maximumBytes: need - kernel - 1 }),
  ).rejects.toThrow(BackendError);
  // Two batches have the rows of both.
  const two = 4 * 30 * P + kernel;
  await tangentKernel(mlp(), x, { ...options, x2: x, maximumBytes: two });
  await expect(KernelProgram.compile(mlp(), [x.shape, x.shape], { ...options, maximumBytes: two - 1 })).rejects.toThrow(
    BackendError,
  );
  await backend.close();
});

test('a limit must be a number', async () => {
  for (const maximumBytes of [0, NaN, 'all' as never]) {
    await expect(computeNtk(mlp(), x, { maximumBytes })).rejects.toThrow(InputError);
  }
});
