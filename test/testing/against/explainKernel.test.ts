import { beforeAll, describe, expect, test } from 'vitest';
import {
  BatchNorm1d,
  Functional,
  initialize,
  Linear,
  type Module,
  pytorchDefault,
  ReLU,
  Sequential,
} from '../../../src/nn/index.ts';
import { type KernelOutputs, type ParameterChoice, tangentKernel, JacobianProgram } from '../../../src/ntk/index.ts';
import {
  BackendError,
  cast,
  Generator,
  InputError,
  ndarray,
  type NDArray,
  referenceBackend,
} from '../../../src/tensor/index.ts';
import { explainKernel, type ExplainOptions, KernelExplainer } from '../../../src/testing/against/index.ts';

const [N, K] = [4, 3];
const x = new Generator(1).normals([N, 5], { dtype: 'float64' });
let network: Module;
let explainer: KernelExplainer;
beforeAll(() => {
  network = mlp(new BatchNorm1d(6));
  explainer = new KernelExplainer(network, x);
});

function mlp(...between: Module[]): Module {
  const built = new Sequential(new Linear(5, 6), ...between, new ReLU(), new Linear(6, K));
  initialize(built, pytorchDefault, new Generator(2));
  return built;
}

async function kernel(
  mode: 'train' | 'eval',
  outputs: KernelOutputs,
  parameters: ParameterChoice,
  of = network,
): Promise<NDArray> {
  return (await tangentKernel(of, x, { mode, outputs, parameters, backend: referenceBackend })).kernel;
}

const changed = (array: NDArray, change: (value: number, i: number, j: number) => number): NDArray => ({
  ...array,
  data: array.data.map((value, e) => change(value, Math.floor(e / array.shape[1]), e % array.shape[1])),
});

const names = async (ntk: NDArray, options: ExplainOptions) => {
  const { explanations } = await explainer.explain({ ntk }, options);
  return explanations.map(({ mistakes }) => mistakes.map(({ name }) => name).join(' + '));
};

describe('settings that are not stated', () => {
  test.each([
    ['train', 'sum', 'weight'],
    ['train', 'trace', 'all'],
    ['eval', 'sum', 'all'],
    ['eval', 'trace', 'weight'],
    ['train', 'full', 'weight'],
    ['eval', 'full', 'all'],
  ] as const)('are found: %s, %s, %s', async (mode, outputs, parameters) => {
    const ntk = await kernel(mode, outputs, parameters);
    const { agrees, settings } = await explainer.explain({ ntk });
    expect({ agrees, settings }).toEqual({ agrees: true, settings: { mode, outputs, parameters } });
  });

  test('a stated setting is fixed: a kernel with another one is a mistake', async () => {
    const ntk = await kernel('train', 'trace', 'all');
    expect(await names(ntk, { mode: 'train', outputs: 'sum', parameters: 'all' })).toEqual([
      'the kernels of all outputs are added (the trace)',
    ]);
    expect(await names(ntk, { outputs: 'trace', parameters: 'weight', mode: 'train' })).toEqual([
      'all biases, those of normalisations (β) among them, are in the kernel',
    ]);
    const other = await names(await kernel('eval', 'trace', 'all'), {
      mode: 'train',
      outputs: 'trace',
      parameters: 'all',
    });
    expect(other[0]).toBe('batch norm is in the other mode');
  });

  test('a kernel of all pairs where one entry per sample is meant, and vice versa', async () => {
    const rest = { mode: 'eval', parameters: 'all' } as const;
    expect(await names(await kernel('eval', 'full', 'all'), { ...rest, outputs: 'trace' })).toEqual([
      'all pairs of outputs have an entry',
    ]);
    expect(await names(await kernel('eval', 'sum', 'all'), { ...rest, outputs: 'full' })).toEqual([
      'outputs are summed before they are differentiated',
    ]);
  });
});

describe('numbers', () => {
  const settings = { mode: 'train', outputs: 'trace', parameters: 'all' } as const;

  test('an unusual factor is reported, after all other explanations', async () => {
    const ntk = await kernel('train', 'trace', 'all');
    const [first] = await names(
      changed(ntk, (value) => 0.7310585 * value),
      settings,
    );
    expect(first).toBe('the kernel is multiplied by 0.7310585000, which is none of the usual factors');
    expect(
      await names(
        changed(ntk, (value) => value / N / K ** 2),
        settings,
      ),
    ).toEqual(expect.arrayContaining([expect.stringMatching(/divided by/)]));
  });

  test('where one mistake at a time is tried, two are found only if the numbers identify one of them', async () => {
    const own = { mode: 'train', outputs: 'sum', parameters: 'weight', together: 1 } as const;
    expect(
      await names(
        changed(await kernel('train', 'sum', 'all'), (value) => value / N),
        own,
      ),
    ).toEqual(['all biases, those of normalisations (β) among them, are in the kernel + the kernel is divided by N']);
    expect(await names(await kernel('eval', 'trace', 'weight'), own)).toEqual([]);
    expect((await names(await kernel('eval', 'trace', 'weight'), { ...own, together: 2 }))[0]).toBe(
      'batch norm is in the other mode + the kernels of all outputs are added (the trace)',
    );
  });

  test('an error of 1e-9 in an entry counts in float64, but not in float32', async () => {
    const ntk = await kernel('train', 'trace', 'all');
    const off = changed(ntk, (value, i, j) => (i + j === 1 ? value * (1 + 1e-9) : value));
    expect((await explainer.explain({ ntk: off }, settings)).agrees).toBe(false);
    expect((await explainer.explain({ ntk: cast(off, 'float32') }, settings)).agrees).toBe(true);
    expect((await explainer.explain({ ntk: off }, { ...settings, dtype: 'float32' })).agrees).toBe(true);
    const far = changed(ntk, (value, i, j) => (i + j === 1 ? value * (1 + 1e-3) : value));
    expect((await explainer.explain({ ntk: cast(far, 'float32') }, settings)).agrees).toBe(false);
  });

  test('asymmetry is measured, and a kernel of zeros is that of the sum of probabilities', async () => {
    const ntk = await kernel('train', 'trace', 'all');
    expect((await explainer.explain({ ntk }, settings)).asymmetry).toBeLessThan(1e-15);
    const skewed = changed(ntk, (value, i, j) => (i === 2 && j === 1 ? value + 1e-3 * ntk.data[0] : value));
    const { asymmetry, explanations, nearest } = await explainer.explain({ ntk: skewed }, settings);
    expect(asymmetry).toBeGreaterThan(1e-4);
    expect([explanations.length, nearest.length]).toEqual([0, 3]);
    const [first] = (await explainer.explain({ ntk: changed(ntk, () => 0) }, settings)).explanations;
    expect(first.mistakes.map(({ kind }) => kind)).toEqual(['summed', 'softmax first']);
  });

  test('networks without batch norm are the same in both modes, and one sample or one output is enough', async () => {
    const plain = mlp();
    const ntk = await kernel('eval', 'sum', 'weight', plain);
    expect((await explainKernel(plain, x, { ntk }, { mode: 'train' })).agrees).toBe(true);
    const one = new Sequential(new Linear(5, 2), new ReLU(), new Linear(2, 1));
    initialize(one, pytorchDefault, new Generator(3));
    const first = ndarray(x.data.slice(0, 5), [1, 5]);
    const own = await tangentKernel(one, first, { parameters: 'all', backend: referenceBackend });
    expect((await explainKernel(one, first, { ntk: own.kernel })).settings.parameters).toBe('all');
    const { explanations } = await explainKernel(one, first, { ntk: own.kernel }, { parameters: 'weight' });
    expect(explanations[0].mistakes[0].kind).toBe('biases');
  });
});

describe('rows', () => {
  const settings = { mode: 'train', outputs: 'full', parameters: 'weight' } as const;

  /** J with the columns of parameters side by side. */
  async function rowsOf(parameters: ParameterChoice): Promise<NDArray> {
    const program = await JacobianProgram.compile(network, x.shape, {
      ...settings,
      parameters,
      backend: referenceBackend,
    });
    const { parameters: parts } = await program.run(x);
    const rows = Array.from({ length: N * K }, (_, i) =>
      parts.flatMap(({ rows: { shape, data } }) => [...data.subarray(i * shape[1], (i + 1) * shape[1])]),
    );
    return ndarray(rows.flat(), [N * K, rows[0].length]);
  }

  test('side by side, of the chosen parameters or of all', async () => {
    const ntk = await kernel('train', 'full', 'weight');
    for (const choice of ['weight', 'all'] as const) {
      const joined = await rowsOf(choice);
      const { rows } = await explainer.explain({ ntk, rows: { joined, byParameter: new Map() } }, settings);
      expect(rows!.parameters).toHaveLength(choice === 'all' ? 6 : 3);
      expect([rows!.begins, rows!.giveKernel]).toEqual([undefined, true]);
      // Column 3 is one of the first layer's weight.
      const off = changed(joined, (value, i, j) => (i === 5 && j === 3 ? value + 1e-6 : value));
      const told = await explainer.explain({ ntk, rows: { joined: off, byParameter: new Map() } }, settings);
      expect([told.agrees, told.rows!.begins, told.rows!.giveKernel]).toEqual([true, '0.weight', false]);
    }
  });

  test.each([
    [{ byParameter: new Map([['0.wait', x]]) }, 'rows.0.wait: expected the name of a parameter of the network'],
    [{ byParameter: new Map([['0.weight', x]]) }, 'rows.0.weight: expected 12 rows of 30 numbers, got shape [4, 5]'],
    [
      { joined: x, byParameter: new Map() },
      'rows: expected shape [12, 54], or [12, 69] with all parameters, got [4, 5]',
    ],
  ])('of a different shape or name are refused', async (rows, message) => {
    const ntk = await kernel('train', 'full', 'weight');
    await expect(explainer.explain({ ntk, rows: rows }, settings)).rejects.toThrow(message);
  });
});

describe('bad input', () => {
  const square = ndarray(new Float64Array(N * N), [N, N]);

  test.each<[string, () => Promise<unknown>, string]>([
    [
      'a kernel of another size',
      () => explainer.explain({ ntk: ndarray([1], [1, 1]) }),
      'ntk: expected shape [4, 4], or [12, 12] with 3 outputs of each sample, got [1, 1]',
    ],
    [
      'NaN',
      () => explainer.explain({ ntk: changed(square, () => NaN) }),
      'ntk: expected finite numbers, got NaN at element 0',
    ],
    ['no kernel', () => explainer.explain({} as never), 'ntk: expected an array'],
    [
      'logits of another size',
      () => explainer.explain({ ntk: square, logits: square }),
      'logits: expected shape [4, 3], got [4, 4]',
    ],
    [
      'an output that is not there',
      () => explainer.explain({ ntk: square }, { outputs: 3 }),
      'outputs: expected the number of an output from 0 to 2, got 3',
    ],
    [
      'no parameter',
      () => explainer.explain({ ntk: square }, { parameters: /conv/ }),
      'parameters: expected a choice of at least one, got none of 0.weight, 0.bias, 1.weight, 1.bias, … by /conv/',
    ],
    [
      'a word that is no option',
      () => explainer.explain({ ntk: square }, { modes: 'train' } as never),
      'explainKernel: expected options among mode',
    ],
    [
      'a precision',
      () => explainer.explain({ ntk: square }, { dtype: 'float16' as never }),
      'dtype: expected "float32" or "float64", got "float16"',
    ],
    [
      'a number of mistakes',
      () => explainer.explain({ ntk: square }, { together: 3 }),
      'explainKernel: together: expected 1 or 2, got 3',
    ],
    [
      'a batch of NaN',
      () =>
        explainKernel(
          network,
          changed(x, () => NaN),
          { ntk: square },
        ),
      'batch: expected finite numbers',
    ],
    ['no network', () => explainKernel({} as never, x, { ntk: square }), 'explainKernel: network: expected a module'],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(InputError);
    await expect(call()).rejects.toThrow(message);
  });

  test('inner products that would not fit into memory', async () => {
    const wide = new Functional({ wide: new Linear(2, 20_000) }, (t, f) => f.wide(t));
    initialize(wide, pytorchDefault, new Generator(0));
    const pair = ndarray([1, 2, 3, 4], [2, 2]);
    const call = explainKernel(wide, pair, { ntk: ndarray([1, 0, 0, 1], [2, 2]) }, { outputs: 0, parameters: 'all' });
    await expect(call).rejects.toThrow(BackendError);
    await expect(call).rejects.toThrow(/fewer samples/);
  });

  test('a signal ends the search', async () => {
    const controller = new AbortController();
    const ntk = changed(await kernel('train', 'sum', 'weight'), (value, i, j) => value + Math.sin(i * j + 1));
    const call = new KernelExplainer(mlp(new BatchNorm1d(6)), x).explain(
      { ntk },
      {
        mode: 'train',
        outputs: 'sum',
        parameters: 'weight',
        signal: controller.signal,
        onProgress: () => controller.abort(),
      },
    );
    await expect(call).rejects.toThrow(/abort/);
  });
});
