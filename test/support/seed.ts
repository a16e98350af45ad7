import fc from 'fast-check';

/**
 * Random cases are the same in every run, so that the verdict on a change does not depend on luck. `NTKIT_SEED=random`
 * draws new ones, another number others; `npm run fuzz` and `ntkit verify` draw new ones unless they are given a seed.
 */
const { NTKIT_SEED: seed = '1' } = process.env;
if (seed !== 'random') {
  if (!/^-?\d+$/.test(seed)) throw new Error(`NTKIT_SEED: expected a whole number or random, got ${seed}`);
  fc.configureGlobal({ seed: Number(seed) });
}
