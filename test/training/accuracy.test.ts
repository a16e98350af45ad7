import { expect, test } from 'vitest';
import { DataLoader } from '../../src/data/index.ts';
import {
  Conv2d,
  BatchNorm2d,
  crossEntropy,
  Flatten,
  initialize,
  Linear,
  MaxPool2d,
  ReLU,
  Sequential,
  TE_NAS_SCHEMES,
} from '../../src/nn/index.ts';
import { openDataset } from '../../src/node/index.ts';
import { Generator, wasmBackend } from '../../src/tensor/index.ts';
import { adam, oneHot, Trainer } from '../../src/training/index.ts';

test('a network of 60,000 parameters memorises the shipped images', async () => {
  const block = (from: number, to: number) => [
    new Conv2d(from, to, 3, { padding: 1, bias: false }),
    new BatchNorm2d(to),
    new ReLU(),
    new MaxPool2d(2),
  ];
  const network = new Sequential(
    ...block(3, 16),
    ...block(16, 32),
    ...block(32, 48),
    new Flatten(),
    new Linear(768, 52),
    new ReLU(),
    new Linear(52, 10),
  );
  const count = [...network.namedParameters()].reduce(
    (sum, [, { shape }]) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  );
  expect(Math.round(count / 1000)).toBe(60);
  initialize(network, TE_NAS_SCHEMES.paper, new Generator(0));
  const backend = wasmBackend({ threads: 2 });
  const loader = new DataLoader(await openDataset('sample-1000'), { batchSize: 50, shuffle: true, seed: 1 });
  const trainer = await Trainer.create(network, {
    loss: crossEntropy,
    optimizer: adam({ learningRate: 0.002 }),
    backend,
  });
  let accuracy = 0;
  let epochs = 0;
  for (; accuracy <= 0.95 && epochs < 30; epochs++) {
    let right = 0;
    for (const { images, labels } of loader) {
      const { output } = await trainer.step(images, oneHot(labels, 10));
      labels.forEach((label, n) => {
        const scores = output.data.subarray(10 * n, 10 * n + 10);
        right += Number(scores.every((score) => score <= scores[label]));
      });
    }
    accuracy = right / 1000;
  }
  expect(accuracy).toBeGreaterThan(0.95);
  await backend.close();
});
