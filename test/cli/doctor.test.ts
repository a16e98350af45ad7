import { expect, test } from 'vitest';
import { checkLongSum } from '../../src/cli/doctorCommand.ts';
import { type Backend, type Executable, ndarray, referenceBackend } from '../../src/tensor/index.ts';

/** A device that ends loops early, without an error. */
const droppingTerms: Backend = {
  ...referenceBackend,
  name: 'dropping',
  async compile(plan) {
    const executable = await referenceBackend.compile(plan);
    const partial: Executable = {
      bind: (fixed) => executable.bind(fixed),
      carried: () => executable.carried(),
      run: () => Promise.resolve([ndarray([16_384], [])]),
      runBlocks: (...given) => executable.runBlocks(...given),
      dispose: () => executable.dispose(),
    };
    return partial;
  },
};

test('the self-test finds a backend that drops terms of long sums', async () => {
  await checkLongSum(referenceBackend, 'float64');
  await expect(checkLongSum(droppingTerms, 'float64')).rejects.toThrow(
    'backend dropping: a sum of 1000000 ones: expected 1000000, got 16384',
  );
});
