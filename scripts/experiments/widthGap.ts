import { initialize, mseLoss, pytorchDefault } from '../../src/nn/index.ts';
import {
  gradientDescent,
  infinite,
  infiniteKernel,
  mseDynamics,
  tangentKernel,
  wideNetwork,
} from '../../src/ntk/index.ts';
import { type Backend, Generator, type NDArray, ndarray, slice } from '../../src/tensor/index.ts';
import { sgd, Trainer } from '../../src/training/index.ts';

/** What networks of all widths learn: standard normal targets at standard normal points. */
export interface WidthTask {
  readonly inputs: number;
  readonly outputs: number;
  /** Points that are trained on. */
  readonly train: number;
  /** Points that are not. */
  readonly test: number;
  readonly steps: number;
  /** Of points and targets; draws of networks have seeds of their own. */
  readonly seed: number;
}

/** The kernels that predict training: the network's own at initialisation, and that of infinite width. */
export const PREDICTIONS = ['own', 'infinite'] as const;

/** Where outputs are compared. */
export const POINTS = ['train', 'test'] as const;

/** How far a prediction is from the real outputs: of the root mean squares after each step, the largest. */
export type Gaps = Readonly<
  Record<(typeof PREDICTIONS)[number], Readonly<Record<(typeof POINTS)[number], number>>> & {
    /** The real loss before training and after it. */
    loss: readonly [number, number];
  }
>;

/**
 * Trains a network of one hidden layer of ReLUs, in the NTK parametrisation, by full-batch gradient descent at half of the
 * limit 2/h of infinite width, in float64, and compares its outputs after each step with those that a kernel predicts.
 *
 * @param draw which of the networks of the width
 */
export async function widthGap(width: number, draw: number, backend: Backend, task: WidthTask): Promise<Gaps> {
  const { inputs, outputs, train, test, steps, seed } = task;
  const { serial, dense, relu } = infinite;
  const map = serial(dense(width, { weightStd: Math.SQRT2 }), relu(), dense(outputs));
  const network = wideNetwork(map, [inputs]);
  initialize(network, pytorchDefault, new Generator(seed).fork(draw));
  const data = new Generator(seed).fork('data');
  const x = data.normals([train + test, inputs]);
  const targets = data.normals([train, outputs]);

  const kernels = {
    own: (await tangentKernel(network, x, { outputs: 'full', backend, dtype: 'float64' })).kernel,
    infinite: (await infiniteKernel(map, x)).ntk,
  };
  const limit = mseDynamics(part(kernels.infinite, train, [0, train], train + test), targets).learningRateLimit();
  const learningRate = limit / 2;
  const real = await trainedOutputs(learningRate);

  const gapsOf = (kernel: NDArray) => {
    const rowsOf = (from: number, to: number) => part(kernel, train, [from, to], train + test);
    const dynamics = mseDynamics(rowsOf(0, train), targets, { initial: samples(real.outputs[0], 0, train) });
    const descent = gradientDescent({ learningRate });
    const points = { kernel: rowsOf(train, train + test), initial: samples(real.outputs[0], train, train + test) };
    const times = Array.from(real.outputs.keys());
    return {
      train: largestGap(dynamics.predict(descent, times), 0),
      test: largestGap(dynamics.predict(descent, times, points), train),
    };
  };
  return { own: gapsOf(kernels.own), infinite: gapsOf(kernels.infinite), loss: real.loss };

  /** The outputs at all points after each step of training on the first ones. */
  async function trainedOutputs(rate: number): Promise<{ outputs: NDArray[]; loss: [number, number] }> {
    const trainer = await Trainer.create(network, {
      loss: (y, target) => mseLoss(slice(y, [{ stop: train }, {}]), target),
      optimizer: sgd({ learningRate: rate }),
      ...{ backend, dtype: 'float64' },
    });
    const told: NDArray[] = [];
    const losses: number[] = [];
    for (let step = 0; step <= steps; step++) {
      const { output, loss } = await trainer.step(x, targets);
      told.push(output);
      losses.push(loss);
    }
    trainer.dispose();
    return { outputs: told, loss: [losses[0], losses[steps]] };
  }

  /** @param predicted [T, n, K], of the points from `first` on */
  function largestGap(predicted: NDArray, first: number): number {
    const size = predicted.data.length / real.outputs.length;
    const gaps = real.outputs.map(({ data }, t) => {
      let squares = 0;
      for (let e = 0; e < size; e++) squares += (predicted.data[t * size + e] - data[first * outputs + e]) ** 2;
      return Math.sqrt(squares / size);
    });
    return Math.max(...gaps);
  }
}

/** Some samples' rows of a kernel of all points, in the columns of the first `columns` samples. */
function part({ data, shape }: NDArray, columns: number, [from, to]: readonly [number, number], all: number): NDArray {
  const perSample = shape[0] / all;
  const width = columns * perSample;
  const rows = Array.from({ length: (to - from) * perSample }, (_, r) => {
    const start = (from * perSample + r) * shape[1];
    return [...data.subarray(start, start + width)];
  });
  return ndarray(rows.flat(), [rows.length, width]);
}

function samples({ data, shape: [, k] }: NDArray, from: number, to: number): NDArray {
  return ndarray(data.slice(from * k, to * k), [to - from, k]);
}

/** The slope of the line of least squares through (log x, log y): the power of x that y goes with. */
export function fittedPower(xs: readonly number[], ys: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [u, v] = [xs.map(Math.log), ys.map(Math.log)];
  const [centre, height] = [mean(u), mean(v)];
  const products = u.map((each, i) => (each - centre) * (v[i] - height));
  return mean(products) / mean(u.map((each) => (each - centre) ** 2));
}

/** √(mean of squares) */
export function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}
