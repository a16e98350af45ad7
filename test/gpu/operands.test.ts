import { expect, test } from 'vitest';
import { vjp } from '../../src/autodiff/index.ts';
import { Trace } from '../../src/nn/index.ts';
import { dialects } from '../../src/tensor/backends/gpu/dialect.ts';
import { lowerPlan } from '../../src/tensor/backends/gpu/program.ts';
import {
  concatenate,
  evaluate,
  gpuBackend,
  input,
  linearCombination,
  planEvaluation,
  type Tensor,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { smallNetwork, smallNetworks } from '../support/networks.ts';

// A device of WebGPU need not bind more than 8 arrays to a kernel, of which one is written.
const mostRead = (outputs: readonly Tensor[]) => {
  const { plan } = planEvaluation(outputs, []);
  const { fixed, varying } = lowerPlan(plan, dialects.webgpu);
  return Math.max(...[...fixed, ...varying].map(({ reads, kind }) => (kind === 'kernel' ? reads.length : 0)));
};

test.each(smallNetworks)('webgpu: no kernel of a %s reads more than 7 arrays', (name) => {
  for (const mode of ['train', 'eval'] as const) {
    const network = smallNetwork(name, 1);
    const trace = new Trace(network, [4, 3, 12, 12], { mode, dtype: 'float32' });
    const cotangent = input('cotangent', trace.y.shape, 'float32');
    const gradients = vjp([trace.y], [...trace.parameters(network).values()], [cotangent]);
    expect(mostRead([trace.y, ...gradients])).toBeLessThanOrEqual(7);
  }
});

test('webgpu: sums and concatenations of many arrays are split', async () => {
  const arrays = Array.from({ length: 20 }, (_, i) => draw(i, [2, 3], undefined, 'float32'));
  const inputs = arrays.map(({ shape }, i) => input(`x${i}`, shape, 'float32'));
  const outputs = [
    linearCombination(
      inputs,
      inputs.map((_, i) => i - 7),
    ),
    concatenate(inputs, 0),
  ] as const;
  expect(mostRead(outputs)).toBe(7);
  // The same text runs in GPU.js's mode webasm.
  const backend = await gpuBackend({ mode: 'webasm' });
  const [sum, all] = await evaluate(outputs, new Map(inputs.map((x, i) => [x, arrays[i]])), backend);
  await backend.close();
  sum.data.forEach((value, k) => {
    const terms = arrays.map(({ data }, i) => (i - 7) * data[k]);
    // Twenty roundings, each of at most an ulp of the largest partial sum.
    const size = terms.reduce((total, term) => total + Math.abs(term), 0);
    expect(Math.abs(value - terms.reduce((a, b) => a + b))).toBeLessThan(20 * 2 ** -24 * size);
  });
  expect([...all.data]).toEqual(arrays.flatMap(({ data }) => [...data]));
});
