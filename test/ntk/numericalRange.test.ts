import { afterAll, describe, expect, test } from 'vitest';
import type { Module } from '../../src/nn/index.ts';
import { computeNtk, conditionNumber } from '../../src/ntk/index.ts';
import { checkGains, checkRowLengths } from '../../src/ntk/numericalRange.ts';
import { type NDArray, ndarray, NumericalError, referenceBackend, wasmBackend } from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { smallNetwork, smallNetworks } from '../support/networks.ts';

const SHAPE = [4, 3, 8, 8];
const wasm = wasmBackend({ threads: 1 });
afterAll(() => wasm.close());
const backends = [referenceBackend, wasm];

/** The network with all weights, or the images, scaled by a factor. */
function scaled(kind: string, what: 'weights' | 'images', factor: number): { network: Module; images: NDArray } {
  const network = smallNetwork(kind, 4);
  const images = draw(2, SHAPE);
  const times = ({ data, shape }: NDArray) =>
    ndarray(
      Float64Array.from(data, (x) => x * factor),
      shape,
    );
  if (what === 'images') return { network, images: times(images) };
  for (const [name, parameter] of network.namedParameters()) {
    if (name.includes('weight')) parameter.value = times(parameter.value);
  }
  return { network, images };
}

const modes = ['train', 'eval'] as const;

describe.each(smallNetworks)('%s', (kind) => {
  test('scaled by 1e±30 is refused in float32, by the name of what is out of range', async () => {
    for (const what of ['weights', 'images'] as const) {
      for (const factor of [1e30, 1e-30]) {
        const { network, images } = scaled(kind, what, factor);
        for (const backend of backends) {
          for (const mode of modes) {
            const attempt = computeNtk(network, images, { mode, backend, dtype: 'float32' });
            const word = factor > 1 ? 'overflow' : 'underflow';
            await expect(attempt).rejects.toThrow(NumericalError);
            await expect(computeNtk(network, images, { mode, backend, dtype: 'float32' })).rejects.toThrow(
              new RegExp(`^tangent kernel: (images|[\\w.]+weight): ${word} in float32, expected .* compute in float64`),
            );
          }
        }
      }
    }
  });

  test('scaled by factors whose product over the layers is too large is refused, or right', async () => {
    let [refused, right] = [0, 0];
    for (const what of ['weights', 'images'] as const) {
      for (const factor of [1e-10, 1e-6, 1e-3, 1, 1e3, 1e6, 1e10]) {
        const { network, images } = scaled(kind, what, factor);
        // What is out of range in float64 has to be refused in float32, too.
        const exact = await computeNtk(network, images, { mode: 'eval' }).catch(() => undefined);
        try {
          const single = await computeNtk(network, images, { mode: 'eval', backend: wasm, dtype: 'float32' });
          if (exact === undefined) throw new Error(`float64 refuses ${what} times ${factor}, float32 does not`);
          // Rows are right to 32·ε: every entry of Θ to twice that of the lengths of its rows.
          const n = SHAPE[0];
          for (let i = 0; i < n; i++) {
            for (let j = 0; j < n; j++) {
              const size = Math.sqrt(exact.kernel.data[i * n + i] * exact.kernel.data[j * n + j]);
              const error = Math.abs(single.kernel.data[i * n + j] - exact.kernel.data[i * n + j]);
              expect(error).toBeLessThanOrEqual(64 * 2 ** -23 * size);
            }
          }
          right += 1;
        } catch (error) {
          if (!(error instanceof NumericalError)) throw error;
          expect(error.message).toMatch(/(under|over)flow in float32/);
          refused += 1;
        }
      }
    }
    expect(right).toBeGreaterThan(3);
    expect(refused).toBeGreaterThan(1);
  });
});

test('gains are right where squares of numbers leave the range of float64, and where they do not', () => {
  // Σ(k·f)² over k = −3 … 3 is 28·f², the mean of six is 28/6·f², and six inputs make that 28·f².
  const images = ndarray([1], [1]);
  for (const exponent of [-499, -460, -449, -300, -100, 200, 300, 449, 460, 497]) {
    const factor = 2 ** exponent;
    const weight = ndarray(
      [-3, -2, -1, 1, 2, 3].map((k) => k * factor),
      [1, 2, 3],
    );
    const [{ gain }] = checkGains([['weight', weight]], images, 'float64');
    // Seven additions, a division, a product and a root: fewer than 16 roundings of 2⁻⁵³.
    expect(Math.abs(gain / (factor * Math.sqrt(28)) - 1)).toBeLessThan(2 ** -49);
  }
  expect(checkGains([['weight', ndarray([0, 0], [2])]], images, 'float64')).toEqual([]);
  for (const bad of [NaN, Infinity, 2 ** 520, 2 ** -520]) {
    expect(() => checkGains([['weight', ndarray([bad, bad], [2])]], images, 'float64')).toThrow(
      /weight: (over|under)flow/,
    );
  }
});

test('the noise floor of float32 rows is that of float32', async () => {
  const network = smallNetwork('cell network', 4);
  const {
    kernel: theta,
    noiseFloor,
    parameters: { used: parameters },
  } = await computeNtk(network, draw(2, SHAPE), {
    mode: 'train',
    backend: wasm,
    dtype: 'float32',
  });
  expect(noiseFloor).toBe(conditionNumber(theta, { dtype: 'float32', parameters }).noiseFloor);
  expect(noiseFloor).toBeGreaterThan(conditionNumber(theta, { dtype: 'float64', parameters }).noiseFloor);
});

describe('a kernel', () => {
  const origin = { dtype: 'float32', parameters: 100, suspicious: [] } as const;

  test('with a row that is infinite or NaN has overflowed', () => {
    for (const [bad, dtype] of [
      [Infinity, 'float32'],
      [NaN, 'float64'],
    ] as const) {
      expect(() => checkRowLengths([1, bad], { ...origin, dtype })).toThrow(
        `tangent kernel: the row of sample 1: overflow in ${dtype}, expected a finite squared length, got ${bad}`,
      );
    }
  });

  test('with a row as short as the spacing of denormal numbers has underflowed', () => {
    // 2·(−126 + 28) = −196 and −1022 + 57 = −965.
    for (const [dtype, exponent] of [
      ['float32', -196],
      ['float64', -965],
    ] as const) {
      const least = 100 * 2 ** exponent;
      expect(() => checkRowLengths([1, least], { ...origin, dtype })).not.toThrow();
      expect(() => checkRowLengths([1, least / 2], { ...origin, dtype })).toThrow(
        `tangent kernel: the row of sample 1: underflow in ${dtype}, expected a squared length of at least `,
      );
    }
  });

  test('with a row of zeros is that of a dead network where all gains are ordinary, and suspicious otherwise', () => {
    expect(() => checkRowLengths([1, 0], origin)).not.toThrow();
    const suspicious = [{ name: 'stem.0.weight', gain: 2 ** -11 }];
    expect(() => checkRowLengths([1, 0], { ...origin, suspicious })).toThrow(
      'tangent kernel: the row of sample 1: underflow in float32, ' +
        'expected a squared length that is not 0 where stem.0.weight has a gain of 0.000488, got 0.00',
    );
  });
});
