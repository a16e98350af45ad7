import { afterAll, expect, test } from 'vitest';
import { fittedPower, type Gaps, POINTS, rootMeanSquare, widthGap } from '../../../scripts/experiments/widthGap.ts';
import { wasmBackend } from '../../../src/tensor/index.ts';

// The experiment of scripts/experiments/width.mts, reduced: fewer points, narrower networks, three draws.

const backend = wasmBackend({ threads: 2, dtype: 'float64' });
afterAll(() => backend.close());

test('real outputs approach the predicted ones as 1/√width, and faster those by the network’s own kernel', async () => {
  const task = { inputs: 8, outputs: 6, train: 12, test: 12, steps: 60, seed: 0 };
  const widths = [64, 128, 256, 512, 1024];
  const gaps: Gaps[][] = [];
  for (const width of widths) {
    const draws: Gaps[] = [];
    for (const draw of [0, 1, 2]) draws.push(await widthGap(width, draw, backend, task));
    gaps.push(draws);
  }
  for (const points of POINTS) {
    const [own, infinite] = (['own', 'infinite'] as const).map((prediction) =>
      gaps.map((draws) => rootMeanSquare(draws.map((each) => each[prediction][points]))),
    );
    // Gaps of a width scatter by a fifth or so: over a factor of 16 in width, that moves a slope by about 0.1.
    expect(Math.abs(fittedPower(widths, infinite) + 0.5)).toBeLessThan(0.15);
    expect(fittedPower(widths, own)).toBeLessThan(-0.5);
    widths.forEach((_, i) => expect(own[i]).toBeLessThan(infinite[i] / 1.2));
  }
  // The networks have been trained.
  for (const { loss } of gaps.flat()) expect(loss[1]).toBeLessThan(loss[0] / 10);
});

test('a power is fitted', () => {
  expect(fittedPower([1, 2, 5], [3, 3 / Math.sqrt(2), 3 / Math.sqrt(5)])).toBeCloseTo(-0.5, 12);
});
