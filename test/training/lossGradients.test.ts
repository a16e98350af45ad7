import { describe, expect, test } from 'vitest';
import { checkGradients } from '../../src/autodiff/index.ts';
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Flatten,
  Linear,
  type Module,
  mseLoss,
  Sequential,
  Tanh,
  Trace,
} from '../../src/nn/index.ts';
import { type NDArray, rewriteGraph, softmax, type Tensor, constant, evaluate } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { randomize } from '../../src/testing/networks/randomize.ts';
import { oneHot } from '../../src/training/index.ts';

// The gradient that a step of training goes along, of every loss, in every parameter and in the batch, through batch norm
// in both modes: against central differences.

const [n, k] = [4, 3];
const images = draw(1, [n, 2, 4, 4]);
const network = randomize(
  new Sequential(
    ...[new Conv2d(2, 3, 3, { padding: 1, bias: false }), new BatchNorm2d(3), new Tanh()],
    ...[new Conv2d(3, 2, 2, { stride: 2 }), new Tanh(), new Flatten(), new Linear(8, 4), new BatchNorm1d(4)],
    new Linear(4, k),
  ),
  2,
);

/** The loss as a function of the parameters, in their order, and of the batch. */
function lossOf(module: Module, x: NDArray, mode: 'train' | 'eval', loss: (output: Tensor) => Tensor) {
  const trace = new Trace(module, x.shape, { mode, dtype: 'float64' });
  const value = loss(trace.y);
  const leaves = [...trace.parameters(module).values(), trace.x];
  const fixed = new Map([...trace.variables()].map(([leaf, array]) => [leaf, constant(array)]));
  const f = (...tensors: Tensor[]) => {
    const given = new Map(leaves.map((leaf, i) => [leaf, tensors[i]]));
    return rewriteGraph(value, (tensor) => given.get(tensor) ?? fixed.get(tensor));
  };
  const variables = trace.variables();
  return { f, values: leaves.map((leaf) => variables.get(leaf) ?? x) };
}

const [soft] = await evaluate([softmax(constant(draw(3, [n, k])))]);
const classes = oneHot([2, 0, 1, 1], k, 'float64');

describe.each(['train', 'eval'] as const)('through batch norm in %s mode, the gradient of', (mode) => {
  test.each([
    ['mseLoss', mseLoss, draw(4, [n, k])],
    ['crossEntropy of classes', crossEntropy, classes],
    ['crossEntropy of probabilities', crossEntropy, soft],
    ['crossEntropy of targets that do not sum to 1', crossEntropy, draw(5, [n, k])],
  ] as const)('%s is that of central differences', async (_, loss, target) => {
    for (const reduction of ['mean', 'sum'] as const) {
      const { f, values } = lossOf(network, images, mode, (y) => loss(y, constant(target), { reduction }));
      const report = await checkGradients(f, values);
      if (!(report.error < 1e-7)) throw new Error(report.toString());
      expect(report.entries.length).toBe(values.reduce((sum, { data }) => sum + data.length, 0));
    }
  });
});
