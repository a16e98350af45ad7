import { describe, expect, test } from 'vitest';
import { forward, initialize, pytorchDefault } from '../../../src/nn/index.ts';
import { infinite, infiniteKernel, wideNetwork } from '../../../src/ntk/index.ts';
import { Generator, ndarray, type NDArray } from '../../../src/tensor/index.ts';
import { draw, largestDifference } from '../../../src/testing/arrays.ts';

const {
  averagePool,
  conv,
  dense,
  erf,
  fanInSum,
  flatten,
  globalAveragePool,
  identity,
  layerNorm,
  leakyRelu,
  relu,
  serial,
} = infinite;

const images = draw(1, [5, 2, 4, 4]);
const network = serial(
  conv(4, 3, { padding: 'same', biasStd: 0.1 }),
  relu(),
  averagePool(2),
  conv(4, 3, { padding: 1 }),
  layerNorm(),
  erf(),
  globalAveragePool(),
  dense(1),
);

function rows({ data, shape }: NDArray, from: number, to: number): NDArray {
  const size = data.length / shape[0];
  return ndarray(data.slice(from * size, to * size), [to - from, ...shape.slice(1)]);
}

test('a kernel of two batches is a block of that of their concatenation, to the last bit', async () => {
  const all = await infiniteKernel(network, images);
  const part = await infiniteKernel(network, rows(images, 0, 2), { x2: rows(images, 1, 5) });
  for (const name of ['nngp', 'ntk'] as const) {
    for (let i = 0; i < 2; i++) {
      for (let j = 0; j < 4; j++) expect(part[name].data[i * 4 + j]).toBe(all[name].data[i * 5 + j + 1]);
      for (let j = 0; j < 5; j++) expect(all[name].data[j * 5 + i]).toBe(all[name].data[i * 5 + j]);
    }
  }
});

test('a duplicated image has the kernel of one', async () => {
  const first = rows(images, 0, 1);
  const { nngp, ntk } = await infiniteKernel(network, first);
  const twice = await infiniteKernel(network, first, { x2: rows(images, 0, 2) });
  expect([nngp.data[0], ntk.data[0]]).toEqual([twice.nngp.data[0], twice.ntk.data[0]]);
});

test('many pairs, in blocks, agree with each pair alone', async () => {
  const x = draw(2, [300, 3]);
  const map = serial(dense(4), relu(), dense(1));
  const steps: number[] = [];
  const all = await infiniteKernel(map, x, {
    x2: draw(3, [400, 3]),
    onProgress: ({ done, of }) => steps.push(done / of),
  });
  const one = await infiniteKernel(map, rows(x, 299, 300), { x2: rows(draw(3, [400, 3]), 399, 400) });
  expect(all.ntk.data[all.ntk.data.length - 1]).toBe(one.ntk.data[0]);
  expect(steps).toHaveLength(300);
  expect(steps[299]).toBe(1);
  // Images whose blocks are of one pair each.
  const large = draw(4, [3, 1, 17, 16]);
  const pooled = serial(conv(1, 2), relu(), globalAveragePool());
  const kernel = await infiniteKernel(pooled, large);
  expect(kernel.ntk.data[5]).toBe(
    (await infiniteKernel(pooled, rows(large, 1, 2), { x2: rows(large, 2, 3) })).ntk.data[0],
  );
});

test('the covariance of all pixels is computed only where it is needed, and refused beforehand if it exceeds memory', async () => {
  const maximumBytes = 1000;
  const flat = serial(conv(4, 3), relu(), flatten());
  await expect(infiniteKernel(flat, images, { maximumBytes })).rejects.toThrow(
    '5×5 pairs of 16 numbers: expected at most',
  );
  const pooled = serial(conv(4, 3), relu(), globalAveragePool());
  await expect(infiniteKernel(pooled, images, { maximumBytes })).rejects.toThrow(
    /^infiniteKernel: 5×5 pairs of 256 numbers: .* fewer samples, smaller images or no pooling need less$/,
  );
  // A pool in one branch needs all of them before the branches.
  const branches = serial(conv(4, 3), fanInSum(serial(averagePool(1), conv(4, 1)), conv(4, 1)), flatten());
  await expect(infiniteKernel(branches, images, { maximumBytes })).rejects.toThrow('5×5 pairs of 256 numbers');
  const huge = { shape: [1, 1, 3000, 3000], dtype: 'float64', data: new Float64Array(9e6) } as const;
  await expect(infiniteKernel(pooled, huge, { maximumBytes: 2 ** 40 })).rejects.toThrow(
    'pairs of 81000000000000 numbers',
  );
});

test('the layer norm of a finite network is over the channels of each pixel, or over each sample', async () => {
  const [c, h, w, eps] = [3, 2, 4, 0.1];
  const x = draw(6, [2, 2, h, w]);
  for (const over of ['channels', 'sample'] as const) {
    const module = wideNetwork(serial(conv(c, 1), layerNorm({ over, eps })), [2, h, w]);
    initialize(module, pytorchDefault, new Generator(0));
    const before = wideNetwork(conv(c, 1), [2, h, w]);
    [...before.namedParameters().values()][0].value = [...module.namedParameters().values()][0].value;
    const [y, z] = [await forward(before, x, { dtype: 'float64' }), await forward(module, x, { dtype: 'float64' })];
    for (let at = 0; at < y.data.length; at++) {
      const [sample, pixel] = [Math.floor(at / (c * h * w)), at % (h * w)];
      const group = [...y.data.keys()].filter(
        (e) => Math.floor(e / (c * h * w)) === sample && (over === 'sample' || e % (h * w) === pixel),
      );
      const mean = group.reduce((sum, e) => sum + y.data[e], 0) / group.length;
      const variance = group.reduce((sum, e) => sum + (y.data[e] - mean) ** 2, 0) / group.length;
      expect(z.data[at]).toBeCloseTo((y.data[at] - mean) / Math.sqrt(variance + eps), 12);
    }
  }
});

test('branches with and without a pool have the kernel that each has alone', async () => {
  const pool = serial(averagePool(2, { stride: 1 }), conv(4, 1));
  const plain = conv(4, 2);
  const of = (map: infinite.KernelMap) => infiniteKernel(serial(conv(4, 1), map, flatten()), images);
  const [both, a, b] = [await of(fanInSum(pool, plain)), await of(pool), await of(plain)];
  const sum = ndarray(
    a.ntk.data.map((theta, i) => theta + b.ntk.data[i]),
    [5, 5],
  );
  expect(largestDifference(both.ntk, sum)).toBeLessThan(1e-15);
});

test('a pixel that is zero everywhere has no covariance, and passes the derivative of its side', async () => {
  const zeros = ndarray(new Float64Array(6), [2, 3]);
  const { nngp, ntk } = await infiniteKernel(serial(dense(2), leakyRelu(0.2), dense(1, { biasStd: 1 })), zeros);
  expect([...nngp.data, ...ntk.data]).toEqual(Array<number>(8).fill(1));
  const mixed = ndarray([0, 0, 0, 1, 2, 3], [2, 3]);
  const one = await infiniteKernel(serial(dense(2, { biasStd: 0 }), relu()), mixed);
  expect([...one.nngp.data].map(Number.isFinite)).toEqual(Array<boolean>(4).fill(true));
  expect(one.nngp.data[0]).toBe(0);
});

describe('networks without a formula are refused', () => {
  const vectors = draw(1, [2, 3]);
  const refused = (map: infinite.KernelMap, x: NDArray = vectors) => expect(infiniteKernel(map, x)).rejects;

  test('a non-linearity of what is not Gaussian', async () => {
    await refused(relu()).toThrow('relu: expected a Gaussian signal, as dense and conv give, got that of the data');
    await refused(serial(dense(2), relu(), erf())).toThrow(
      'erf: expected a Gaussian signal, as dense and conv give, got that of relu',
    );
    await refused(serial(dense(2), relu(), layerNorm())).toThrow('layerNorm: expected a Gaussian signal');
    await refused(serial(conv(2, 3), flatten(), relu()), images).toThrow('got that of flatten');
    await refused(serial(conv(2, 1), fanInSum(relu(), conv(2, 1)), relu(), flatten()), images).toThrow(
      'got that of fanInSum',
    );
    await infiniteKernel(serial(conv(2, 3), globalAveragePool(), relu()), images);
    await infiniteKernel(serial(dense(2), layerNorm(), relu()), vectors);
  });

  test('a sum of branches that depend on each other', async () => {
    const message = /^fanInSum: expected at most one branch without a linear layer of its own at its end, got /;
    await refused(serial(dense(2), fanInSum(identity(), identity()))).toThrow(message);
    await refused(serial(dense(2), fanInSum(identity(), relu()))).toThrow(
      `${'got dense and relu'}: their covariance has no formula`,
    );
    const block = () => fanInSum(identity(), serial(relu(), dense(2)));
    await refused(serial(dense(2), fanInSum(block(), identity()))).toThrow(message);
    // Shortcuts in a branch whose own layer is first are no shortcuts around it.
    await infiniteKernel(serial(dense(2), fanInSum(serial(dense(2), block()), identity())), vectors);
    await infiniteKernel(serial(dense(2), block(), block()), vectors);
  });

  test('shapes that do not fit', async () => {
    await refused(dense(2), images).toThrow(
      'dense: expected vectors, as flatten() or globalAveragePool() make of images, got [2, 4, 4]',
    );
    await refused(conv(2, 3)).toThrow('conv: expected images [C, H, W], got [3]');
    await refused(flatten()).toThrow('flatten: expected images [C, H, W], got [3]');
    await refused(averagePool(2)).toThrow('averagePool: expected images [C, H, W], got [3]');
    await refused(conv(2, 5), images).toThrow(
      "conv: expected images of at least the kernel's size 5×5, padding included, got [2, 4, 4]",
    );
    await refused(serial(averagePool(5), flatten()), images).toThrow(
      "expected images of at least the kernel's size 5×5",
    );
    await refused(conv(2, 3), images).toThrow('expected outputs that are vectors, got [2, 2, 2]; flatten()');
    await refused(fanInSum(dense(2), dense(3))).toThrow('fanInSum: expected branches of one shape, got [2] and [3]');
    await refused(dense(2), draw(1, [2, 3, 4])).toThrow(
      'infiniteKernel: expected samples [D] or [C, H, W], got [3, 4]',
    );
    await expect(infiniteKernel(dense(2), vectors, { x2: draw(1, [2, 4]) })).rejects.toThrow(
      'x2: expected shape [2, 3], got [2, 4]',
    );
    expect(() => wideNetwork(dense(2), [2, 4, 4])).toThrow('dense: expected vectors');
  });

  test('arguments out of range', async () => {
    expect(() => dense(0)).toThrow('dense: width: expected an integer ≥ 1, got 0');
    expect(() => dense(2, { weightStd: -1 })).toThrow('dense: weightStd: expected a finite number ≥ 0, got -1');
    expect(() => conv(2, 3, { parameterization: 'mup' as never })).toThrow(
      'conv: parameterization: expected "ntk" or "standard"',
    );
    expect(() => conv(2, 3, { padding: 'full' as never })).toThrow(
      'conv: padding: expected "valid" or "same", got "full"',
    );
    expect(() => conv(2, 0)).toThrow('conv: kernelSize: expected integers ≥ 1');
    expect(() => layerNorm({ over: 'batch' as never })).toThrow('layerNorm: over: expected "channels" or "sample"');
    expect(() => leakyRelu(NaN)).toThrow('leakyRelu: slope: expected a finite number, got NaN');
    expect(() => serial(relu as never)).toThrow('serial: 0: expected a map as dense(…) or serial(…) returns');
    expect(() => fanInSum()).toThrow('fanInSum: expected at least one branch, got none');
    await expect(infiniteKernel(dense(2), ndarray([NaN], [1, 1]))).rejects.toThrow(
      'x1: expected finite numbers, got NaN',
    );
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(infiniteKernel(dense(2), vectors, { signal })).rejects.toThrow('enough');
  });
});
