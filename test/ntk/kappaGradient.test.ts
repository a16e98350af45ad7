import { expect, test } from 'vitest';
import { checkGradients, vjp } from '../../src/autodiff/index.ts';
import { conditionNumber } from '../../src/ntk/index.ts';
import {
  concatenate,
  constant,
  divide,
  eigenvalues,
  evaluate,
  eye,
  gram,
  input,
  matmul,
  ndarray,
  referenceBackend,
  reshape,
  slice,
  sum,
  tanh,
  type Tensor,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

// κ of a network's tangent kernel is an expression of its weights like any other, and so has a gradient.

const N = 3;
const x = draw(1, [N, 4]);

/** Θ of f(x) = Σ tanh(x·W₁)·W₂, rows by backward passes from every unit vector. */
function kernelOf(w1: Tensor, w2: Tensor): Tensor {
  const logits = sum(matmul(tanh(matmul(constant(x), w1)), w2), [-1]);
  const rows = vjp([logits], [w1, w2], [eye(N)]);
  const flat = rows.map((row) => reshape(row, [N, row.shape.slice(1).reduce((a, b) => a * b, 1)]));
  return gram(concatenate(flat, 1));
}

function kappaOf(w1: Tensor, w2: Tensor): Tensor {
  const values = eigenvalues(kernelOf(w1, w2));
  const at = (i: number) => slice(values, [{ start: i, stop: i + 1 }]);
  return divide(at(N - 1), at(0));
}

test('κ of a small kernel has the gradient of central differences', async () => {
  const weights = [draw(2, [4, 5]), draw(3, [5, 2])];
  const inputs = weights.map(({ shape }, i) => input(`w${i}`, shape));
  const feeds = new Map(inputs.map((tensor, i) => [tensor, weights[i]] as const));
  const outputs = [kernelOf(inputs[0], inputs[1]), kappaOf(inputs[0], inputs[1])] as const;
  const [theta, kappa] = await evaluate(outputs, feeds, referenceBackend);
  // Well separated eigenvalues, and the number that the rest of the library gives.
  const { eigenvalues: values, kappa: expected, verdict } = conditionNumber(theta);
  expect(verdict).toBe('resolved');
  for (let i = 1; i < N; i++) expect(values[i] - values[i - 1]).toBeGreaterThan(0.1);
  expect(kappa).toEqual(ndarray([expected], [1]));
  const report = await checkGradients((w1, w2) => kappaOf(w1, w2), weights);
  // Central differences are good to about 1e-10 of κ (see checkGradients), and κ's derivatives are of κ's size.
  if (!(report.error < 1e-7)) throw new Error(report.toString());
});
