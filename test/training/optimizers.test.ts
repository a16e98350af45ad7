import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Flatten,
  Linear,
  loadStateDict,
  mseLoss,
  ReLU,
  Sequential,
  stateDict,
} from '../../src/nn/index.ts';
import { ndarray, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { adam, adamW, type Loss, type Optimizer, sgd, Trainer } from '../../src/training/index.ts';

// Twenty steps of PyTorch in float64 (torch_optimizers.py): losses, parameters and running statistics.

interface Trained {
  readonly losses: readonly number[];
  readonly after: Readonly<Record<string, readonly number[]>>;
}

const recorded = JSON.parse(readFileSync(new URL('torch_optimizers.json', import.meta.url), 'utf8')) as {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly start: Readonly<Record<string, readonly number[]>>;
  readonly batches: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
} & Readonly<Record<'crossEntropy' | 'mse', Readonly<Record<string, Trained>>>>;

const optimizers: Readonly<Record<string, Optimizer>> = {
  sgd: sgd({ learningRate: 0.1 }),
  'sgd, decay': sgd({ learningRate: 0.1, weightDecay: 0.05 }),
  'sgd, momentum': sgd({ learningRate: 0.05, momentum: 0.9 }),
  'sgd, dampened': sgd({ learningRate: 0.1, momentum: 0.8, dampening: 0.3, weightDecay: 0.01 }),
  'sgd, nesterov': sgd({ learningRate: 0.05, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  adam: adam({ learningRate: 0.01 }),
  'adam, decay': adam({ learningRate: 0.02, betas: [0.8, 0.95], eps: 1e-6, weightDecay: 0.1 }),
  adamW: adamW({ learningRate: 0.02, betas: [0.8, 0.95], weightDecay: 0.1 }),
};
const SCHEDULED = new Set(['sgd, momentum', 'adamW']);

function startedNetwork() {
  const network = new Sequential(
    new Conv2d(2, 4, 3, { padding: 1, bias: false }),
    new BatchNorm2d(4),
    new ReLU(),
    new Conv2d(4, 3, 3, { stride: 2, bias: false }),
    new BatchNorm2d(3, { momentum: 0.3 }),
    new ReLU(),
    new Flatten(),
    new Linear(12, 3),
  );
  const state = Object.entries(recorded.start).map(([name, values]) => {
    return [name, ndarray(values, recorded.shapes[name], 'float64')] as const;
  });
  loadStateDict(network, new Map(state));
  return network;
}

const batches = recorded.batches.map((values) => ndarray(values, [6, 2, 6, 6], 'float64'));
const targets = recorded.targets.map((values) => ndarray(values, [6, 3], 'float64'));

const cases = [
  ...Object.keys(recorded.crossEntropy).map((name) => ['crossEntropy', name, crossEntropy] as const),
  ...Object.keys(recorded.mse).map((name) => ['mse', name, mseLoss] as const),
];
const wasm = wasmBackend({ threads: 2, dtype: 'float64' });

describe.each([
  ['reference', referenceBackend],
  ['wasm', wasm],
])('%s', (_, backend) => {
  // Over twenty steps errors of 1e-16 grow by what the loss is curved: to 1e-12 at most, measured below 2e-13.
  test.each(cases)('%s, %s', async (kind, name, loss: Loss) => {
    const { losses, after } = recorded[kind][name];
    const network = startedNetwork();
    const optimizer = optimizers[name];
    const trainer = await Trainer.create(network, { loss, optimizer, backend });
    for (let i = 0; i < 20; i++) {
      const late = SCHEDULED.has(name) && i >= 10;
      const options = late ? { learningRate: optimizer.learningRate / 2 } : {};
      const step = await trainer.step(batches[i % 2], targets[i % 2], options);
      expect(Math.abs(step.loss / losses[i] - 1)).toBeLessThan(1e-12);
    }
    await trainer.save();
    trainer.dispose();
    for (const [name, { data }] of stateDict(network)) {
      const expected = after[name];
      const size = Math.max(...expected.map(Math.abs));
      data.forEach((value, k) => expect(Math.abs(value - expected[k]), name).toBeLessThan(1e-12 * size));
    }
  });
});
