import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Mode, stateDict } from '../../src/nn/index.ts';
import { computeNtk, JacobianProgram, kernelByParameter, kernelMatrix, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import { ndarray } from '../../src/tensor/index.ts';
import { draw, relativeError } from '../../src/testing/arrays.ts';
import { seeds } from '../../src/testing/arbitraries/shapes.ts';
import { smallNetwork, smallNetworks } from '../support/networks.ts';
import { runs } from '../support/runs.ts';

const N = 4;
const SHAPE = [N, 3, 8, 8];
const modes: readonly Mode[] = ['train', 'eval'];

const drawn = fc.record({ kind: fc.constantFrom(...smallNetworks), mode: fc.constantFrom(...modes), seed: seeds });

const property = (check: (kind: string, mode: Mode, seed: number) => Promise<void>, numRuns = runs(20)) =>
  fc.assert(
    fc.asyncProperty(drawn, ({ kind, mode, seed }) => check(kind, mode, seed)),
    // A network whose last ReLU is inactive for one of the samples: its row of J is 0.
    { numRuns, examples: [[{ kind: 'DARTS supernet', mode: 'eval', seed: 1099811883 }]] },
  );

// What kernels by parameter and by name satisfy; the laws of ntkit/testing have what any kernel does.
describe('the kernel matrix', () => {
  test('is scaled by c² when the logits are scaled by c', async () => {
    await property(async (kind, mode, seed) => {
      const network = smallNetwork(kind, seed);
      const images = draw(seed, SHAPE);
      const program = await JacobianProgram.compile(network, SHAPE, { ...TE_NAS_KERNEL, mode, dtype: 'float64' });
      const kernels = async () => {
        const kernel = await kernelByParameter(await program.run(images));
        // The classifier's weight is the factor itself, on which its own kernel does not depend.
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

  test('does not change the variables of the network', async () => {
    const network = smallNetwork('DARTS supernet', 9);
    const before = new Map([...stateDict(network)].map(([name, { data }]) => [name, data.slice()]));
    await computeNtk(network, draw(1, SHAPE), { mode: 'train' });
    for (const [name, { data }] of stateDict(network)) expect(data).toEqual(before.get(name));
  });
});
