import { expect, test } from 'vitest';
import {
  cellNetwork,
  Conv2d,
  Flatten,
  forward,
  Functional,
  Linear,
  Module,
  Parameter,
  parseGenotype,
  ReLU,
  Sequential,
  Trace,
} from '../../src/nn/index.ts';
import { computeNtk } from '../../src/ntk/index.ts';
import { add, InputError, ShapeError, type Tensor } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';

// An error about a shape names the path of the innermost module that it does not fit.

const cell = cellNetwork(
  parseGenotype('|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|'),
  { channels: 4, cells: 1, classes: 10, depth: -1, useStem: true },
);
const block = (inputs: number) =>
  new Functional({ conv: new Conv2d(inputs, 4, 3), other: new Conv2d(inputs, 5, 3) }, (x, f) =>
    add(f.conv(x), f.other(x)),
  );

class Stray extends Module {
  protected override forward(x: Tensor, trace: Trace): Tensor {
    trace.parameter(new Parameter([1], 0));
    return x;
  }
}

const cases: [string, Module, readonly number[], string][] = [
  ['a layer', new Conv2d(3, 4, 3), [4, 1, 8, 8], 'Conv2d: expected input [N, 3, H, W], got [4, 1, 8, 8]'],
  ['a rank', new Linear(3, 4), [3], 'Linear: expected input [N, …, 3], got [3]'],
  [
    'a Sequential',
    new Sequential(new Flatten(), new Linear(12, 4), new ReLU(), new Linear(5, 2)),
    [2, 3, 4],
    '3 (Linear): expected input [N, …, 5], got [2, 4]',
  ],
  [
    'a Functional',
    new Sequential(new ReLU(), block(3)),
    [4, 1, 8, 8],
    '1.conv (Conv2d): expected input [N, 3, H, W], got [4, 1, 8, 8]',
  ],
  [
    'what a Functional does itself',
    new Sequential(new ReLU(), block(3)),
    [4, 3, 8, 8],
    '1 (Functional): linearCombination: shapes [4, 4, 6, 6] and [4, 5, 6, 6] do not broadcast, expected equal extents or 1 in dimension -3, got 4 and 5',
  ],
  ['a NAS-Bench-201 network', cell, [2, 1, 32, 32], 'stem.0 (Conv2d): expected input [N, 3, H, W], got [2, 1, 32, 32]'],
  [
    'a kernel',
    new Sequential(new Conv2d(1, 1, 3), new Conv2d(1, 1, 9)),
    [1, 1, 10, 10],
    '1 (Conv2d): convolution: kernel of 9 taps (dilation included) does not fit the padded input of 8 in dimension -2',
  ],
];

test.each(cases)('the path of a module: %s', async (_, network, shape, message) => {
  const options = { mode: 'eval' } as const;
  expect(() => new Trace(network, shape, options)).toThrow(new ShapeError(message));
  await expect(forward(network, draw(1, shape))).rejects.toThrow(new ShapeError(message));
  await expect(computeNtk(network, draw(1, shape), { mode: 'eval' })).rejects.toThrow(new ShapeError(message));
});

test('the error of the operation is its cause', () => {
  const network = new Sequential(new Conv2d(1, 1, 9));
  try {
    new Trace(network, [1, 1, 8, 8], { mode: 'eval' });
    expect.unreachable();
  } catch (error) {
    expect((error as Error).cause).toBeInstanceOf(ShapeError);
  }
});

test('input errors name the path, too', () => {
  expect(() => new Trace(new Sequential(new ReLU(), new Stray()), [1, 2], { mode: 'eval' })).toThrow(
    /^1 \(Stray\): trace: a parameter or buffer of shape \[1\] belongs to no module/,
  );
});

test('the input and the output of a module must be tensors', () => {
  const returning = (value: unknown) => new Sequential(new Functional({}, () => value as Tensor));
  const values: [unknown, string][] = [
    [undefined, 'undefined'],
    [Promise.resolve(1), '{}'],
    [[1], '[1]'],
  ];
  for (const [value, text] of values) {
    expect(() => new Trace(returning(value), [1, 2], { mode: 'eval' })).toThrow(
      new InputError(`0 (Functional): forward: its result: expected a tensor, got ${text}`),
    );
  }
  const network = new Functional({ relu: new ReLU() }, (_, { relu }) => relu(3 as unknown as Tensor));
  expect(() => new Trace(network, [1, 2], { mode: 'eval' })).toThrow(
    new InputError('relu (ReLU): input: expected a tensor, got 3'),
  );
});

test('errors that a module throws itself are passed on unchanged', () => {
  const own = new RangeError('mine');
  const network = new Functional({}, () => {
    throw own;
  });
  expect(() => new Trace(network, [1, 2], { mode: 'eval' })).toThrow(own);
});
