import { afterAll, expect, test } from 'vitest';
import { Functional, initialize, Linear, pytorchDefault } from '../../src/nn/index.ts';
import { tangentKernel } from '../../src/ntk/index.ts';
import { structureOf } from '../../src/tensor/structure.ts';
import { constant, Generator, multiply, ndarray, type NDArray, wasmBackend } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

const backend = wasmBackend({ threads: 1 });
afterAll(() => backend.close());

/**
 * Two pairs of float32 numbers from 1 to 2 that both hashes of large constants take for the same. With the words w and v
 * of a pair the hashes are h ← (h ^ w)·p, h ← (h ^ v)·p, and k ← 31·k + w, k ← 31·k + v. Of a second w the first one has a
 * v for every v of the first pair; it is searched until one of these fits the second hash, too.
 */
function collision(): [Float32Array, Float32Array] {
  const step = (word: number) => Math.imul(0x811c9dc5 ^ word, 0x01000193);
  const one = 0x3f800000;
  for (let first = one; ; first += 524_309) {
    for (let other = first + 1; other < first + 500_000 && other < 0x40000000; other++) {
      const x = (step(first) ^ step(other)) >>> 0;
      const half = (x - Math.imul(31, first - other)) / 2;
      // v ^ x − v is x less twice the bits of v that are in x.
      if (x >= 2 ** 23 || !Number.isInteger(half) || half < 0 || half >= 2 ** 23 || (half & ~x) !== 0) continue;
      const words = [first, one | half, other, (one | half) ^ x];
      const floats = new Float32Array(Uint32Array.from(words).buffer);
      return [floats.slice(0, 2), floats.slice(2)];
    }
  }
}

test('networks with different large constants have different kernels, even where the hashes collide', async () => {
  const size = 300;
  const [a, b] = collision().map((pair): NDArray => {
    const values = new Float32Array(size).fill(1);
    values.set(pair);
    return ndarray(values, [size], 'float32');
  });
  expect(a.data).not.toEqual(b.data);
  expect(structureOf([constant(a)]).key).toBe(structureOf([constant(b)]).key);
  const kernelOf = async (values: NDArray) => {
    const network = new Functional({ one: new Linear(4, size) }, (x, { one }) => multiply(one(x), constant(values)));
    initialize(network, pytorchDefault, new Generator(2));
    const { kernel } = await tangentKernel(network, draw(4, [3, 4]), { backend, outputs: 0 });
    return kernel.data;
  };
  const [first, second] = [await kernelOf(a), await kernelOf(b)];
  // The kernel of output 0 is that of the layer times the square of its factor.
  const ratio = (b.data[0] / a.data[0]) ** 2;
  first.forEach((value, i) => expect(second[i] / value / ratio).toBeCloseTo(1, 5));
  expect(Math.abs(ratio - 1)).toBeGreaterThan(1e-4);
});
