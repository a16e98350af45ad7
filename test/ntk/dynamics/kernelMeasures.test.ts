import { describe, expect, test } from 'vitest';
import { effectiveRank, kernelAlignment, kernelDistance } from '../../../src/ntk/index.ts';
import { constant, evaluate, gram, matmul, ndarray, type NDArray, NumericalError } from '../../../src/tensor/index.ts';
import { draw } from '../../../src/testing/arrays.ts';

const scaled = (array: NDArray, by: number) =>
  ndarray(
    array.data.map((value) => value * by),
    array.shape,
  );

async function gramOf(rows: NDArray): Promise<NDArray> {
  return (await evaluate([gram(constant(rows))]))[0];
}

describe('kernelDistance', () => {
  test('is 0 for proportional kernels, 1 for orthogonal ones, and as worked by hand in between', () => {
    const a = draw(1, [4, 4]);
    for (const by of [3, 1e-200, 1e200]) expect(kernelDistance(a, scaled(a, by))).toBeLessThan(1e-30);
    expect(kernelDistance(ndarray([1, 0, 0, 0], [2, 2]), ndarray([0, 0, 0, 5], [2, 2]))).toBeCloseTo(1, 15);
    expect(kernelDistance(ndarray([1, 0, 0, 1], [2, 2]), ndarray([2, 0, 0, 0], [2, 2]))).toBeCloseTo(
      1 - Math.SQRT1_2,
      15,
    );
    expect(kernelDistance(a, scaled(a, -1))).toBeCloseTo(2, 14);
  });

  test('resolves small angles to full precision', () => {
    // The angle between (1, 0) and (1, ε) is ε, and 1 − cos ε = ε²/2.
    const distance = kernelDistance(ndarray([1, 0], [1, 2]), ndarray([1, 1e-12], [1, 2]));
    expect(distance / 5e-25).toBeCloseTo(1, 10);
  });
});

describe('kernelAlignment', () => {
  test('is what the formulas say for two samples, worked by hand', () => {
    const kernel = ndarray([2, 1, 1, 3], [2, 2]);
    // yᵀΘy = 2 − 2·2 + 4·3 = 10, ‖Θ‖ = √15, ‖y‖² = 5.
    expect(kernelAlignment(kernel, ndarray([1, -2], [2]))).toBeCloseTo(10 / (Math.sqrt(15) * 5), 15);
    expect(kernelAlignment(kernel, ndarray([1, -2], [2, 1]))).toBeCloseTo(10 / (Math.sqrt(15) * 5), 15);
    // Θ = [[2, 1], [1, 3]] and Y·Yᵀ = 1: 5/(√15·√2).
    expect(kernelAlignment(kernel, ndarray([1, 0, 0, 1], [2, 2]))).toBeCloseTo(5 / Math.sqrt(30), 15);
  });

  test('of Y·Yᵀ with Y is 1, also centred, where constants do not count', async () => {
    const y = draw(2, [5, 3]);
    const shifted = ndarray(
      y.data.map((value, e) => value + 10 * (e % 3)),
      y.shape,
    );
    const wanted = await gramOf(y);
    expect(kernelAlignment(scaled(wanted, 7), y)).toBeCloseTo(1, 14);
    expect(kernelAlignment(wanted, shifted)).toBeLessThan(0.9);
    expect(kernelAlignment(wanted, shifted, { centered: true })).toBeCloseTo(1, 13);
    expect(kernelAlignment(await gramOf(shifted), y, { centered: true })).toBeCloseTo(1, 12);
  });

  test('centred is that of matrices multiplied by H = 1 − 1·1ᵀ/N', async () => {
    const n = 6;
    const [kernel, y] = [await gramOf(draw(3, [n, 9])), draw(4, [n, 2])];
    const h = ndarray(
      Array.from({ length: n * n }, (_, e) => Number(e % (n + 1) === 0) - 1 / n),
      [n, n],
    );
    const [centered, targets] = await evaluate([
      matmul(matmul(constant(h), constant(kernel)), constant(h)),
      matmul(constant(h), constant(y)),
    ]);
    expect(kernelAlignment(kernel, y, { centered: true })).toBeCloseTo(kernelAlignment(centered, targets), 13);
  });
});

test('effectiveRank counts equal eigenvalues, and weighs others by their entropy', () => {
  expect(effectiveRank([5])).toBe(1);
  expect(effectiveRank([0, 0, 1e-300, 0])).toBe(1);
  expect(effectiveRank([3, 3, 0, 3, -3])).toBeCloseTo(3, 14);
  // p = ¾, ¼: exp(¾·log(4/3) + ¼·log 4)
  expect(effectiveRank(Float64Array.of(1e250, 3e250))).toBeCloseTo((4 / 3) ** 0.75 * 4 ** 0.25, 14);
});

test('invalid arguments are refused', () => {
  const kernel = ndarray([1, 0, 0, 1], [2, 2]);
  const zeros = ndarray([0, 0, 0, 0], [2, 2]);
  expect(() => kernelDistance(kernel, ndarray([1], [1, 1]))).toThrow(
    'kernelDistance: b: expected shape [2, 2], got [1, 1]',
  );
  expect(() => kernelDistance(zeros, kernel)).toThrow(NumericalError);
  expect(() => kernelDistance(kernel, scaled(kernel, NaN))).toThrow('expected finite numbers, got NaN at element 0');
  expect(() => kernelAlignment(kernel, draw(1, [3]))).toThrow('kernelAlignment: kernel: expected [3, 3], got [2, 2]');
  expect(() => kernelAlignment(kernel, ndarray([0, 0], [2]))).toThrow('targets: expected a matrix that is not 0');
  // Three equal targets, whose means are rounded.
  expect(() => kernelAlignment(draw(1, [3, 3]), ndarray([0.1, 0.1, 0.1], [3]), { centered: true })).toThrow(
    NumericalError,
  );
  expect(() => kernelAlignment(kernel, draw(1, [2]), { centred: true } as never)).toThrow('centred');
  expect(() => kernelAlignment(kernel, draw(1, [2]), { centered: 1 } as never)).toThrow(
    'expected true or false, got 1',
  );
  expect(() => effectiveRank([])).toThrow('expected finite eigenvalues, got none');
  expect(() => effectiveRank([1, NaN])).toThrow('got NaN at element 1');
  expect(() => effectiveRank([0, -1])).toThrow(NumericalError);
});
