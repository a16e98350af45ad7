import { describe, expect, test } from 'vitest';
import { stateDict } from '../../src/nn/index.ts';
import { computeNtk, getNtkN, JacobianProgram, ntkOf, stackRows, TE_NAS_KERNEL } from '../../src/ntk/index.ts';
import { InputError, ndarray } from '../../src/tensor/index.ts';
import { draw, stack } from '../../src/testing/arrays.ts';
import { golden } from '../support/golden.ts';
import { smallNetwork } from '../support/networks.ts';

const batch = (seed: number, n = 3) => ({ images: draw(seed, [n, 3, 8, 8]) });

describe('getNtkN', () => {
  test('agrees with TE-NAS on the reference networks, in both modes', async () => {
    for (const name of ['nb201-arch-00-train', 'nb201-arch-00-eval']) {
      const { network, input, mode, metadata } = golden(name);
      const [kappa] = await getNtkN([{ images: input }], [network], { trainMode: mode === 'train', dtype: 'float64' });
      expect(Math.abs(kappa / Number(metadata.kappa_float64) - 1)).toBeLessThan(1e-9);
    }
  });

  test('takes several networks, and the given number of batches', async () => {
    const networks = [smallNetwork('cell network', 1), smallNetwork('DARTS supernet', 2)];
    const loader = [batch(1), batch(2), batch(3)];
    const first = await getNtkN(loader, networks, { trainMode: true, numBatch: 1 });
    const alone = await Promise.all(networks.map(async (n) => (await computeNtk(n, loader[0].images)).kappa));
    expect(first).toEqual(alone);
    const all = await getNtkN(loader, networks, { trainMode: true });
    expect(await getNtkN(loader, networks, { trainMode: true, numBatch: 3 })).toEqual(all);
    expect(all).not.toEqual(first);
  });

  test('stacks the rows of several batches before the kernel is formed', async () => {
    const network = smallNetwork('cell network', 4);
    const loader = [batch(1), batch(2, 2)];
    // In eval mode samples are independent: two batches are one larger batch.
    const whole = stack([...loader.flatMap(({ images }) => splitSamples(images.data, images.shape[0]))]);
    const [together] = await getNtkN([{ images: whole }], [network]);
    const [apart] = await getNtkN(loader, [network]);
    expect(Math.abs(apart / together - 1)).toBeLessThan(1e-9);
    // In train mode each batch is normalised on its own.
    const rows = [];
    for (const { images } of loader) {
      const program = await JacobianProgram.compile(network, images.shape, TE_NAS_KERNEL);
      rows.push(await program.run(images));
    }
    const expected = await ntkOf(stackRows(rows));
    expect(await getNtkN(loader, [network], { trainMode: true })).toEqual([expected.kappa]);
    expect(expected.kernel.shape).toEqual([5, 5]);
  });

  test('refuses rows of several batches that do not fit into memory together, before computing any', async () => {
    const network = smallNetwork('cell network', 1);
    const { parameterCount } = await JacobianProgram.compile(network, [3, 3, 8, 8], TE_NAS_KERNEL);
    // Rows of 3 samples in float32, and of 6 twice with their kernel.
    const one = 4 * 3 * parameterCount;
    const two = 4 * one + 8 * 6 ** 2;
    const seen: unknown[] = [];
    const compute = (maximumBytes: number) =>
      getNtkN([batch(1), batch(2)], [network], { maximumBytes, onProgress: (progress) => seen.push(progress) });
    await expect(compute(two - 1)).rejects.toThrow(
      new RegExp(`^getNtkN: 6 rows of J: expected at most ${two - 1} bytes .* of memory, got ${two} bytes .* needed`),
    );
    expect(seen).toEqual([]);
    expect(await compute(two)).toHaveLength(1);
    expect(seen).toHaveLength(3);
  });

  test('takes networks from any iterable, and nothing else', async () => {
    const network = smallNetwork('cell network', 1);
    const expected = await getNtkN([batch(1)], [network]);
    expect(await getNtkN([batch(1)], new Set([network]))).toEqual(expected);
    await expect(getNtkN([batch(1)], [network, null as never], { recalbn: 1 })).rejects.toThrow(
      new InputError('getNtkN: networks: expected a module, got null'),
    );
  });

  test('recalibrates running statistics when asked to', async () => {
    const network = smallNetwork('cell network', 5);
    const before = await getNtkN([batch(1)], [network]);
    const state = new Map([...stateDict(network)].map(([name, { data }]) => [name, [...data]]));
    const after = await getNtkN([batch(1)], [network], { recalbn: 1 });
    expect(after).not.toEqual(before);
    for (const [name, { data }] of stateDict(network)) {
      if (name.includes('running')) expect([...data]).not.toEqual(state.get(name));
      else expect([...data]).toEqual(state.get(name));
    }
  });

  test('turns 0/0 into 100000', async () => {
    const network = smallNetwork('cell network', 6);
    for (const [name, variable] of network.namedParameters()) {
      // A network of zeros has a gradient only at the classifier, where the features are 0.
      if (name.includes('weight') || name.includes('bias')) {
        variable.value = ndarray(new Float64Array(variable.value.data.length), variable.shape);
      }
    }
    expect(await getNtkN([batch(1)], [network], { trainMode: true })).toEqual([100000]);
  });

  test('refuses an empty loader and images that are not finite', async () => {
    const network = smallNetwork('cell network', 7);
    await expect(getNtkN([], [network])).rejects.toThrow(
      new InputError('getNtkN: expected at least one batch, got an empty loader'),
    );
    const bad = batch(1);
    bad.images.data[5] = Infinity;
    await expect(getNtkN([bad], [network])).rejects.toThrow(
      'batch: expected finite numbers, got Infinity at element 5',
    );
  });
});

function splitSamples(data: ArrayLike<number>, n: number) {
  const size = data.length / n;
  return Array.from({ length: n }, (_, i) => ndarray(Array.from(data).slice(i * size, (i + 1) * size), [3, 8, 8]));
}
