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
  Tanh,
} from '../../src/nn/index.ts';
import {
  type Backend,
  InputError,
  ndarray,
  NumericalError,
  referenceBackend,
  ShapeError,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { type KernelCheckpoint, KernelTrace, oneHot, sgd, Trainer } from '../../src/training/index.ts';

// PyTorch's training and NumPy's measures in float64 (torch_kernel_trace.py).

const MEASURES = [
  ...(['loss', 'accuracy', 'distance', 'alignment', 'centeredAlignment', 'effectiveRank', 'kappa'] as const),
];
type Recorded = Readonly<Record<'step' | (typeof MEASURES)[number], number>>;

const recorded = JSON.parse(readFileSync(new URL('torch_kernel_trace.json', import.meta.url), 'utf8')) as {
  readonly shapes: Readonly<Record<string, readonly number[]>>;
  readonly start: Readonly<Record<string, readonly number[]>>;
  readonly batches: readonly (readonly number[])[];
  readonly labels: readonly (readonly number[])[];
} & Readonly<Record<'train' | 'eval', readonly Recorded[]>>;

const batches = recorded.batches.map((values) => ndarray(values, [6, 2, 6, 6], 'float64'));
const targets = recorded.labels.map((labels) => oneHot(labels, 3, 'float64'));

function startedNetwork(): Sequential {
  const network = new Sequential(
    new Conv2d(2, 4, 3, { padding: 1, bias: false }),
    new BatchNorm2d(4),
    new Tanh(),
    new Conv2d(4, 3, 3, { stride: 2 }),
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

const optimizer = sgd({ learningRate: 0.1, momentum: 0.9 });

async function trainer(backend: Backend, mode: 'train' | 'eval' = 'train', dtype?: 'float64') {
  return Trainer.create(startedNetwork(), { loss: crossEntropy, optimizer, backend, mode, dtype });
}

const step = (each: Trainer) => each.step(batches[each.steps % 2], targets[each.steps % 2]);

/** @returns how far the measures are from the recorded ones, relative to those or to 1e-3 */
function largestError(checkpoint: KernelCheckpoint, expected: Recorded): number {
  return Math.max(
    ...MEASURES.map((name) => Math.abs(checkpoint[name]! - expected[name]) / Math.max(1e-3, Math.abs(expected[name]))),
  );
}

describe.each(['train', 'eval'] as const)('in %s mode', (mode) => {
  test.each([
    ['reference', referenceBackend, 1e-11],
    ['wasm', wasmBackend({ threads: 2, dtype: 'float64' }), 1e-11],
    // Twelve steps of errors of 6e-8, and κ of 8: below 1e-5 where it was measured.
    ['wasm, float32', wasmBackend({ threads: 2 }), 1e-4],
  ] as const)('%s agrees with PyTorch and NumPy, and does not affect training', async (_, backend, most) => {
    const [watched, alone] = [await trainer(backend, mode), await trainer(backend, mode)];
    const trace = await KernelTrace.create(watched, batches[2], targets[2]);
    for (const expected of recorded[mode]) {
      while (watched.steps < expected.step) expect((await step(watched)).loss).toBe((await step(alone)).loss);
      const checkpoint = await trace.record();
      expect(checkpoint.step).toBe(expected.step);
      expect(largestError(checkpoint, expected)).toBeLessThan(most);
      expect(checkpoint.verdict).toBe('resolved');
    }
    expect(trace.checkpoints.map((each) => each.step)).toEqual([0, 1, 4, 12]);
    expect(trace.checkpoints[0].distance).toBe(0);
    trace.dispose();
    for (const each of [watched, alone]) each.dispose();
    await backend.close();
  });
});

test('a checkpoint measures the parameters at its call, whatever is called meanwhile', async () => {
  const watched = await trainer(referenceBackend);
  const trace = await KernelTrace.create(watched, batches[2], targets[2]);
  const batch = (i: number) => [batches[i % 2], targets[i % 2]] as const;
  const [, , checkpoint] = await Promise.all([
    trace.record(),
    watched.step(...batch(0)),
    trace.record(),
    watched.step(...batch(1)),
    watched.step(...batch(2)),
  ]);
  expect(largestError(checkpoint, recorded.train[1])).toBeLessThan(1e-11);
  const [, third, fourth] = await Promise.all([watched.step(...batch(3)), trace.record(), trace.record()]);
  for (const each of [third, fourth]) expect(largestError(each, recorded.train[2])).toBeLessThan(1e-11);
  expect(trace.checkpoints.map((each) => each.step)).toEqual([0, 1, 4, 4]);
});

test('the kernel has the trained parameters and the mode of training by default', async () => {
  const parameters = (name: string) => name.startsWith('6.');
  const network = startedNetwork();
  const settings = { loss: mseLoss, optimizer, backend: referenceBackend, parameters } as const;
  const trained = await Trainer.create(network, settings);
  const y = ndarray(
    Array.from({ length: 18 }, (_, i) => Math.sin(i)),
    [6, 3],
  );
  const largest = async (options?: Parameters<typeof KernelTrace.create>[3]) => {
    const { lambdaMax, accuracy } = await (await KernelTrace.create(trained, batches[2], y, options)).record();
    expect(accuracy).toBeUndefined();
    return lambdaMax;
  };
  const own = await largest();
  expect(await largest({ mode: 'train', parameters: /^6/ })).toBe(own);
  expect(await largest({ parameters: 'all' })).toBeGreaterThan(1.1 * own);
  expect(await largest({ mode: 'eval' })).not.toBe(own);
  expect(await largest({ outputs: 'sum', parameters: 'all' })).not.toBe(await largest({ parameters: 'all' }));
  expect(await largest({ outputs: 0 })).toBeLessThan(own);
});

test('a batch that is overwritten does not change checkpoints', async () => {
  const watched = await trainer(referenceBackend);
  const [x, y] = [batches[2], targets[2]].map((each) => ({ ...each, data: each.data.slice() }));
  const trace = await KernelTrace.create(watched, x, y);
  for (const { data } of [x, y]) data.fill(0);
  expect(largestError(await trace.record(), recorded.train[0])).toBeLessThan(1e-11);
});

test('invalid arguments are refused, and divergence is reported', async () => {
  const watched = await trainer(referenceBackend);
  const create = (...rest: never[]) => KernelTrace.create(watched, batches[2], targets[2], ...rest);
  await expect(KernelTrace.create({} as never, batches[2], targets[2])).rejects.toThrow('expected a trainer, got {}');
  await expect(create({ outputs: 'full' } as never)).rejects.toThrow("expected one row per sample, got 'full'");
  await expect(create({ output: 0 } as never)).rejects.toThrow(InputError);
  await expect(KernelTrace.create(watched, batches[2], oneHot([0, 1], 3))).rejects.toThrow(
    'targets: expected those of 6 samples, got shape [2, 3]',
  );
  await expect(KernelTrace.create(watched, ndarray([1], [1, 1]), oneHot([0], 3))).rejects.toThrow(ShapeError);
  const trace = await create();
  await watched.step(batches[0], targets[0], { learningRate: 1e200 });
  await watched.step(batches[0], targets[0], { learningRate: 1e200 });
  await expect(trace.record()).rejects.toThrow(
    new NumericalError('kernel trace: training has diverged: 0.weight holds NaN after 2 steps'),
  );
  expect(trace.checkpoints).toEqual([]);
});
