import { expect, test } from 'vitest';
import { parseGenotype } from '../../src/nn/index.ts';
import { openDataset } from '../../src/node/index.ts';
import { CellMeasurer, type SweepSettings } from '../../src/search/index.ts';
import { referenceBackend } from '../../src/tensor/index.ts';
import { ntkit } from '../support/command.ts';

test.each([
  ['paper', 'train'],
  ['code', 'eval'],
] as const)('ntkit score of %s in %s mode gives the κ of a sweep, repeat by repeat', async (init, mode) => {
  const arch = '|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|avg_pool_3x3~2|';
  const settings: SweepSettings = {
    ...{ data: 'synthetic', channels: 2, cells: 1, classes: 3, batchSize: 3, repeats: 3, mode, init, seed: 5 },
    ...{ regions: { batches: 1, samples: 2 }, backend: 'reference', dtype: 'float64' },
  };
  const size = ['--channels', '2', '--cells', '1', '--classes', '3', '--batch-size', '3', '--repeats', '3'];
  const how = ['--data', 'synthetic', '--mode', mode, '--init', init, '--seed', '5', '--backend', 'reference'];
  const { stdout } = await ntkit('score', '--arch', arch, ...size, ...how, '--json');
  const [{ lambdaMaxs }] = (JSON.parse(stdout) as { architectures: { lambdaMaxs: number[] }[] }).architectures;
  const measurer = new CellMeasurer(settings, await openDataset('synthetic', { seed: 5 }));
  const { kappas } = await measurer.measure(parseGenotype(arch), referenceBackend);
  expect(lambdaMaxs).toEqual(kappas.map(({ lambdaMax }) => lambdaMax));
  // Repeats have weights and images of their own, and are far apart.
  expect(new Set(lambdaMaxs.map((value) => value.toPrecision(2))).size).toBe(3);
});
