import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCase } from '../../src/nn/index.ts';
import { computeNtk, tangentKernel } from '../../src/ntk/index.ts';
import { parseOnnx } from '../../src/onnx/index.ts';
import { Generator, InputError, ndarray, type NDArray, wasmBackend } from '../../src/tensor/index.ts';
import {
  clearBatch,
  type KernelImplementation,
  networkFrom,
  randomize,
  verifyNetwork,
} from '../../src/testing/index.ts';
import { goldenPath } from '../support/golden.ts';

const model = (name: string) =>
  parseOnnx(readFileSync(new URL(`../onnx/models/${name}.onnx`, import.meta.url)), `${name}.onnx`);
const batch = new Generator(3).normals([3, 3, 32, 32]);

const backend = wasmBackend({ dtype: 'float64', threads: 2 });
afterAll(() => backend.close());

const EITHER = [
  ...['kernel by the definition', 'kernel by what it means', 'kernel symmetric and positive'],
  ...['kernel of a permuted batch', 'kernel of equal samples'],
];

describe('the laws of a given network', () => {
  test.each([
    ['upsample', 'train', 'kernel of coupled samples'],
    ['vit', 'eval', 'kernel of separate samples'],
  ] as const)('hold for %s in %s mode', async (name, mode, third) => {
    const told: string[] = [];
    const records = await verifyNetwork(
      model(name),
      batch,
      backend,
      { mode, seed: 1, definition: backend },
      ({ law }) => told.push(law),
    );
    expect(records.filter(({ broken }) => broken)).toEqual([]);
    expect(told).toEqual([...EITHER, third]);
    // Each law compared something: the bounds are small relative to Θ, and errors are not exactly 0 everywhere.
    expect(records.filter(({ worst }) => worst.error > 0).length).toBeGreaterThanOrEqual(2);
    const { kernel } = await computeNtk(model(name), batch, { mode, dtype: 'float64' });
    for (const { worst } of records) expect(worst.bound).toBeLessThan(1e-3 * Math.max(...kernel.data));
  });

  test("hold for a case, and for the field's kernel", async () => {
    const { network, input } = parseCase(readFileSync(goldenPath('nb201-arch-00-train')), 'case');
    const few: NDArray = { ...input, shape: [2, ...input.shape.slice(1)], data: input.data.slice(0, (2 * input.data.length) / input.shape[0]) }; // prettier-ignore
    const field: KernelImplementation = {
      kernel: async (network, x, mode) => (await tangentKernel(network, x, { mode, dtype: 'float64' })).kernel,
      ...{ dtype: 'float64', outputs: 'trace', parameters: 'all' },
    };
    // A case of 120 classes as TE-NAS's kernel has it, and a model of 5 outputs by the field's.
    const records = [
      ...(await verifyNetwork(network, few, backend, { mode: 'train', definition: backend })),
      ...(await verifyNetwork(model('upsample'), batch, field, { mode: 'train', definition: backend })),
    ];
    expect(records).toHaveLength(12);
    expect(records.filter(({ broken }) => broken)).toEqual([]);
  });
});

/** Wrong kernels: their mode, the law that each breaks, and what they compute. */
const WRONG: Record<string, [mode: 'eval' | 'train', law: string, kernel: KernelImplementation['kernel']]> = {
  'train mode in place of eval mode': [
    ...(['eval', 'kernel of separate samples'] as const),
    async (network, x) => (await computeNtk(network, x, { mode: 'train', dtype: 'float64' })).kernel,
  ],
  'biases as well': [
    ...(['train', 'kernel by what it means'] as const),
    async (network, x, mode) => (await computeNtk(network, x, { mode, parameters: 'all', dtype: 'float64' })).kernel,
  ],
  'an error of 1e-6 in one entry': [
    ...(['train', 'kernel by the definition'] as const),
    async (network, x, mode) => {
      const { kernel } = await computeNtk(network, x, { mode, dtype: 'float64' });
      return ndarray(kernel.data.with(1, kernel.data[1] * (1 + 1e-6)), kernel.shape);
    },
  ],
  'rows of one sample larger than those of the others': [
    ...(['eval', 'kernel of a permuted batch'] as const),
    async (network, x, mode) => {
      const { kernel } = await computeNtk(network, x, { mode, dtype: 'float64' });
      return ndarray(kernel.data.map((value, i) => value * (i < 3 ? 1.1 : 1)), kernel.shape); // prettier-ignore
    },
  ],
};

test.each(Object.entries(WRONG))('%s is found', async (_, [mode, law, kernel]) => {
  const records = await verifyNetwork(
    model('resnet-bn'),
    batch,
    { kernel, dtype: 'float64' },
    { mode, definition: backend },
  );
  const broken = records.find((record) => record.law === law)?.broken;
  expect(broken?.message).toMatch(new RegExp(`^${law}: .*: expected an error of at most .*, got `));
  expect(broken?.source).toBe('');
});

test('the expected values may be computed by plain loops', async () => {
  const mlp = randomize(networkFrom(['Sequential', ['Linear', 4, 6], ['ReLU'], ['Linear', 6, 2]]), 2);
  const { x } = await clearBatch(mlp, [3, 4], 0, 'eval');
  const records = await verifyNetwork(mlp, x, wasmBackend({ threads: 1 }), { runs: 3 });
  expect(records.filter(({ broken }) => broken)).toEqual([]);
  expect(records.map(({ cases }) => cases)).toEqual([3, 3, 3, 3, 3, 3]);
});

test('one sample is not enough, and is refused before anything is computed', async () => {
  await expect(verifyNetwork(model('vit'), new Generator(0).normals([1, 3, 32, 32]), backend)).rejects.toThrow(
    new InputError('verifyNetwork: expected two samples or more, got 1'),
  );
});
