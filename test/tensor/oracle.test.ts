import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  averagePool,
  batchNorm,
  batchNormWith,
  broadcastTo,
  channelStatistics,
  concatenate,
  constant,
  evaluate,
  maxPool,
  ndarray,
  pad,
  referenceBackend,
  ShapeError,
  slice,
  type Tensor,
} from '../../src/tensor/index.ts';
import { apart, draw, relativeError } from '../../src/testing/arrays.ts';
import { extent, seeds } from '../../src/testing/arbitraries/shapes.ts';
import { at, tabulate } from '../../src/testing/backend/definitions.ts';
import { runs } from '../support/runs.ts';

// Functions composed of primitives against their formulas, written a second time in the plainest way. The law of values
// covers the primitives.

const valueOf = async (tensor: Tensor) => (await evaluate([tensor], new Map(), referenceBackend))[0];

describe('against the formula', () => {
  test('average and maximum pools', async () => {
    const side = extent(2, 0);
    const geometry = fc.record({
      size: fc.tuple(extent(9), extent(9)),
      kernel: fc.tuple(extent(4), extent(4)),
      stride: fc.tuple(extent(4), extent(4)),
      padding: fc.tuple(fc.tuple(side, side), fc.tuple(side, side)),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
      seed: seeds,
    });
    let [refused, overhanging] = [0, 0];
    await fc.assert(
      fc.asyncProperty(geometry, async ({ size, kernel, stride, padding, ceilMode, countIncludePad, seed }) => {
        const x = draw(seed, [2, ...size], apart);
        // Where windows begin along a dimension: as many as fit, and rounding up one more that begins before the end of
        // the image, if those do not reach the end of the padding.
        const starts = [0, 1].map((d) => {
          const [low, high] = padding[d];
          const fits = (start: number) => start + kernel[d] <= low + size[d] + high;
          const isWanted = (start: number) => fits(start) || (ceilMode && start < low + size[d] && isNeeded(start));
          const isNeeded = (start: number) => start - stride[d] + kernel[d] < low + size[d] + high;
          const found: number[] = [];
          for (let start = 0; isWanted(start); start += stride[d]) found.push(start - low);
          return found;
        });
        const places = ([c, p, q]: readonly number[]) =>
          Array.from({ length: kernel[0] }, (_, i) =>
            Array.from({ length: kernel[1] }, (__, j) => [starts[0][p] + i, starts[1][q] + j]),
          )
            .flat()
            .map((place) => ({
              value: at(x, [c, ...place], NaN),
              counts: place.every((at, d) => at >= -padding[d][0] && at < size[d] + padding[d][1]),
            }));
        const shape = [2, starts[0].length, starts[1].length];
        const pixels = (index: readonly number[]) =>
          places(index).flatMap(({ value }) => (Number.isNaN(value) ? [] : [value]));
        const options = { stride, padding, ceilMode };
        const isEmpty = tabulate(shape, (...index) => pixels(index).length).data.includes(0);
        if (shape.includes(0) || isEmpty) {
          refused++;
          expect(() => maxPool(constant(x), kernel, options)).toThrow(ShapeError);
          expect(() => averagePool(constant(x), kernel, options)).toThrow(ShapeError);
          return;
        }
        if (tabulate(shape, (...index) => Number(places(index).every(({ counts }) => counts))).data.includes(0)) {
          overhanging++;
        }
        const largest = tabulate(shape, (...index) => Math.max(...pixels(index)));
        const averages = tabulate(shape, (...index) => {
          const sum = pixels(index).reduce((a, b) => a + b);
          return sum / (countIncludePad ? places(index).filter(({ counts }) => counts) : pixels(index)).length;
        });
        expect(await valueOf(maxPool(constant(x), kernel, options))).toEqual(largest);
        const got = await valueOf(averagePool(constant(x), kernel, { ...options, countIncludePad }));
        expect(got.shape).toEqual(shape);
        expect(relativeError(got, averages)).toBeLessThan(1e-14);
      }),
      { numRuns: 300 },
    );
    expect(refused).toBeGreaterThan(10);
    expect(overhanging).toBeGreaterThan(10);
  });

  test('batch norm by the batch and by given statistics', async () => {
    await fc.assert(
      fc.asyncProperty(extent(3, 2), extent(3), extent(4), seeds, async (n, c, h, seed) => {
        const x = draw(seed, [n, c, h, h]);
        const [gamma, beta] = [draw(seed + 1, [c]), draw(seed + 2, [c])];
        const values = (channel: number) => [...x.data].filter((_, i) => Math.floor(i / (h * h)) % c === channel);
        const mean = Array.from({ length: c }, (_, k) => values(k).reduce((a, b) => a + b) / (n * h * h));
        const variance = mean.map((m, k) => values(k).reduce((a, b) => a + (b - m) ** 2, 0) / (n * h * h));
        const expected = tabulate([n, c, h, h], (i, k, p, q) => {
          const standardized = (at(x, [i, k, p, q]) - mean[k]) / Math.sqrt(variance[k] + 1e-5);
          return gamma.data[k] * standardized + beta.data[k];
        });
        const [input, g, b] = [x, gamma, beta].map(constant);
        const statistics = channelStatistics(input);
        expect(relativeError(await valueOf(statistics.mean), ndarray(mean, [c]))).toBeLessThan(1e-12);
        expect(relativeError(await valueOf(statistics.variance), ndarray(variance, [c]))).toBeLessThan(1e-12);
        expect(relativeError(await valueOf(batchNorm(input, g, b)), expected)).toBeLessThan(1e-12);
        expect(relativeError(await valueOf(batchNormWith(statistics, input, g, b)), expected)).toBeLessThan(1e-12);
      }),
      { numRuns: runs(100) },
    );
  });

  test('moving elements', async () => {
    await fc.assert(
      fc.asyncProperty(extent(4), extent(4), seeds, extent(2, 0), extent(3), async (a, b, seed, before, step) => {
        const x = draw(seed, [a, b]);
        const padded = await valueOf(pad(constant(x), [{ before, after: 1, interior: 1 }, { before: 1 }]));
        const rows = before + 2 * a - 1 + 1;
        const expected = tabulate([rows, b + 1], (i, j) =>
          (i - before) % 2 === 0 ? at(x, [(i - before) / 2, j - 1]) : 0,
        );
        expect(padded).toEqual(expected);
        const sliced = await valueOf(
          slice(constant(padded), [{ start: before, step: 2, stop: rows - 1 }, { start: 1 }]),
        );
        expect(sliced).toEqual(x);
        const strided = await valueOf(slice(constant(x), [{ step }]));
        expect(strided).toEqual(tabulate([a, Math.ceil(b / step)], (i, j) => at(x, [i, j * step])));
        const joined = await valueOf(concatenate([constant(x), constant(x)], 1));
        expect(joined).toEqual(tabulate([a, 2 * b], (i, j) => at(x, [i, j % b])));
        const stretched = await valueOf(broadcastTo(constant(x), [3, a, b]));
        expect(stretched).toEqual(tabulate([3, a, b], (_, i, j) => at(x, [i, j])));
      }),
      { numRuns: runs(100) },
    );
  });
});
