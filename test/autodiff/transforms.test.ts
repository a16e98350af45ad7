import { describe, expect, test } from 'vitest';
import { checkGradients, grad, hessianVectorProduct, jacobian, jvp, vjp } from '../../src/autodiff/index.ts';
import {
  add,
  batchNorm,
  constant,
  convolution,
  evaluate,
  exp,
  globalAveragePool,
  GradientError,
  input,
  linear,
  log,
  matmul,
  maxPool,
  mean,
  multiply,
  ndarray,
  relu,
  scalar,
  subtract,
  sum,
  tanh,
  type Tensor,
} from '../../src/tensor/index.ts';
import { apart, draw, relativeError } from '../../src/testing/arrays.ts';

const value = async (tensor: Tensor) => [...(await evaluate([tensor]))[0].data];

describe('grad', () => {
  test('of a polynomial is its derivative', async () => {
    const x = constant(ndarray([1, -2, 3], [3]));
    const cube = sum(multiply(x, multiply(x, x)));
    expect(await value(grad(cube, [x])[0])).toEqual([3, 12, 27]);
  });

  test('sums over every path from an input', async () => {
    const x = constant(ndarray([2], [1]));
    const y = add(x, multiply(x, x), x);
    expect(await value(grad(sum(y), [x])[0])).toEqual([6]);
  });

  test('is 0 for an input that the loss does not depend on', async () => {
    const [x, other] = [constant(ndarray([1], [1])), constant(ndarray([1, 2], [2]))];
    expect(await value(grad(sum(x), [other])[0])).toEqual([0, 0]);
  });

  test('can be taken with respect to an intermediate result', async () => {
    const x = constant(ndarray([1, 2], [2]));
    const middle = multiply(x, x);
    expect(await value(grad(sum(multiply(middle, x)), [middle])[0])).toEqual([1, 2]);
  });

  test('of ReLU at 0 is 0', async () => {
    const x = constant(ndarray([-1, 0, 1], [3]));
    expect(await value(grad(sum(relu(x)), [x])[0])).toEqual([0, 0, 1]);
  });

  test('of a maximum pool goes to the first of equal pixels', async () => {
    const x = constant(ndarray([1, 1, 1, 1], [2, 2]));
    expect(await value(grad(sum(maxPool(x, 2)), [x])[0])).toEqual([1, 0, 0, 0]);
  });

  test('refuses a loss that is not a scalar', () => {
    expect(() => grad(constant(ndarray([1, 2], [2])), [])).toThrow(
      new GradientError('grad: expected a scalar, got shape [2]'),
    );
  });
});

describe('vjp and jvp', () => {
  test('refuse vectors that do not fit', () => {
    const x = input('x', [2, 3]);
    expect(() => vjp([relu(x)], [x], [scalar(1)])).toThrow(
      /vjp: cotangent 0: expected float64\[2, 3\], got float64\[\]/,
    );
    expect(() => jvp([relu(x)], [x], [])).toThrow(/jvp: tangent: expected one for each of 1 \(≥ 1\) tensors, got 0/);
    expect(() => vjp([relu(x)], [x], [input('u', [2, 3], 'float32')])).toThrow(GradientError);
  });

  test('the Jacobian of a linear map is its matrix', async () => {
    const a = draw(1, [3, 4]);
    const x = constant(draw(2, [4, 1]));
    const [jacobianOfX] = await evaluate(jacobian(matmul(constant(a), x), [x]));
    expect(jacobianOfX.shape).toEqual([3, 4, 1]);
    expect(jacobianOfX.data).toEqual(a.data);
  });
});

describe('hessianVectorProduct', () => {
  test('of a quadratic form xᵀAx/2 is the symmetric part of A', async () => {
    const a = draw(3, [4, 4]);
    const [x, v] = [constant(draw(4, [4, 1])), draw(5, [4, 1])];
    const form = sum(multiply(x, matmul(constant(a), x)));
    const [product] = await evaluate(hessianVectorProduct(form, [x], [constant(v)]));
    const expected = Array.from({ length: 4 }, (_, i) =>
      [...v.data].reduce((total, vj, j) => total + (a.data[4 * i + j] + a.data[4 * j + i]) * vj, 0),
    );
    expect(relativeError(product, ndarray(expected, [4, 1]))).toBeLessThan(1e-14);
  });

  test('of a small network is the difference of gradients', async () => {
    const images = constant(draw(6, [2, 2, 4, 4]));
    const logits = (w: Tensor, gamma: Tensor, head: Tensor) => {
      const y = batchNorm(convolution(images, w, { padding: 1 }), gamma, constant(draw(7, [3])));
      return linear(globalAveragePool(tanh(y)), head);
    };
    const loss = (...p: [Tensor, Tensor, Tensor]) => mean(log(sum(exp(logits(...p)), [-1])));
    const at = [draw(8, [3, 2, 3, 3]), draw(9, [3]), draw(10, [4, 3])];
    const v = at.map(({ shape }, i) => draw(20 + i, shape));
    const directional = (...p: Tensor[]) =>
      grad(loss(...(p as [Tensor, Tensor, Tensor])), p)
        .map((gradient, i) => sum(multiply(gradient, constant(v[i]))))
        .reduce((a, b) => add(a, b));
    const report = await checkGradients(directional, at);
    expect(report.error, report.toString()).toBeLessThan(1e-7);

    const inputs = at.map((array) => constant(array)) as [Tensor, Tensor, Tensor];
    const products = await evaluate(hessianVectorProduct(loss(...inputs), inputs, v.map(constant)));
    const fromCheck = await evaluate(grad(directional(...inputs), inputs));
    products.forEach((product, i) => expect(relativeError(product, fromCheck[i])).toBeLessThan(1e-12));
  });
});

describe('checkGradients', () => {
  test('prints both sides, and names the worst element', async () => {
    const report = await checkGradients((x) => multiply(x, x), [ndarray([1, 2, 3], [3])]);
    expect(report.error).toBeLessThan(1e-9);
    expect(report.entries).toHaveLength(3);
    expect(report.toString()).toMatch(/analytic\s+numeric\n(input 0 \[\d\].*\n){3}largest difference/);
    expect(report.toString()).toMatch(/← worst/);
  });

  test('finds a wrong derivative', async () => {
    // A kink: the central difference at 0 is half the slope on the right, where relu′(0) is 0.
    const report = await checkGradients((x) => relu(x), [ndarray([1, 0], [2])]);
    expect(report.error).toBeGreaterThan(0.1);
    expect(report.worst.element).toBe(1);
  });

  test('works away from ties of a maximum', async () => {
    const report = await checkGradients(
      (x) => maxPool(x, 3, { stride: 2, padding: 1 }),
      [draw(1, [1, 2, 5, 5], apart)],
    );
    expect(report.error).toBeLessThan(1e-9);
  });

  test('refuses to compare nothing', async () => {
    await expect(checkGradients(() => scalar(1), [])).rejects.toThrow(GradientError);
  });

  test('differences of equal functions have no gradient', async () => {
    const report = await checkGradients((x) => subtract(x, x), [ndarray([1, 2], [2])]);
    expect(report.error).toBe(0);
  });
});

test('forward mode nests: the third derivative of batch norm along a line agrees with central differences', async () => {
  const [start, direction] = [draw(1, [3, 2, 2, 2]), draw(2, [3, 2, 2, 2])];
  const weight = constant(draw(3, start.shape));
  const at = (s: number) =>
    constant(
      ndarray(
        start.data.map((x, i) => x + s * direction.data[i]),
        start.shape,
      ),
    );
  const derivatives = (s: number) => {
    const x = at(s);
    const along = [batchNorm(x, constant(ndarray([1, 2], [2])), constant(ndarray([0, 0], [2])))];
    for (let k = 0; k < 3; k++) along.push(...jvp([along[k]], [x], [constant(direction)]));
    return along.map((y) => sum(multiply(y, weight)));
  };
  const step = 1e-4;
  const [here, below, above] = await Promise.all([0, -step, step].map((s) => evaluate(derivatives(s))));
  for (const k of [1, 2, 3]) {
    const numeric = (above[k - 1].data[0] - below[k - 1].data[0]) / (2 * step);
    expect(Math.abs(here[k].data[0] - numeric)).toBeLessThan(1e-6 * Math.abs(numeric));
  }
});
