import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Mode, type Module, stateDict } from '../../src/nn/index.ts';
import { computeNtk, JacobianProgram, kernelByParameter, kernelMatrix, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import { ndarray, type NDArray, sizeOf } from '../../src/tensor/index.ts';
import { draw, relativeError, rowOf, stack } from '../../src/testing/arrays.ts';
import { seeds } from '../../src/testing/arbitraries/shapes.ts';
import { smallNetwork, smallNetworks } from '../support/networks.ts';
import { runs } from '../support/runs.ts';

const N = 4;
const SHAPE = [N, 3, 8, 8];
const modes: readonly Mode[] = ['train', 'eval'];

const drawn = fc.record({ kind: fc.constantFrom(...smallNetworks), mode: fc.constantFrom(...modes), seed: seeds });

const theta = async (network: Module, images: NDArray, mode: Mode) =>
  (await computeNtk(network, images, { mode, dtype: 'float64' })).kernel;

/** Rows and columns of a matrix in another order. */
function reorder({ shape: [n], data }: NDArray, order: readonly number[]): NDArray {
  return ndarray(
    order.flatMap((i) => order.map((j) => data[i * n + j])),
    [n, n],
  );
}

const property = (check: (kind: string, mode: Mode, seed: number) => Promise<void>, numRuns = runs(20)) =>
  fc.assert(
    fc.asyncProperty(drawn, ({ kind, mode, seed }) => check(kind, mode, seed)),
    // A network whose last ReLU lets nothing pass for one of the samples: its row of J is 0.
    { numRuns, examples: [[{ kind: 'DARTS supernet', mode: 'eval', seed: 1099811883 }]] },
  );

describe('the kernel matrix', () => {
  test('is symmetric, and positive semi-definite to rounding', async () => {
    await property(async (kind, mode, seed) => {
      const { kernel, eigenvalues, lambdaMax } = await computeNtk(smallNetwork(kind, seed), draw(seed, SHAPE), {
        mode,
        dtype: 'float64',
      });
      expect(kernel.dtype).toBe('float64');
      for (let i = 0; i < N; i++)
        for (let j = 0; j < i; j++) expect(kernel.data[i * N + j]).toBe(kernel.data[j * N + i]);
      // Rounding of J·Jᵀ moves an eigenvalue by at most about N·2⁻⁵²·λmax.
      expect(eigenvalues[0]).toBeGreaterThanOrEqual(-1e-14 * lambdaMax);
    });
  });

  test('is permuted when the batch is', async () => {
    await property(async (kind, mode, seed) => {
      const network = smallNetwork(kind, seed);
      const images = draw(seed, SHAPE);
      const order = [2, 0, 3, 1];
      const permuted = stack(order.map((i) => rowOf(images, i)));
      const expected = reorder(await theta(network, images, mode), order);
      // Batch statistics are summed in another order: some ulps, amplified by the depth of the network.
      expect(relativeError(await theta(network, permuted, mode), expected)).toBeLessThan(1e-9);
    });
  });

  test('is scaled by c² when the logits are scaled by c', async () => {
    await property(async (kind, mode, seed) => {
      const network = smallNetwork(kind, seed);
      const images = draw(seed, SHAPE);
      const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode, dtype: 'float64' });
      const kernels = async () => {
        const kernel = await kernelByParameter(await program.run(images));
        // The classifier's weight is the factor itself: its own kernel does not feel it.
        kernel.delete('classifier.weight');
        return [...kernel.values()];
      };
      const before = await kernels();
      const head = network.namedParameters().get('classifier.weight')!;
      head.value = ndarray(
        Float64Array.from(head.value.data, (x) => -3 * x),
        head.shape,
      );
      const after = await kernels();
      const size = Math.max(...before.map(({ data }) => Math.max(...data.map(Math.abs))));
      before.forEach(({ data }, k) => {
        data.forEach((x, i) => expect(Math.abs(after[k].data[i] - 9 * x)).toBeLessThanOrEqual(1e-11 * size));
      });
    });
  });

  test('is the sum of the kernels of all parameters', async () => {
    await property(async (kind, mode, seed) => {
      const program = await JacobianProgram.compile(smallNetwork(kind, seed), SHAPE, {
        ...TE_NAS_KERNEL,
        mode,
        dtype: 'float64',
      });
      const rows = await program.run(draw(seed, SHAPE));
      const total = new Float64Array(N * N);
      for (const { data } of (await kernelByParameter(rows)).values()) data.forEach((x, i) => (total[i] += x));
      expect(relativeError(ndarray(total, [N, N]), await kernelMatrix(rows))).toBeLessThan(1e-13);
    });
  });

  test('in eval mode entry i, j depends on samples i and j alone', async () => {
    await property(async (kind, _mode, seed) => {
      const network = smallNetwork(kind, seed);
      const images = draw(seed, SHAPE);
      const changed = changeSample(images, 3, seed);
      const [before, after] = [await theta(network, images, 'eval'), await theta(network, changed, 'eval')];
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j < 3; j++) expect(after.data[i * N + j]).toBe(before.data[i * N + j]);
      }
      const [own, changedOwn] = [before.data[N * N - 1], after.data[N * N - 1]];
      expect(changedOwn !== own || own === 0).toBe(true);
    });
  });

  test('in train mode a change in one sample changes the entries of all others', async () => {
    await property(async (kind, _mode, seed) => {
      const network = smallNetwork(kind, seed);
      const images = draw(seed, SHAPE);
      const [before, after] = [
        await theta(network, images, 'train'),
        await theta(network, changeSample(images, 3, seed), 'train'),
      ];
      const size = Math.max(...before.data);
      for (let i = 0; i < 3; i++) {
        for (let j = 0; j <= i; j++) {
          const [old, now] = [before.data[i * N + j], after.data[i * N + j]];
          // Far beyond rounding: batch norm couples the samples. (All but where a sample has no gradient at all.)
          if (old !== 0 || now !== 0) expect(Math.abs(now - old)).toBeGreaterThan(1e-9 * size);
        }
      }
    });
  });

  test('in eval mode equals that of each pair of samples on its own', async () => {
    const network = smallNetwork('cell network', 5);
    const images = draw(6, SHAPE);
    const whole = await theta(network, images, 'eval');
    const pair = await theta(network, stack([rowOf(images, 1), rowOf(images, 2)]), 'eval');
    const expected = [whole.data[N + 1], whole.data[N + 2], whole.data[2 * N + 1], whole.data[2 * N + 2]];
    expect([...pair.data]).toEqual(expected);
  });

  test('leaves the variables of the network as they are', async () => {
    const network = smallNetwork('DARTS supernet', 9);
    const before = new Map([...stateDict(network)].map(([name, { data }]) => [name, data.slice()]));
    await computeNtk(network, draw(1, SHAPE), { mode: 'train' });
    for (const [name, { data }] of stateDict(network)) expect(data).toEqual(before.get(name));
  });
});

function changeSample(images: NDArray, sample: number, seed: number): NDArray {
  const size = sizeOf(images.shape.slice(1));
  const data = images.data.slice();
  data.set(draw(seed + 1, images.shape.slice(1)).data, sample * size);
  return { ...images, data };
}
