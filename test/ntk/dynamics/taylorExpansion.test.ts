import { describe, expect, test } from 'vitest';
import {
  BatchNorm2d,
  Conv2d,
  Flatten,
  forward,
  initialize,
  Linear,
  type Mode,
  type Module,
  pytorchDefault,
  Sequential,
  stateDict,
  Tanh,
} from '../../../src/nn/index.ts';
import { linearize, tangentKernel, taylorExpand } from '../../../src/ntk/index.ts';
import { Generator, ndarray, type NDArray } from '../../../src/tensor/index.ts';
import { draw, largestDifference, relativeError } from '../../../src/testing/arrays.ts';
import { randomize } from '../../../src/testing/networks/randomize.ts';

const images = draw(1, [3, 2, 4, 4]);

function convolutional(): Module {
  return randomize(
    new Sequential(new Conv2d(2, 3, 3), new BatchNorm2d(3), new Tanh(), new Flatten(), new Linear(12, 2)),
    2,
  );
}

/** Moves every parameter by s times a fixed direction. */
function move(network: Module, from: ReadonlyMap<string, NDArray>, s: number): void {
  for (const [name, parameter] of network.namedParameters()) {
    const direction = new Generator(3).fork(name).normals(parameter.shape);
    parameter.value = ndarray(
      Float64Array.from(from.get(name)!.data, (theta, i) => theta + s * direction.data[i]),
      parameter.shape,
    );
  }
}

describe.each<Mode>(['eval', 'train'])('in %s mode', (mode) => {
  const exact = { mode, dtype: 'float64' } as const;

  test.each([0, 1, 2, 3])('the remainder of degree %d shrinks as the next power of the distance', async (degree) => {
    const network = convolutional();
    const start = stateDict(network);
    const expansion = taylorExpand(network, undefined, degree);
    const gaps: number[] = [];
    for (const s of [1, 0.5, 0.25].map((factor) => factor * 0.001 * 3 ** degree)) {
      move(network, start, s);
      move(expansion, start, s);
      gaps.push(largestDifference(await forward(network, images, exact), await forward(expansion, images, exact)));
    }
    expect(gaps[2]).toBeGreaterThan(1e-10);
    expect(Math.log2(gaps[1] / gaps[2])).toBeCloseTo(degree + 1, 0.5);
  });

  test('the tangent kernel of a linearised network is the same at all parameters', async () => {
    const network = convolutional();
    const start = stateDict(network);
    const linear = linearize(network);
    const { kernel, parameters } = await tangentKernel(network, images, exact);
    for (const s of [0, 1]) {
      move(linear, start, s);
      move(network, start, s); // the sample no longer takes part
      const its = await tangentKernel(linear, images, exact);
      expect(relativeError(its.kernel, kernel)).toBeLessThan(1e-12);
      expect(its.parameters).toEqual(parameters);
    }
  });
});

test('two linear layers are a polynomial of degree 2 in their parameters', async () => {
  const network = new Sequential(new Linear(4, 3), new Linear(3, 2));
  initialize(network, pytorchDefault, new Generator(0));
  const start = stateDict(network);
  const x = draw(5, [3, 4]);
  const [one, two, three] = [1, 2, 3].map((degree) => taylorExpand(network, undefined, degree));
  for (const each of [one, two, three, network]) move(each, start, 2);
  const y = await forward(network, x, { dtype: 'float64' });
  expect(relativeError(await forward(one, x, { dtype: 'float64' }), y)).toBeGreaterThan(0.1);
  for (const each of [two, three])
    expect(relativeError(await forward(each, x, { dtype: 'float64' }), y)).toBeLessThan(1e-13);
});

test('the expansion is about the given values, and has the names of the network', async () => {
  const network = convolutional();
  const values = stateDict(randomize(convolutional(), 9));
  const linear = linearize(network, values);
  expect([...linear.namedParameters().keys()]).toEqual([...network.namedParameters().keys()]);
  for (const [name, { value }] of linear.namedParameters()) expect(value).toEqual(values.get(name));
  for (const [name, { value }] of linear.namedParameters()) expect(value.data).not.toBe(values.get(name)!.data);
  const there = randomize(convolutional(), 9);
  const options = { dtype: 'float64' } as const;
  expect(relativeError(await forward(linear, images, options), await forward(there, images, options))).toBeLessThan(
    1e-13,
  );
});

test('parameters that do not fit are refused', () => {
  const network = convolutional();
  const state = stateDict(network);
  expect(() => linearize(network, new Map([...state].slice(1)))).toThrow(
    'linearize: parameters: expected 0.weight, got none',
  );
  expect(() => linearize(network, new Map([...state, ['9.weight', draw(1, [1])]]))).toThrow(
    'names of the network, got 9.weight',
  );
  expect(() => linearize(network, new Map([...state, ['0.weight', draw(1, [1])]]))).toThrow(
    '0.weight: expected shape [3, 2, 3, 3], got [1]',
  );
  expect(() => linearize(network, {} as never)).toThrow(
    'linearize: parameters: expected a Map from names to arrays, got {}',
  );
  expect(() => linearize(new Linear(1, 1))).toThrow('it has no value yet');
  expect(() => taylorExpand(network, undefined, 1.5)).toThrow('taylorExpand: degree: expected an integer ≥ 0, got 1.5');
  expect(() => initialize(linearize(network), pytorchDefault, new Generator(0))).toThrow(
    'does not declare how it starts',
  );
});
