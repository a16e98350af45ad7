import { describe, expect, test } from 'vitest';
import { forward, initialize, type Module, pytorchDefault } from '../../../src/nn/index.ts';
import { infinite, infiniteKernel, KernelProgram, monteCarloKernel, wideNetwork } from '../../../src/ntk/index.ts';
import { Generator, type NDArray, type Shape } from '../../../src/tensor/index.ts';
import { draw, largest, relativeError } from '../../../src/testing/arrays.ts';
import { runs } from '../../support/runs.ts';

// Networks of finite width, with their parameters drawn and derivatives by the engine, go to the formulas.

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

const b = { biasStd: 0.3 };

/** Networks by the width of their hidden layers and the number of outputs. */
const mlp = (width: number, outputs: number) =>
  serial(dense(width, b), relu(), dense(width, b), relu(), dense(width, b), relu(), dense(outputs, b));
const convolutional = (width: number, outputs: number) =>
  serial(
    ...[conv(width, 3, { padding: 'same', ...b }), relu(), averagePool(2)],
    ...[conv(width, 3, { padding: 'same', ...b }), relu(), globalAveragePool(), dense(outputs, b)],
  );

/** log error against log width: the slope of the line of least squares. */
function slope(widths: readonly number[], errors: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((a, v) => a + v, 0) / values.length;
  const [x, y] = [widths.map(Math.log), errors.map(Math.log)];
  const [mx, my] = [mean(x), mean(y)];
  return mean(x.map((v, i) => (v - mx) * (y[i] - my))) / mean(x.map((v) => (v - mx) ** 2));
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return Math.sqrt(Array.from(a, (v, i) => (v - b[i]) ** 2).reduce((sum, v) => sum + v, 0));
}

/** f(x)·f(x)ᵀ/K */
async function covarianceOf(network: Module, x: NDArray): Promise<number[]> {
  const { data, shape } = await forward(network, x);
  const [n, k] = shape;
  return Array.from({ length: n * n }, (_, e) => {
    const [i, j] = [Math.floor(e / n) * k, (e % n) * k];
    let sum = 0;
    for (let c = 0; c < k; c++) sum += data[i + c] * data[j + c];
    return sum / k;
  });
}

describe.each([
  { name: 'an MLP with three hidden layers', of: mlp, shape: [6], widths: [8, 16, 32, 64, 128], draws: runs(160) },
  {
    name: 'a convolutional network with pooling',
    of: convolutional,
    shape: [2, 6, 6],
    widths: [8, 16, 32, 64, 128],
    draws: runs(80),
  },
] as const)('$name converges to its limit as 1/√width', ({ of, shape, widths, draws }) => {
  const x = draw(1, [3, ...(shape as Shape)]);

  test('its tangent kernel', async () => {
    const { ntk } = await infiniteKernel(of(1, 1), x);
    const errors: number[] = [];
    for (const width of widths) {
      const network = wideNetwork(of(width, 1), shape);
      initialize(network, pytorchDefault, new Generator(0));
      const program = await KernelProgram.compile(network, [x.shape]);
      let sum = 0;
      for (let seed = 0; seed < draws; seed++) {
        initialize(network, pytorchDefault, new Generator(seed));
        const { kernel } = await program.run(x);
        sum += distance(kernel.data, ntk.data);
      }
      program.dispose();
      errors.push(sum / draws / distance(ntk.data, new Float64Array(9)));
    }
    expect(Math.abs(slope(widths, errors) + 0.5)).toBeLessThan(0.1);
    expect(errors[errors.length - 1]).toBeLessThan(0.25);
  });

  test('its covariance, over as many outputs as it is wide', async () => {
    const { nngp } = await infiniteKernel(of(1, 1), x);
    const errors: number[] = [];
    for (const width of widths) {
      const network = wideNetwork(of(width, width), shape);
      let sum = 0;
      for (let seed = 0; seed < draws; seed++) {
        initialize(network, pytorchDefault, new Generator(seed));
        sum += distance(await covarianceOf(network, x), nngp.data);
      }
      errors.push(sum / draws / distance(nngp.data, new Float64Array(9)));
    }
    expect(Math.abs(slope(widths, errors) + 0.5)).toBeLessThan(0.1);
    expect(errors[errors.length - 1]).toBeLessThan(0.3);
  });
});

const vectors = draw(2, [3, 5]);
const images = draw(3, [2, 2, 5, 5]);
const standard = { parameterization: 'standard', weightStd: 1.2, biasStd: 0.5 } as const;

describe('a wide network, drawn a few times, is close to the limit', () => {
  test.each([
    {
      name: 'leaky ReLU',
      map: (n: number) => serial(dense(n), leakyRelu(0.3), dense(n), leakyRelu(-0.5), dense(1)),
      x: vectors,
    },
    {
      name: 'erf',
      map: (n: number) => serial(dense(n, { weightStd: 2 }), erf(), dense(n), erf(), dense(1)),
      x: vectors,
    },
    {
      name: 'layer norm',
      map: (n: number) => serial(dense(n, b), layerNorm(), relu(), dense(n), layerNorm({ eps: 0.1 }), erf(), dense(1)),
      x: vectors,
    },
    {
      name: 'a residual network',
      map: (n: number) => serial(dense(n), fanInSum(identity(), serial(relu(), dense(n))), relu(), dense(1)),
      x: vectors,
    },
    {
      name: 'standard parametrisation',
      map: (n: number) => serial(dense(n, standard), relu(), dense(n, standard), relu(), dense(1, standard)),
      x: vectors,
    },
    {
      name: 'layer norm of pixels',
      map: (n: number) => serial(conv(n, 3), layerNorm(), relu(), conv(n, 2), relu(), flatten(), dense(1)),
      x: images,
    },
    {
      name: 'layer norm of images',
      map: (n: number) => serial(conv(n, 3), layerNorm({ over: 'sample' }), relu(), globalAveragePool(), dense(1)),
      x: images,
    },
    {
      name: 'standard convolutions',
      map: (n: number) =>
        serial(conv(n, 3, { ...standard, padding: 'same', stride: 2 }), relu(), flatten(), dense(1, standard)),
      x: images,
    },
    {
      name: 'a pool that does not count its padding',
      map: (n: number) =>
        serial(
          conv(n, 2),
          relu(),
          averagePool(3, { padding: 1, stride: 2, countIncludePad: false }),
          conv(n, 1),
          relu(),
          flatten(),
          dense(1),
        ),
      x: images,
    },
  ])('$name', async ({ map, x }) => {
    const { nngp, ntk } = await infiniteKernel(map(128), x);
    const network = wideNetwork(map(128), x.shape.slice(1));
    const estimates = await monteCarloKernel(network, x, { draws: 16 });
    expect(relativeError(estimates.ntk.mean, ntk)).toBeLessThan(0.1);
    // Only 16 outputs: far noisier, within the error of the draws.
    const spread = largest(estimates.nngp.standardError);
    expect(relativeError(estimates.nngp.mean, nngp) * largest(nngp)).toBeLessThan(4.5 * spread);
  });
});
