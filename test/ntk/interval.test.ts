import fc from 'fast-check';
import { expect, test } from 'vitest';
import { conditionNumber, conditionNumberOf, kernelMatrix, singularValues } from '../../src/ntk/index.ts';
import { EPSILON, Generator, referenceBackend } from '../../src/tensor/index.ts';
import { jacobianRows, plantedJacobian, type PlantedJacobian, sigmaOf } from '../support/jacobians.ts';
import { runs } from '../support/runs.ts';

const norm = (row: Float64Array) => Math.hypot(...row);

const kappaOf = (sigma: readonly number[]) => (Math.max(...sigma) / Math.min(...sigma)) ** 2;

/** Rows with a relative error of `size` each: along the smallest singular vectors, or in random directions. */
function perturbed({ rows, left, right }: PlantedJacobian, size: number, how: string, generator: Generator) {
  const toZero = how === 'towards 0' ? -1 : 1;
  return rows.map((row, i) => {
    const length = size * norm(row);
    if (how === 'anywhere') {
      const noise = Float64Array.from(row, () => generator.normal());
      const scale = length / norm(noise);
      return row.map((x, k) => x + scale * noise[k]);
    }
    return row.map((x, k) => x + toZero * length * Math.sign(left[i]) * right[k]);
  });
}

const cases = fc.record({
  logKappa: fc.double({ min: 0, max: 14, noNaN: true }),
  n: fc.integer({ min: 2, max: 24 }),
  p: fc.integer({ min: 30, max: 300 }),
  clustered: fc.boolean(),
  dtype: fc.constantFrom('float32', 'float64'),
  how: fc.constantFrom('towards 0', 'away from 0', 'anywhere', 'rounding'),
  // In units of ε: the default of the noise floor, and smaller errors.
  size: fc.constantFrom(2, 8, 32),
  seed: fc.nat(),
});

test('the interval contains the true κ of rows with the assumed error, and is not wider than necessary', async () => {
  let resolvedCount = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ({ logKappa, n, p, clustered, dtype, how, size, seed }) => {
      const generator = new Generator(seed);
      const planted = plantedJacobian(sigmaOf(10 ** logKappa, n, clustered), p, generator);
      const kappa = kappaOf(planted.sigma);
      const rowError = how === 'rounding' ? EPSILON[dtype] : size * EPSILON[dtype];
      // Perturbations in float64: a tenth less than allowed leaves room for their own rounding.
      const noisy = how === 'rounding' ? planted.rows : perturbed(planted, 0.9 * rowError, how, generator);
      const rows = jacobianRows(noisy, how === 'rounding' ? dtype : 'float64');
      const theta = await kernelMatrix(rows, { backend: referenceBackend });
      const {
        kappa: seen,
        kappaInterval,
        verdict,
        noiseFloor,
        lambdaMin,
        rank,
      } = conditionNumber(theta, {
        dtype,
        parameters: p,
        rowError,
      });

      // The planted κ is itself rounded, by 1e-15·√κ: less than the tolerance.
      expect(kappaInterval[0]).toBeLessThanOrEqual(kappa * (1 + 1e-12));
      expect(kappaInterval[1]).toBeGreaterThanOrEqual(kappa * (1 - 1e-12));
      expect(verdict === 'resolved').toBe(lambdaMin > noiseFloor);
      if (verdict !== 'resolved') return;
      resolvedCount += 1;
      expect(rank).toBe(n);
      expect(seen / kappa).toBeGreaterThan(0.4);
      expect(seen / kappa).toBeLessThan(2.5);
      // Weyl's δ is η·‖J‖_F; rows with errors along one direction reach Σ|u_i|·‖J_i‖·η, no less than 1/√N of it here.
      // With both ends of the interval and first-order terms: a width of 4·√N errors, 20 at most, and what is allowed
      // for sums.
      const error = Math.abs(seen / kappa - 1);
      const ofSums = ((Math.sqrt(p) + n) * EPSILON.float64 * n) / lambdaMin;
      // The smallest moves by all of that towards 0; away from 0 it moves only if the next eigenvalue is not close, as
      // in a cluster. (At κ = 1 the smallest and the largest change places, and κ hardly moves.)
      if (kappa > 1.1 && (how === 'towards 0' || (how === 'away from 0' && !clustered))) {
        expect(kappaInterval[1] / kappaInterval[0] - 1).toBeLessThan(100 * error + 10 * ofSums);
      }
    }),
    { numRuns: runs(1000) },
  );
  expect(resolvedCount).toBeGreaterThan(runs(1000) / 4);
});

test('rows of float32 with an error of 32 ε along the smallest singular vector are never both resolved and wrong', async () => {
  await fc.assert(
    fc.asyncProperty(fc.double({ min: 6, max: 13, noNaN: true }), fc.nat(), async (logKappa, seed) => {
      const generator = new Generator(seed);
      const kappa = 10 ** logKappa;
      const planted = plantedJacobian(sigmaOf(kappa, 12, false), 200, generator);
      const how = seed % 2 === 0 ? 'towards 0' : 'away from 0';
      const theta = await kernelMatrix(jacobianRows(perturbed(planted, 31 * EPSILON.float32, how, generator)), {
        backend: referenceBackend,
      });
      const told = conditionNumber(theta, { dtype: 'float32', parameters: 200 });
      expect(told.kappaLowerBound).toBeLessThanOrEqual(kappa * (1 + 1e-9));
      expect(told.kappaInterval[1]).toBeGreaterThanOrEqual(kappa * (1 - 1e-9));
      if (told.verdict === 'resolved') expect(Math.abs(Math.log2(told.kappa / kappa))).toBeLessThan(1);
    }),
    { numRuns: runs(300) },
  );
});

test('singular values of rows give κ = 1e12 to 1e-6, and their interval contains it, up to κ = 1e20', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.double({ min: 0, max: 20, noNaN: true }),
      fc.integer({ min: 1, max: 24 }),
      fc.integer({ min: 24, max: 300 }),
      fc.boolean(),
      fc.nat(),
      async (logKappa, n, p, clustered, seed) => {
        const { rows, sigma: planted } = plantedJacobian(sigmaOf(10 ** logKappa, n, clustered), p, new Generator(seed));
        const kappa = kappaOf(planted);
        const sigma = await singularValues(jacobianRows(rows, 'float64', 1 + (seed % (p - 1))));
        const told = conditionNumberOf(
          sigma.map((each) => each * each),
          { parameters: p, spectrumOf: 'rows' },
        );
        expect(told.kappaInterval[0]).toBeLessThanOrEqual(kappa * (1 + 1e-12));
        expect(told.kappaInterval[1]).toBeGreaterThanOrEqual(kappa * (1 - 1e-12));
        expect(told.verdict).toBe('resolved');
        // σmin moves by some √N·ε·‖J‖_F, κ by twice that over σmin: 2·24·2e-16·1e6 = 1e-8 at κ = 1e12.
        expect(Math.abs(told.kappa / kappa - 1)).toBeLessThan(1e-14 * n * Math.sqrt(kappa) + 1e-13);
        if (kappa <= 1e12) expect(Math.abs(told.kappa / kappa - 1)).toBeLessThan(1e-6);
      },
    ),
    { numRuns: runs(200) },
  );
});

test('with fewer columns than rows the other singular values are 0 up to rounding, and the rank says so', async () => {
  const { rows } = plantedJacobian([3, 2, 1], 40, new Generator(5));
  const tall = Array.from({ length: 40 }, (_, k) => Float64Array.from(rows, (row) => row[k]));
  const sigma = await singularValues(jacobianRows(tall));
  expect([...sigma.subarray(37)].map((each) => Math.round(each * 1e9) / 1e9)).toEqual([1, 2, 3]);
  const { rank, verdict, kappaInterval } = conditionNumberOf(
    sigma.map((each) => each * each),
    { parameters: 3, spectrumOf: 'rows' },
  );
  expect({ rank, verdict, highest: kappaInterval[1] }).toEqual({ rank: 3, verdict: 'lower-bound', highest: Infinity });
});
