import { describe, expect, test } from 'vitest';
import { SyntheticDataset } from '../../src/data/index.ts';
import { fan, parseGenotype } from '../../src/nn/index.ts';
import { loadAccuracyTable, runSweep } from '../../src/node/index.ts';
import {
  CellMeasurer,
  changesOf,
  fullMask,
  Measurer,
  rankCandidates,
  rankScores,
  Search,
  SEARCH_SPACES,
  type SearchSettings,
  type SweepSettings,
  usableKappa,
} from '../../src/search/index.ts';
import { InputError, referenceBackend } from '../../src/tensor/index.ts';

// Words from JavaScript, which no compiler checks.

const search: SearchSettings = {
  space: 'nas-bench-201',
  fidelity: 'paper',
  criteria: 'both',
  paired: false,
  seed: 0,
  data: 'synthetic',
  classes: 3,
  batchSize: 2,
  repeats: 1,
  pruneNumber: 1,
  digits: 3,
  regions: { batches: 1, samples: 4 },
  backend: 'reference',
  dtype: 'float64',
};
const sweep: SweepSettings = {
  data: 'synthetic',
  channels: 2,
  cells: 1,
  classes: 3,
  batchSize: 2,
  repeats: 1,
  mode: 'train',
  init: 'paper',
  seed: 0,
  regions: { batches: 1, samples: 4 },
  backend: 'reference',
  dtype: 'float64',
};
const dataset = new SyntheticDataset({ length: 4, shape: [3, 8, 8] });
/** Type-checks where any word would. */
const word = <T>(value: string) => value as unknown as T;

describe('a word other than the choices is an InputError', () => {
  test.each([
    [{ space: word('NAS-Bench-201') }, 'space: expected "nas-bench-201" or "darts", got "NAS-Bench-201"'],
    [{ space: word('toString') }, 'space: expected "nas-bench-201" or "darts", got "toString"'],
    [{ fidelity: word('Code') }, 'fidelity: expected "paper" or "code", got "Code"'],
    [{ criteria: word('kappas') }, 'criteria: expected "both", "kappa" or "regions", got "kappas"'],
    [{ dtype: 'float16' }, 'dtype: expected "float32" or "float64", got "float16"'],
  ] as [Partial<SearchSettings>, string][])('in settings of a search: %j', (change, message) => {
    const settings = { ...search, ...change };
    const error = new InputError(`search settings: ${message}`);
    expect(() => new Search(settings)).toThrow(error);
    expect(() => new Measurer(SEARCH_SPACES.darts, settings, dataset, referenceBackend)).toThrow(error);
  });

  test.each([
    [{ mode: word('Train') }, 'mode: expected "train" or "eval", got "Train"'],
    [{ init: word('pytorch') }, 'init: expected "paper" or "code", got "pytorch"'],
    [{ dtype: 'double' }, 'dtype: expected "float32" or "float64", got "double"'],
  ] as [Partial<SweepSettings>, string][])('in settings of a sweep: %j', async (change, message) => {
    const settings = { ...sweep, ...change };
    const error = new InputError(`sweep settings: ${message}`);
    expect(() => new CellMeasurer(settings, dataset)).toThrow(error);
    const cells = [parseGenotype('|none~0|+|none~0|none~1|+|none~0|none~1|none~2|')];
    // Before the path is touched.
    const path = '/no/such/folder/table.csv';
    await expect(runSweep({ cells, settings, dataset, lanes: [referenceBackend], path })).rejects.toThrow(error);
  });

  test('in functions', async () => {
    const measured = { lambdaMin: 1, lambdaMax: 2, noiseFloor: 0, verdict: 'resolved' } as const;
    const of = [{ kappa: measured, regions: 1 }];
    const [space, accuracies] = [SEARCH_SPACES['nas-bench-201'], await loadAccuracyTable()];
    const cell = parseGenotype('|none~0|+|none~0|none~1|+|none~0|none~1|none~2|');
    const refused: [() => unknown, string][] = [
      [() => usableKappa(measured, word('Paper')), 'usableKappa: fidelity'],
      [() => usableKappa({ ...measured, verdict: word('x') }, 'code'), 'usableKappa: verdict'],
      [() => changesOf(of, of, { fidelity: word('x'), digits: 3 }), 'changesOf: fidelity'],
      [() => rankScores([1], word('up'), { digits: 3, ties: 'exact' }), 'rankScores: direction'],
      [() => rankScores([1], 'ascending', { digits: 3, ties: word('none') }), 'rankScores: ties'],
      [() => rankCandidates([{ kappa: 1 }], { digits: 3, ties: word('none') }), 'rankScores: ties'],
      [() => space.supernet(fullMask(space), word('Kappa'), 3), 'supernet: purpose'],
      [() => SEARCH_SPACES.darts.supernet(fullMask(SEARCH_SPACES.darts), word('Kappa'), 3), 'supernet: purpose'],
      [() => accuracies.betterThan(cell, word('imagenet')), 'betterThan: dataset'],
      [() => fan([2, 3], word('fan_in')), 'fan: mode'],
    ];
    for (const [call, where] of refused) {
      expect(call).toThrow(InputError);
      expect(call).toThrow(new RegExp(`^${where}: expected ".*", got ".*"$`));
    }
  });
});
