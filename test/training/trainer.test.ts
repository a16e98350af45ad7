import { describe, expect, test } from 'vitest';
import {
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Flatten,
  forward,
  initialize,
  Linear,
  ReLU,
  Sequential,
  stateDict,
  TE_NAS_SCHEMES,
} from '../../src/nn/index.ts';
import {
  BackendError,
  type Backend,
  Generator,
  gpuBackend,
  InputError,
  type NDArray,
  referenceBackend,
  ShapeError,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { adam, oneHot, sgd, Trainer } from '../../src/training/index.ts';

function smallNetwork(seed = 0): Sequential {
  const network = new Sequential(
    new Conv2d(2, 4, 3, { padding: 1, bias: false }),
    new BatchNorm2d(4),
    new ReLU(),
    new Flatten(),
    new Linear(64, 3),
  );
  initialize(network, TE_NAS_SCHEMES.paper, new Generator(seed));
  return network;
}

const imagesOf = (n: number, seed: number) => new Generator(seed).normals([n, 2, 4, 4]);
const targetsOf = (n: number, seed: number) => {
  const generator = new Generator(seed);
  return oneHot(
    Array.from({ length: n }, () => generator.integer(3)),
    3,
    'float64',
  );
};
const optimizer = sgd({ learningRate: 0.05, momentum: 0.9, weightDecay: 1e-3 });
const reference = { loss: crossEntropy, optimizer, backend: referenceBackend } as const;
const stateOf = (network: Sequential) => [...stateDict(network)].map(([name, { data }]) => [name, [...data]]);

/** Batches of two sizes, in turn. */
const batchOf = (i: number) => {
  const n = i % 3 === 2 ? 3 : 6;
  return [imagesOf(n, i), targetsOf(n, i)] as const;
};

test('training that is saved and resumed elsewhere, with batches of two sizes, is the same bit for bit', async () => {
  const [whole, first, second] = [smallNetwork(), smallNetwork(), smallNetwork(7)];
  const all = await Trainer.create(whole, reference);
  for (let i = 0; i < 8; i++) await all.step(...batchOf(i));
  await all.save();

  const before = await Trainer.create(first, reference);
  for (let i = 0; i < 5; i++) await before.step(...batchOf(i));
  const saved = await before.save();
  expect(saved.steps).toBe(5);
  expect([...saved.optimizer.keys()]).toContain('momentum_buffer.0.weight');
  for (const [name, value] of stateDict(first)) second.namedState().get(name)!.value = value;
  const after = await Trainer.create(second, reference);
  after.restore(saved);
  for (let i = 5; i < 8; i++) await after.step(...batchOf(i));
  await after.save();
  expect(after.steps).toBe(8);
  expect(stateOf(second)).toEqual(stateOf(whole));
});

test('a step returns the loss and the outputs before it; running statistics move only in train mode', async () => {
  const network = smallNetwork();
  const [x, target] = batchOf(0);
  const output = await forward(network, x, { mode: 'train', backend: referenceBackend });
  const start = stateOf(network);
  const trainer = await Trainer.create(network, reference);
  const step = await trainer.step(x, target);
  expect([...step.output.data]).toEqual([...output.data]);
  expect(stateOf(network)).toEqual(start); // until the state is saved
  await trainer.save();
  expect(stateDict(network).get('1.running_mean')!.data[0]).not.toBe(0);

  const frozen = smallNetwork();
  const inEval = await Trainer.create(frozen, { ...reference, mode: 'eval' });
  await inEval.step(x, target);
  await inEval.save();
  expect([...stateDict(frozen).get('1.running_mean')!.data]).toEqual([0, 0, 0, 0]);
});

test('parameters that are not trained stay as they are', async () => {
  const network = smallNetwork();
  const trainer = await Trainer.create(network, { ...reference, parameters: (name) => name.startsWith('4.') });
  const before = new Map([...stateDict(network)].map(([name, { data }]) => [name, [...data]]));
  for (let i = 0; i < 3; i++) await trainer.step(...batchOf(i));
  await trainer.save();
  const after = stateDict(network);
  expect([...after.get('0.weight')!.data]).toEqual(before.get('0.weight'));
  expect([...after.get('4.weight')!.data]).not.toEqual(before.get('4.weight'));
});

test('concurrent steps are taken one after another', async () => {
  const [one, other] = [smallNetwork(), smallNetwork()];
  const [awaited, asked] = await Promise.all([one, other].map((network) => Trainer.create(network, reference)));
  for (let i = 0; i < 4; i++) await awaited.step(...batchOf(i));
  await Promise.all([0, 1, 2, 3].map((i) => asked.step(...batchOf(i))));
  await Promise.all([awaited.save(), asked.save()]);
  expect(asked.steps).toBe(4);
  expect(stateOf(other)).toEqual(stateOf(one));
});

test('an aborted step takes training back to the saved state', async () => {
  const network = smallNetwork();
  const trainer = await Trainer.create(network, reference);
  for (let i = 0; i < 2; i++) await trainer.step(...batchOf(i));
  await trainer.save();
  const twin = smallNetwork();
  const other = await Trainer.create(twin, reference);
  for (let i = 0; i < 3; i++) await other.step(...batchOf(i));

  await trainer.step(...batchOf(3));
  const controller = new AbortController();
  const stopped = trainer.step(...batchOf(4), { signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(stopped).rejects.toThrow('enough');
  expect(trainer.steps).toBe(2);
  await trainer.step(...batchOf(2));
  await Promise.all([trainer.save(), other.save()]);
  expect(stateOf(network)).toEqual(stateOf(twin));
});

test('invalid arguments are refused, and change nothing', async () => {
  const network = smallNetwork();
  const create = (options: object) => Trainer.create(network, { ...reference, ...options });
  await expect(create({ loss: 3 })).rejects.toThrow(InputError);
  await expect(create({ optimizer: {} })).rejects.toThrow(InputError);
  await expect(create({ learningrate: 1 })).rejects.toThrow('learningrate');
  const [x, target] = batchOf(0);
  const trainer = await create({});
  await expect(trainer.step(imagesOf(6, 0), oneHot([0, 1], 3))).rejects.toThrow(ShapeError);
  await expect(trainer.step({ ...x, data: x.data.map(() => NaN) }, target)).rejects.toThrow(InputError);
  await expect(trainer.step(x, { ...target, data: target.data.map(() => NaN) })).rejects.toThrow('target');
  await expect(trainer.step(x, target, { learningRate: -1 })).rejects.toThrow('learningRate');
  await expect((await create({ loss: (y: unknown) => y })).step(x, target)).rejects.toThrow('expected a scalar');
  await expect((await create({ parameters: () => false })).step(x, target)).rejects.toThrow('a parameter to train');
  expect(trainer.steps).toBe(0);
  expect(() => trainer.restore({ steps: 1, optimizer: new Map([['exp_avg.0.weight', x]]) })).toThrow('no such array');
  expect(() => trainer.restore({ steps: 1, optimizer: new Map([['momentum_buffer.0.weight', x]]) })).toThrow(
    ShapeError,
  );
  expect(() => trainer.restore({ steps: -1, optimizer: new Map() })).toThrow(InputError);
  trainer.dispose();
  await expect(trainer.step(x, target)).rejects.toThrow(BackendError);
  expect(() => sgd({ learningRate: 0.1, nesterov: true })).toThrow('nesterov');
  expect(() => adam({ learningRate: 0.1, betas: [1, 0.9] })).toThrow('betas');
  expect(() => oneHot([3], 3)).toThrow('label 0');
});

describe('float32', () => {
  const backends: [string, () => Promise<Backend> | Backend][] = [
    ['wasm, two threads', () => wasmBackend({ threads: 2 })],
    ['wasm, separate memories', () => wasmBackend({ threads: 2, sharedMemory: false })],
    ['gpu, cpu', () => gpuBackend({ mode: 'cpu' })],
  ];
  test.each(backends)('%s trains as float64 does', async (_, open) => {
    const backend = await open();
    const train = async (on: Backend, dtype: 'float32' | 'float64') => {
      const network = smallNetwork();
      const trainer = await Trainer.create(network, { loss: crossEntropy, optimizer, backend: on, dtype });
      for (let i = 0; i < 6; i++) await trainer.step(...batchOf(i));
      await trainer.save();
      trainer.dispose();
      return stateDict(network);
    };
    const [got, exact] = [await train(backend, 'float32'), await train(referenceBackend, 'float64')];
    // Six steps of errors of 6e-8, which momentum adds up and batch norm magnifies: below 2e-6 where it was measured.
    for (const [name, { data }] of got) {
      const expected: NDArray = exact.get(name)!;
      const size = Math.max(...[...expected.data].map(Math.abs));
      data.forEach((value, k) => expect(Math.abs(value - expected.data[k]), name).toBeLessThan(2e-5 * size));
    }
    await backend.close();
  });
});
