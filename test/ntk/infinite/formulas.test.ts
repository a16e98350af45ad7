import { describe, expect, test } from 'vitest';
import { infinite, infiniteKernel } from '../../../src/ntk/index.ts';
import type { NDArray } from '../../../src/tensor/index.ts';
import { draw } from '../../../src/testing/arrays.ts';

// Each formula is written down here a second time, by indices and with acos, and applied layer by layer.

const { averagePool, conv, dense, fanInSum, flatten, globalAveragePool, identity, leakyRelu, relu, serial } = infinite;

/** K or Θ by the numbers of two pixels of two samples: at(i, p, j, q). */
interface Kernels {
  readonly k: (i: number, p: number, j: number, q: number) => number;
  readonly t: (i: number, p: number, j: number, q: number) => number;
}

function memo(f: (i: number, p: number, j: number, q: number) => number): typeof f {
  const known = new Map<string, number>();
  return (...at) => {
    const key = at.join();
    if (!known.has(key)) known.set(key, f(...at));
    return known.get(key)!;
  };
}

/** Of samples [N, C, …pixels] themselves. */
function data({ data, shape: [, channels, ...pixels] }: NDArray): Kernels {
  const size = pixels.reduce((a, b) => a * b, 1);
  const x = (i: number, c: number, p: number) => data[(i * channels + c) * size + p];
  return {
    k: (i, p, j, q) =>
      Array.from({ length: channels }, (_, c) => x(i, c, p) * x(j, c, q)).reduce((a, b) => a + b) / channels,
    t: () => 0,
  };
}

function linear({ k, t }: Kernels, w: number, b: number): Kernels {
  const next = memo((...at) => w * w * k(...at) + b * b);
  return { k: next, t: memo((...at) => next(...at) + w * w * t(...at)) };
}

/** With slope 0, ReLU. */
function rectifier({ k, t }: Kernels, slope = 0): Kernels {
  const angle = (i: number, p: number, j: number, q: number) => {
    const cosine = k(i, p, j, q) / Math.sqrt(k(i, p, i, p) * k(j, q, j, q));
    return i === j && p === q ? 0 : Math.acos(cosine);
  };
  return {
    k: memo((i, p, j, q) => {
      const theta = angle(i, p, j, q);
      const size = Math.sqrt(k(i, p, i, p) * k(j, q, j, q)) / (2 * Math.PI);
      const of = (a: number) => size * (Math.sin(a) + (Math.PI - a) * Math.cos(a));
      // E[φφ] = E[relu relu]·(1 + slope²) − 2·slope·E[relu(u)·relu(−v)]
      return (1 + slope ** 2) * of(theta) - 2 * slope * of(Math.PI - theta);
    }),
    t: memo((i, p, j, q) => {
      const share = (Math.PI - angle(i, p, j, q)) / (2 * Math.PI);
      return t(i, p, j, q) * ((1 + slope ** 2) * share + 2 * slope * (0.5 - share));
    }),
  };
}

function mapped({ k, t }: Kernels, f: (kernel: Kernels['k']) => Kernels['k']): Kernels {
  return { k: memo(f(k)), t: memo(f(t)) };
}

/** Means over a window of size × size from (top, left) = stride·(y, x) − pad, of images h × h into m × m. */
function windowed(kernels: Kernels, h: number, m: number, size: number, stride: number, pad: number): Kernels {
  const at = (p: number, r: number, s: number) => {
    const [y, x] = [Math.floor(p / m) * stride + r - pad, (p % m) * stride + s - pad];
    return y >= 0 && y < h && x >= 0 && x < h ? y * h + x : -1;
  };
  return mapped(kernels, (kernel) => (i, p, j, q) => {
    let sum = 0;
    for (let r = 0; r < size; r++) {
      for (let s = 0; s < size; s++) {
        const [a, b] = [at(p, r, s), at(q, r, s)];
        if (a >= 0 && b >= 0) sum += kernel(i, a, j, b);
      }
    }
    return sum / size ** 2;
  });
}

/** The average over pixels, of the same pixels or of all pairs. */
function pooled(kernels: Kernels, pixels: number, pairs: 'same' | 'all'): Kernels {
  const all = Array.from({ length: pixels }, (_, p) => p);
  return mapped(kernels, (kernel) => (i, _p, j, _q) => {
    const terms = all.flatMap((p) => (pairs === 'all' ? all : [p]).map((q) => kernel(i, p, j, q)));
    return terms.reduce((a, b) => a + b) / terms.length;
  });
}

async function expectKernels(map: infinite.KernelMap, x1: NDArray, expected: (both: Kernels) => Kernels, x2?: NDArray) {
  const both: NDArray = x2
    ? { ...x1, shape: [x1.shape[0] + x2.shape[0], ...x1.shape.slice(1)], data: Float64Array.of(...x1.data, ...x2.data) }
    : x1;
  const { k, t } = expected(data(both));
  const { nngp, ntk } = await infiniteKernel(map, x1, { x2 });
  const [n1, n2] = [x1.shape[0], (x2 ?? x1).shape[0]];
  expect(nngp.shape).toEqual([n1, n2]);
  for (let i = 0; i < n1; i++) {
    for (let j = 0; j < n2; j++) {
      const other = x2 ? n1 + j : j;
      for (const [got, want] of [
        [nngp.data[i * n2 + j], k(i, 0, other, 0)],
        [ntk.data[i * n2 + j], t(i, 0, other, 0)],
      ]) {
        expect(Math.abs(got - want)).toBeLessThan(1e-12 * Math.max(1, Math.abs(want)));
      }
    }
  }
}

const vectors = draw(1, [4, 5]);
const others = draw(2, [3, 5]);
const images = draw(3, [2, 3, 5, 5]);
const [w, b] = [1.3, 0.4];
const affine = { weightStd: w, biasStd: b };

describe('kernels of vectors are those worked by hand', () => {
  test('of one linear layer', async () => {
    await expectKernels(dense(7), vectors, (x) => linear(x, 1, 0));
    await expectKernels(dense(7, affine), vectors, (x) => linear(x, w, b), others);
  });

  test('of three hidden layers of ReLUs', async () => {
    const hidden = () => serial(dense(64, affine), relu());
    const map = serial(hidden(), hidden(), hidden(), dense(3, affine));
    const layer = (x: Kernels) => rectifier(linear(x, w, b));
    await expectKernels(map, vectors, (x) => linear(layer(layer(layer(x))), w, b));
    await expectKernels(map, vectors, (x) => linear(layer(layer(layer(x))), w, b), others);
  });

  test.each([0.01, 0.3, -1, 1])('of leaky ReLUs of slope %d', async (slope) => {
    const map = serial(dense(64, affine), leakyRelu(slope), dense(3, affine));
    await expectKernels(map, vectors, (x) => linear(rectifier(linear(x, w, b), slope), w, b), others);
  });

  test('of a residual block', async () => {
    const map = serial(dense(9, affine), fanInSum(serial(relu(), dense(9, affine)), identity()), relu(), dense(1));
    await expectKernels(map, vectors, (x) => {
      const before = linear(x, w, b);
      const branch = linear(rectifier(before), w, b);
      const sum = {
        k: memo((...at) => before.k(...at) + branch.k(...at)),
        t: memo((...at) => before.t(...at) + branch.t(...at)),
      };
      return linear(rectifier(sum), 1, 0);
    });
  });

  test('of standard parametrisation', async () => {
    const standard = { ...affine, parameterization: 'standard' } as const;
    const grown = (before: Kernels, after: Kernels, width: number, bias: number): Kernels => ({
      k: after.k,
      t: memo((...at) => w * w * before.t(...at) + width * before.k(...at) + bias),
    });
    await expectKernels(serial(dense(64, standard), relu(), dense(3, standard)), vectors, (x) => {
      const first = grown(x, linear(x, w, b), 5, 1);
      const active = rectifier(first);
      return grown(active, linear(active, w, b), 64, 1);
    });
    await expectKernels(dense(2, { weightStd: w, parameterization: 'standard' }), vectors, (x) =>
      grown(x, linear(x, w, 0), 5, 0),
    );
    // A convolution has as many inputs as its window has pixels of its channels.
    await expectKernels(serial(conv(4, 3, standard), flatten()), images, (x) => {
      const window = windowed(x, 5, 3, 3, 1, 0);
      return pooled(grown(window, linear(window, w, b), 27, 1), 9, 'same');
    });
  });
});

describe('kernels of images are those worked by hand', () => {
  const settings = [
    { options: {}, m: 3, stride: 1, pad: 0, size: 3 },
    { options: { padding: 'same' }, m: 5, stride: 1, pad: 1, size: 3 },
    { options: { padding: 'same', stride: 2 }, m: 3, stride: 2, pad: 1, size: 3 },
    { options: { padding: 2, stride: 3 }, m: 3, stride: 3, pad: 2, size: 3 },
    // The odd zero comes after the image.
    { options: { padding: 'same' }, m: 5, stride: 1, pad: 0, size: 2 },
  ] as const;

  test.each(settings)('of a convolution of size $size with $options', async ({ options, m, stride, pad, size }) => {
    const one = (x: Kernels) => rectifier(linear(windowed(x, 5, m, size, stride, pad), w, b));
    const first = serial(conv(8, size, { ...affine, ...options }), relu());
    await expectKernels(serial(first, flatten(), dense(2, affine)), images, (x) =>
      linear(pooled(one(x), m * m, 'same'), w, b),
    );
    await expectKernels(serial(first, globalAveragePool(), dense(2)), images, (x) =>
      linear(pooled(one(x), m * m, 'all'), 1, 0),
    );
  });

  test('of two convolutions with a pool between them, and a shortcut', async () => {
    const map = serial(
      conv(6, 3, { padding: 'same' }),
      fanInSum(serial(relu(), conv(6, 3, { ...affine, padding: 'same' })), identity()),
      averagePool(3, { stride: 2, padding: 1 }),
      conv(6, 3, { padding: 1 }),
      relu(),
      globalAveragePool(),
      dense(1, affine),
    );
    await expectKernels(map, images, (x) => {
      const start = linear(windowed(x, 5, 5, 3, 1, 1), 1, 0);
      const branch = linear(windowed(rectifier(start), 5, 5, 3, 1, 1), w, b);
      const sum = {
        k: memo((...at) => start.k(...at) + branch.k(...at)),
        t: memo((...at) => start.t(...at) + branch.t(...at)),
      };
      const end = rectifier(linear(windowed(averaged(sum, 5, 3, 3, 2, 1, true), 3, 3, 3, 1, 1), 1, 0));
      return linear(pooled(end, 9, 'all'), w, b);
    });
  });

  test.each([true, false])('of pools at the border, padding counted: %s', async (countIncludePad) => {
    const map = serial(
      conv(4, 2, { stride: [1, 1] }),
      relu(),
      averagePool(2, { padding: 1, countIncludePad }),
      flatten(),
    );
    await expectKernels(map, images, (x) => {
      const active = rectifier(linear(windowed(x, 5, 4, 2, 1, 0), 1, 0));
      return pooled(averaged(active, 4, 3, 2, 2, 1, countIncludePad), 9, 'same');
    });
  });

  /** The mean of each window on both sides, independently. */
  function averaged(
    x: Kernels,
    h: number,
    m: number,
    size: number,
    stride: number,
    pad: number,
    counted: boolean,
  ): Kernels {
    const inside = (p: number) => {
      const list: number[] = [];
      for (let r = 0; r < size; r++) {
        for (let s = 0; s < size; s++) {
          const [row, column] = [Math.floor(p / m) * stride + r - pad, (p % m) * stride + s - pad];
          if (row >= 0 && row < h && column >= 0 && column < h) list.push(row * h + column);
        }
      }
      return list;
    };
    const divisor = (list: number[]) => (counted ? size ** 2 : list.length);
    return mapped(x, (kernel) => (i, p, j, q) => {
      const [a, c] = [inside(p), inside(q)];
      const sum = a.flatMap((at) => c.map((other) => kernel(i, at, j, other))).reduce((s, v) => s + v, 0);
      return sum / (divisor(a) * divisor(c));
    });
  }
});

test('orthogonal inputs, opposite inputs and the same input twice are exact', async () => {
  const x = { shape: [4, 2], dtype: 'float64', data: Float64Array.of(1, 0, 0, 1, -1, 0, 1, 0) } as const;
  const { nngp, ntk } = await infiniteKernel(serial(dense(4, { weightStd: 2 }), relu()), x);
  // K = 2 on the diagonal: relu's is half of it. The derivative's is 1/2, 1/4 of orthogonal ones, 0 of opposite ones.
  expect([...nngp.data.slice(0, 4)]).toEqual([1, expect.closeTo(1 / Math.PI, 15), expect.closeTo(0, 15), 1]);
  expect([...ntk.data.slice(0, 4)]).toEqual([1, 0, expect.closeTo(0, 15), 1]);
});
