import { afterAll, describe, expect, test } from 'vitest';
import { type Module, mseLoss } from '../../../src/nn/index.ts';
import { linearize, mseDynamics, tangentKernel } from '../../../src/ntk/index.ts';
import { Generator, ndarray, type NDArray, wasmBackend } from '../../../src/tensor/index.ts';
import { randomize } from '../../../src/testing/networks/randomize.ts';
import { sgd, Trainer } from '../../../src/training/index.ts';
import { tenNetworks } from '../../support/tenNetworks.ts';

// The limit 2/h of the learning rate, h = 2·λmax/M being the largest curvature of the loss by Θ at initialisation: of all
// outputs and all parameters. At 0.95 and 1.05 of it, the residual along the top mode is multiplied by 1 − 2·0.95 = −0.9
// and by 1 − 2·1.05 = −1.1 a step, the loss by 0.81 and by 1.21.

const backend = wasmBackend({ threads: 2, dtype: 'float64' });
afterAll(() => backend.close());

const STEPS = 80;

async function curvature(network: Module, x: NDArray, targets: NDArray): Promise<number> {
  const { kernel } = await tangentKernel(network, x, { outputs: 'full', backend });
  return mseDynamics(kernel, targets).largestCurvature;
}

/** A network that starts `distance` away from its targets, and its loss at fractions of the limit. */
async function started(name: string, distance: number) {
  const { network, sample } = tenNetworks[name]();
  randomize(network, 5);
  const x = new Generator(1).normals([5, ...sample]);
  const { logits } = await tangentKernel(network, x, { outputs: 'full', backend });
  const away = new Generator(2).normals(logits.shape);
  const targets = ndarray(
    logits.data.map((f, i) => f + distance * away.data[i]),
    logits.shape,
  );
  const limit = 2 / (await curvature(network, x, targets));
  /** Losses before each step and after the last, and the largest curvature then as a part of what it was. */
  const train = async (trained: Module, part: number, steps = STEPS) => {
    const optimizer = sgd({ learningRate: part * limit });
    const trainer = await Trainer.create(trained, { loss: mseLoss, optimizer, mode: 'eval', backend });
    const losses: number[] = [];
    for (let step = 0; step <= steps; step++) losses.push((await trainer.step(x, targets)).loss);
    await trainer.save();
    trainer.dispose();
    return { losses, curved: ((await curvature(trained, x, targets)) * limit) / 2 };
  };
  return { network, train };
}

/** Whether each is smaller than the previous one. */
const falls = (losses: readonly number[]) => losses.every((loss, i) => i === 0 || loss < losses[i - 1]);
const growth = (losses: readonly number[]) => losses[STEPS] / losses[STEPS - 1];

describe.each(Object.keys(tenNetworks))('%s', (name) => {
  test('near its targets, learns at every step below the limit, and diverges above it', async () => {
    // So near that Θ does not change until the residual has grown 1.1⁸⁰-fold, to 10⁻³.
    const below = await started(name, 1e-6);
    expect(falls((await below.train(below.network, 0.95)).losses)).toBe(true);
    const above = await started(name, 1e-6);
    const { losses } = await above.train(above.network, 1.05);
    expect(losses[STEPS] / losses[0]).toBeGreaterThan(1e5);
    expect(Math.abs(growth(losses) / 1.21 - 1)).toBeLessThan(0.005);
  });

  test('linearised, does so from any initialisation', async () => {
    const { network, train } = await started(name, 1);
    expect(falls((await train(linearize(network), 0.95)).losses)).toBe(true);
    const { losses } = await train(linearize(network), 1.05);
    expect(losses[STEPS] / losses[0]).toBeGreaterThan(1e5);
    expect(Math.abs(growth(losses) / 1.21 - 1)).toBeLessThan(0.005);
  });
});

test('far from its targets, a network above the limit may reach a flatter region of the loss, and learn there', async () => {
  const { network, train } = await started('two hidden layers of ReLUs', 1);
  const { losses, curved } = await train(network, 1.05, 300);
  expect(curved).toBeLessThan(1 / 1.05);
  expect(losses[300]).toBeLessThan(1e-10 * losses[0]);
});
