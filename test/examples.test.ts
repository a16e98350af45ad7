import { describe, expect, test } from 'vitest';
import { grad, jacobian, jvp } from '../src/autodiff/index.ts';
import {
  BatchNorm2d,
  Conv2d,
  forward,
  initialize,
  Linear,
  type Module,
  pytorchDefault,
  ReLU,
  Sequential,
} from '../src/nn/index.ts';
import { computeNtk, conditionNumber, tangentKernel } from '../src/ntk/index.ts';
import {
  add,
  broadcastTo,
  constant,
  evaluate,
  Generator,
  matmul,
  multiply,
  ndarray,
  type NDArray,
  relu,
  softmax,
  sum,
  type Tensor,
  vmap,
} from '../src/tensor/index.ts';

// The library by examples whose values are worked out by hand. float64 holds all of them without rounding, so
// that comparisons are exact.

const vector = (...values: number[]) => constant(ndarray(values, [values.length]));

/** The elements of a tensor's value, in row-major order. */
async function valuesOf(tensor: Tensor): Promise<number[]> {
  const [value] = await evaluate([tensor]);
  return [...value.data];
}

describe('a tensor is an expression, and evaluate computes it', () => {
  test('relu of [-1, 0, 1, 2] is [0, 0, 1, 2]', async () => {
    expect(await valuesOf(relu(vector(-1, 0, 1, 2)))).toEqual([0, 0, 1, 2]);
  });

  test('shapes broadcast as in NumPy', async () => {
    const column = constant(ndarray([10, 20], [2, 1]));
    expect(add(column, vector(1, 2, 3)).shape).toEqual([2, 3]);
    expect(await valuesOf(add(column, vector(1, 2, 3)))).toEqual([11, 12, 13, 21, 22, 23]);
  });

  test('a matrix product', async () => {
    const a = constant(ndarray([1, 2, 3, 4], [2, 2]));
    expect(await valuesOf(matmul(a, a))).toEqual([7, 10, 15, 22]);
  });

  test('softmax of equal numbers is uniform', async () => {
    expect(await valuesOf(softmax(vector(3, 3, 3, 3)))).toEqual([0.25, 0.25, 0.25, 0.25]);
  });
});

describe('derivatives are expressions, too', () => {
  const x = vector(1, 2, 3);
  const cube = multiply(x, multiply(x, x));

  test('grad: the gradient of Σ x³ is 3x²', async () => {
    const [gradient] = grad(sum(cube), [x]);
    expect(await valuesOf(gradient)).toEqual([3, 12, 27]);
  });

  test('grad of grad: the second derivative is 6x', async () => {
    const [gradient] = grad(sum(cube), [x]);
    const [second] = grad(sum(gradient), [x]);
    expect(await valuesOf(second)).toEqual([6, 12, 18]);
  });

  test('jacobian: the Jacobian of x³ is diagonal', async () => {
    const [matrix] = jacobian(cube, [x]);
    expect(await valuesOf(matrix)).toEqual([3, 0, 0, 0, 12, 0, 0, 0, 27]);
  });

  test('jvp: the derivative along a direction', async () => {
    const [tangent] = jvp([cube], [x], [vector(1, 0, -1)]);
    expect(await valuesOf(tangent)).toEqual([3, 0, -27]);
  });
});

describe('vmap', () => {
  const rows = constant(ndarray([1, 2, 3, 4, 5, 6], [3, 2]));

  test('maps a function of a vector over the rows of a matrix', async () => {
    const squaredNorms = vmap((v) => sum(multiply(v, v)))(rows);
    expect(await valuesOf(squaredNorms)).toEqual([5, 25, 61]);
  });

  test('shares an argument whose axis is null', async () => {
    const products = vmap((v, w) => sum(multiply(v, w)), [0, null])(rows, vector(10, 1));
    expect(await valuesOf(products)).toEqual([12, 34, 56]);
  });

  test('of grad: per-sample gradients', async () => {
    const weights = vector(1, -1);
    const loss = (v: Tensor) => grad(sum(multiply(multiply(v, v), broadcastTo(weights, [2]))), [weights])[0];
    expect(await valuesOf(vmap(loss)(rows))).toEqual([1, 4, 9, 16, 25, 36]);
  });
});

describe('a layer has the parameters of PyTorch’s, by the same names', () => {
  test('Linear is x·Wᵀ + b', async () => {
    const layer = new Linear(2, 2);
    layer.weight.value = ndarray([1, 2, 3, 4], [2, 2]);
    layer.bias!.value = ndarray([10, 20], [2]);
    expect([...(await forward(layer, ndarray([1, 1], [1, 2]))).data]).toEqual([13, 27]);
  });

  test('names are joined by dots', () => {
    const network = new Sequential(new Conv2d(1, 2, 3), new BatchNorm2d(2), new ReLU());
    expect([...network.namedParameters().keys()]).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
    expect([...network.namedBuffers().keys()]).toEqual(['1.running_mean', '1.running_var']);
  });
});

describe('the tangent kernel of a linear model', () => {
  // f(x) = x·Wᵀ + b: ∂f_k/∂W[k] = x and ∂f_k/∂b[k] = 1, whatever the weights are.
  const x1 = ndarray([1, 2, 3, 4], [2, 2]);
  const x2 = ndarray([1, 0, 0, 1, 1, 1], [3, 2]);
  const started = <M extends Module>(network: M): M => {
    initialize(network, pytorchDefault, new Generator(0));
    return network;
  };
  const numbers = ({ data }: NDArray) => [...data];

  test('without bias is x·xᵀ', async () => {
    const { kernel } = await tangentKernel(started(new Linear(2, 1, { bias: false })), x1);
    expect(numbers(kernel)).toEqual([5, 11, 11, 25]);
  });

  test('with bias is x·xᵀ + 1', async () => {
    const { kernel, parameters } = await tangentKernel(started(new Linear(2, 1)), x1);
    expect(numbers(kernel)).toEqual([6, 12, 12, 26]);
    expect(parameters).toEqual({ used: 3, total: 3 });
  });

  test('of two batches is x1·x2ᵀ', async () => {
    const { kernel } = await tangentKernel(started(new Linear(2, 1)), x1, { x2, parameters: 'weight' });
    expect(kernel.shape).toEqual([2, 3]);
    expect(numbers(kernel)).toEqual([1, 2, 3, 3, 4, 7]);
  });

  test('of three outputs: the trace is three times that of one; full has a row for each output', async () => {
    const network = started(new Linear(2, 3, { bias: false }));
    const one = [5, 11, 11, 25];
    expect(numbers((await tangentKernel(network, x1, { outputs: 1 })).kernel)).toEqual(one);
    expect(numbers((await tangentKernel(network, x1, { outputs: 'trace' })).kernel)).toEqual(one.map((v) => 3 * v));
    // The sum of outputs has the gradient x in each of the three rows of W.
    expect(numbers((await tangentKernel(network, x1, { outputs: 'sum' })).kernel)).toEqual(one.map((v) => 3 * v));
    const { kernel } = await tangentKernel(network, x1, { outputs: 'full' });
    expect(kernel.shape).toEqual([6, 6]);
    expect(numbers(kernel).slice(0, 6)).toEqual([5, 0, 0, 11, 0, 0]);
  });

  test('κ is the ratio of its eigenvalues', async () => {
    const diagonal = ndarray([2, 0, 0, 1], [2, 2]); // Θ = diag(4, 1)
    const options = { outputs: 'trace', parameters: 'all', mode: 'eval' } as const;
    const { kappa, verdict, eigenvalues } = await computeNtk(
      started(new Linear(2, 1, { bias: false })),
      diagonal,
      options,
    );
    expect([...eigenvalues]).toEqual([1, 4]);
    expect([kappa, verdict]).toEqual([4, 'resolved']);
  });

  test('of a duplicated sample is singular: κ is a lower bound', async () => {
    const twice = ndarray([1, 2, 1, 2], [2, 2]);
    const { kernel } = await tangentKernel(started(new Linear(2, 1)), twice);
    const { verdict, kappaLowerBound } = conditionNumber(kernel, { parameters: 3 });
    expect(verdict).toBe('lower-bound');
    // 1/((√P + N)·ε), where the noise floor is (√P + N)·ε·tr Θ and λmax is the whole trace.
    expect(kappaLowerBound).toBeGreaterThan(1e15);
  });
});
