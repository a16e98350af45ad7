import { afterAll, describe, expect, it } from 'vitest';
import { forward, mseLoss } from 'ntkit/nn';
import {
  gradientDescent,
  infiniteKernel,
  linearize,
  mseDynamics,
  networkEnsemble,
  symmetricEigen,
  tangentKernel,
} from 'ntkit/ntk';
import { sgd, Trainer } from 'ntkit/training';
import { ACTIVATIONS } from '../../web/src/rooms/training/activations.ts';
import { type Architecture, drawNetwork, kernelMap, squaredScales } from '../../web/src/rooms/training/architecture.ts';
import { layerwiseKernels } from '../../web/src/rooms/training/layerwiseKernel.ts';
import {
  arraysOf,
  axisOf,
  EXTENT,
  gridOf,
  gridSide,
  MOST_SAMPLES,
  PROBLEM_NAMES,
  PROBLEMS,
} from '../../web/src/rooms/training/problem.ts';
import { Run, type RunSettings } from '../../web/src/rooms/training/run.ts';
import { Session } from '../../web/src/rooms/training/session.ts';

const small: Architecture = { width: 24, depth: 2, activation: 'erf' };

const settings = (changes: Partial<RunSettings> = {}): RunSettings => ({
  ...{ architecture: small, samples: PROBLEMS.sine.samples, rate: 0.4, seed: 3 },
  ...changes,
});

const opened: Run[] = [];

async function open(changes: Partial<RunSettings> = {}): Promise<Run> {
  const run = await Run.create(settings(changes));
  opened.push(run);
  return run;
}

afterAll(() => opened.forEach((run) => run.dispose()));

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** What the run is of, made again by other means. */
function exactParts({ architecture, samples, seed }: RunSettings) {
  const { x, y } = arraysOf(samples);
  const inputs = x.shape[1] as 1 | 2;
  const network = drawNetwork(architecture, inputs, seed);
  const parameters = [...network.namedParameters().values()].reduce((sum, { value }) => sum + value.data.length, 0);
  const grid = gridOf(inputs, gridSide(inputs, parameters));
  return { network, x, y, grid, inputs };
}

describe('problems', () => {
  it('have few enough samples, all distinct and within the extent', () => {
    for (const name of PROBLEM_NAMES) {
      const { inputs, samples } = PROBLEMS[name];
      expect(samples.length).toBeLessThan(MOST_SAMPLES);
      for (const { x, y } of samples) {
        expect(x).toHaveLength(inputs);
        expect(Math.max(...x.map(Math.abs), Math.abs(y))).toBeLessThanOrEqual(EXTENT);
      }
      expect(new Set(samples.map(({ x }) => String(x))).size).toBe(samples.length);
    }
  });

  it('have a grid from the top left corner of the square to its bottom right one, coarser for larger networks', () => {
    const { data, shape } = gridOf(2, 14);
    expect(shape).toEqual([196, 2]);
    expect([...data.slice(0, 4)]).toEqual([-2, 2, axisOf(14)[1], 2]);
    expect([...data.slice(-2)]).toEqual([2, -2]);
    expect([1e3, 3e5, 1e7].map((weights) => gridSide(2, weights))).toEqual([28, 23, 16]);
  });
});

describe('kernel of a network, layer by layer', () => {
  it.each(ACTIVATIONS.flatMap((activation) => ([1, 2] as const).map((inputs) => [activation, inputs] as const)))(
    'is J·Jᵀ: %s, %i coordinates',
    async (activation, inputs) => {
      const architecture = { width: 7, depth: inputs + 1, activation };
      const network = drawNetwork(architecture, inputs, 1);
      const { x } = arraysOf(PROBLEMS[inputs === 1 ? 'gap' : 'blobs'].samples);
      const grid = gridOf(inputs, 5);
      const kernels = await layerwiseKernels(network, { x, grid, scales: squaredScales(architecture, inputs) });
      const exact = { outputs: 'full', dtype: 'float64' } as const;
      const [train, cross] = [
        await tangentKernel(network, x, exact),
        await tangentKernel(network, grid, { ...exact, x2: x }),
      ];
      expect(largestDifference(kernels.train.data, train.kernel.data)).toBeLessThan(1e-11);
      expect(largestDifference(kernels.cross.data, cross.kernel.data)).toBeLessThan(1e-11);
      expect(largestDifference(kernels.outputs.data, train.logits.data)).toBeLessThan(1e-12);
      expect(largestDifference(kernels.gridOutputs.data, cross.logits.data)).toBeLessThan(1e-12);
    },
  );
});

describe('run', () => {
  it('trains the network as a Trainer does, however often frames are taken', async () => {
    const run = await open();
    await run.advance(0);
    await run.advance(3);
    const { real, step, modes } = await run.advance(4);
    expect(step).toBe(7);

    const { network, x, y, grid } = exactParts(settings());
    // Twice the loss, half the learning rate.
    const trainer = await Trainer.create(network, {
      loss: (output, target) => mseLoss(output, target, { reduction: 'sum' }),
      optimizer: sgd({ learningRate: run.learningRate / 2 }),
    });
    for (let i = 0; i < 7; i++) await trainer.step(x, y);
    await trainer.save();
    trainer.dispose();
    expect(largestDifference(real.field, (await forward(network, grid)).data)).toBeLessThan(2e-5);
    const outputs = (await forward(network, x)).data;
    const error = mean(Array.from(outputs, (f, i) => (f - y.data[i]) ** 2));
    expect(Math.abs(real.meanSquaredError / error - 1)).toBeLessThan(1e-4);
    // Eigenvectors are orthonormal.
    const along = modes.real.reduce((sum, residual) => sum + residual ** 2, 0);
    expect(along / outputs.length).toBeCloseTo(error, 5);
  });

  it('predicts by Θ what mseDynamics predicts, and how a linearised network trains', async () => {
    const run = await open();
    const { linearised, modes } = await run.advance(25);
    const { network, x, y, grid } = exactParts(settings());
    const exact = { outputs: 'full', dtype: 'float64' } as const;
    const { kernel, logits } = await tangentKernel(network, x, exact);
    const cross = await tangentKernel(network, grid, { ...exact, x2: x });

    const { values } = symmetricEigen(kernel);
    const learningRate = (0.4 * 2) / values[values.length - 1];
    expect(run.learningRate / learningRate).toBeCloseTo(1, 8);
    const dynamics = mseDynamics(kernel, y, { initial: logits, reduction: 'sum' });
    const descent = gradientDescent({ learningRate: learningRate / 2 });
    const field = dynamics.predict(descent, [25], { kernel: cross.kernel, initial: cross.logits });
    expect(largestDifference(linearised.field, field.data)).toBeLessThan(1e-5);
    const [loss] = dynamics.loss(descent, [25]);
    expect(linearised.meanSquaredError / (loss / 9)).toBeCloseTo(1, 8);

    const linear = linearize(network);
    const trainer = await Trainer.create(linear, {
      loss: (output, target) => mseLoss(output, target, { reduction: 'sum' }),
      optimizer: sgd({ learningRate: learningRate / 2 }),
      dtype: 'float64',
    });
    for (let i = 0; i < 25; i++) await trainer.step(x, y);
    await trainer.save();
    trainer.dispose();
    const trained = await forward(linear, grid, { dtype: 'float64' });
    expect(largestDifference(linearised.field, trained.data)).toBeLessThan(1e-5);

    // Each residual shrinks by a factor of its own, the one of the largest eigenvalue first.
    const start = await open();
    const first = (await start.advance(0)).modes;
    const { eigenvalues, halfLives } = run.describe();
    eigenvalues.forEach((eigenvalue, mode) => {
      const expected = first.real[mode] * (1 - learningRate * eigenvalue) ** 25;
      expect(Math.abs(modes.predicted[mode] - expected)).toBeLessThan(1e-5 * (1e-3 + Math.abs(expected)) + 1e-7);
      const halved = Math.abs(1 - learningRate * eigenvalue) ** halfLives[mode];
      expect(halved).toBeCloseTo(0.5, 8);
    });
    expect(eigenvalues).toEqual(eigenvalues.toSorted((a, b) => b - a));
  });

  it('predicts of infinitely wide networks what networkEnsemble predicts', async () => {
    const run = await open();
    const start = await run.advance(0);
    const { infinite } = await run.advance(12);
    const { x, y, grid } = exactParts(settings());
    const map = kernelMap(small);
    const train = await infiniteKernel(map, x);
    const cross = await infiniteKernel(map, grid, { x2: x });
    const test = await infiniteKernel(map, grid);
    const ensemble = networkEnsemble(train, y, { reduction: 'sum' });
    const descent = gradientDescent({ learningRate: run.learningRate / 2 });
    const { mean: expected, covariance } = ensemble.predict(descent, 12, { cross, test });
    expect(largestDifference(infinite!.field, expected.data)).toBeLessThan(1e-5);
    const [m] = grid.shape;
    const deviations = Array.from({ length: m }, (_, i) => Math.sqrt(covariance.data[i * m + i]));
    expect(largestDifference(infinite!.deviation!, deviations)).toBeLessThan(1e-5);

    // Before training an output is a Gaussian number of mean 0, and its variance is part of the error.
    const error = mean(Array.from(y.data, (target, i) => target ** 2 + train.nngp.data[i * 10]));
    expect(start.infinite!.meanSquaredError / error).toBeCloseTo(1, 10);
    expect(run.describe().infiniteLimit).toBeCloseTo(2 / Math.max(...symmetricEigen(train.ntk).values), 10);
  });

  it('gives the mean error of networks from many initialisations', async () => {
    const architecture = { ...small, width: 256, depth: 1 };
    const draws = 12;
    let [sum, squares, predicted] = [0, 0, 0];
    for (let seed = 0; seed < draws; seed++) {
      const run = await Run.create(settings({ architecture, seed, rate: 0.1 }));
      const frame = await run.advance(2);
      sum += frame.real.meanSquaredError;
      squares += frame.real.meanSquaredError ** 2;
      predicted += frame.infinite!.meanSquaredError;
      run.dispose();
    }
    const deviation = Math.sqrt((squares / draws - (sum / draws) ** 2) / (draws - 1));
    expect(Math.abs(sum - predicted) / draws).toBeLessThan(3.5 * deviation);
  });

  it('has no infinite width for tanh, and no spread in two coordinates', async () => {
    const tanh = await open({ architecture: { ...small, activation: 'tanh' } });
    expect((await tanh.advance(1)).infinite).toBeUndefined();
    expect(tanh.describe().infiniteLimit).toBeUndefined();
    const classes = await open({ samples: PROBLEMS.xor.samples });
    const { infinite, real } = await classes.advance(1);
    expect(infinite!.deviation).toBeUndefined();
    expect([real.field.length, infinite!.field.length]).toEqual([28 ** 2, 28 ** 2]);
  });

  it('draws functions of two coordinates in parts while it plays, each of one step; all else is of every step', async () => {
    const over = { samples: PROBLEMS.ring.samples };
    const [playing, exact] = [await open(over), await open(over)];
    const whole = [await exact.advance(0)];
    expect(await playing.advance(0, { playing: true })).toEqual(whole[0]); // there is nothing to show before
    for (let step = 1; step <= 9; step++) {
      whole.push(await exact.advance(1));
      const { drawn, real, linearised, infinite, ...rest } = await playing.advance(1, { playing: true });
      expect(drawn).toBe([0, 0, 0, 0, 1, 1, 1, 1, 5, 5][step]);
      expect([real.field, linearised.field, infinite!.field]).toEqual([
        whole[drawn].real.field,
        whole[drawn].linearised.field,
        whole[drawn].infinite!.field,
      ]);
      const errors = [real, linearised, infinite!].map(({ meanSquaredError }) => meanSquaredError);
      const { real: r, linearised: l, infinite: i, ...expected } = whole[step];
      expect(errors).toEqual([r, l, i!].map(({ meanSquaredError }) => meanSquaredError));
      expect(rest).toEqual({ ...expected, drawn: undefined });
    }
    expect(await playing.advance(0)).toEqual(whole[9]);
  });

  it('is closer to its prediction, and moves less, the wider it is', async () => {
    const gaps: number[] = [];
    const movements: number[] = [];
    for (const width of [32, 1024]) {
      let [gap, movement] = [0, 0];
      for (const seed of [0, 1, 2]) {
        const run = await Run.create(settings({ architecture: { ...small, width, depth: 1 }, seed }));
        const frame = await run.advance(20);
        gap += largestDifference(frame.real.field, frame.linearised.field);
        movement += frame.movement;
        run.dispose();
      }
      gaps.push(gap);
      movements.push(movement);
    }
    expect(gaps[1]).toBeLessThan(gaps[0] / 2);
    expect(movements[1]).toBeLessThan(movements[0] / 2);
    expect(movements[1]).toBeGreaterThan(0);
  });

  it('starts again from the same network, at another learning rate too', async () => {
    const run = await open();
    const before = [await run.advance(0), await run.advance(5)];
    run.restart(0.2);
    const slower = [await run.advance(0), await run.advance(10)];
    run.restart(0.4);
    expect([await run.advance(0), await run.advance(5)]).toEqual(before);
    expect(slower[0].real).toEqual(before[0].real);
    const other = await open({ rate: 0.2 });
    expect([await other.advance(0), await other.advance(10)]).toEqual(slower);
    expect(run.isLike(settings({ rate: 1 }))).toBe(true);
    expect(run.isLike(settings({ seed: 4 }))).toBe(false);
    expect(run.isLike(settings({ samples: settings().samples.slice(1) }))).toBe(false);
  });

  it('diverges beyond the limit 2/λmax, and not below', async () => {
    const architecture = { ...small, width: 512, depth: 1 };
    const below = await open({ architecture, rate: 0.95 });
    const calm = await below.advance(60);
    expect(calm.diverged).toBe(false);
    expect(calm.real.meanSquaredError).toBeLessThan(0.5);
    const beyond = await open({ architecture, rate: 1.6 });
    const { diverged, step, real, linearised } = await beyond.advance(2000);
    expect(linearised.meanSquaredError).toBeGreaterThan(10);
    // A network of bounded units settles elsewhere or diverges; it does not grow at the predicted rate.
    expect(diverged || step === 2000).toBe(true);
    expect(real.field.every(Number.isFinite)).toBe(true);
    const rectified = await open({ architecture: { ...architecture, activation: 'relu' }, rate: 2.6 });
    const lost = await rectified.advance(400);
    expect(lost.diverged).toBe(true);
    expect(lost.step).toBeLessThan(400);
    expect((await rectified.advance(5)).step).toBe(lost.step);
  });

  it('refuses no samples, and too many', async () => {
    await expect(Run.create(settings({ samples: [] }))).rejects.toThrow(
      `samples: expected 1 to ${MOST_SAMPLES}, got 0`,
    );
    const samples = Array.from({ length: MOST_SAMPLES + 1 }, (_, i) => ({ x: [i / 100], y: 0 }));
    await expect(Run.create(settings({ samples }))).rejects.toThrow(`got ${MOST_SAMPLES + 1}`);
    const off = {
      architecture: { width: 1, depth: 4, activation: 'relu' },
      samples: [{ x: [0], y: 1 }],
      seed: 1,
    } as const;
    await expect(Run.create(settings(off))).rejects.toThrow('the kernel of this draw is 0 at every sample');
  });
});

describe('session', () => {
  it('answers the newest request, and earlier ones with undefined', async () => {
    const session = new Session();
    const stale = session.start(settings({ seed: 8 }));
    const started = session.start(settings());
    const advancing = session.advance(3);
    expect(await stale).toBeUndefined();
    const run = await open();
    const first = await run.advance(0);
    expect(await started).toEqual({ description: run.describe(), frame: first });
    expect(await advancing).toEqual(await run.advance(3));
  });

  it('restarts during steps, and continues after an error', async () => {
    const session = new Session();
    expect(await session.advance(1)).toBeUndefined();
    const first = await session.start(settings());
    const long = session.advance(1_000_000);
    const again = session.start(settings({ rate: 0.4 }));
    expect(await long).toBeUndefined();
    expect(await again).toEqual(first);
    await expect(session.start(settings({ samples: [] }))).rejects.toThrow('samples');
    expect(await session.advance(1)).toBeUndefined();
    expect(await session.start(settings())).toEqual(first);
  });
});
