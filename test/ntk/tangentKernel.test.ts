import { afterAll, describe, expect, test } from 'vitest';
import {
  BatchNorm2d,
  Conv2d,
  Functional,
  GlobalAvgPool2d,
  initialize,
  Linear,
  type Mode,
  Module,
  Parameter,
  pytorchDefault,
  ReLU,
  Sequential,
  type Trace,
} from '../../src/nn/index.ts';
import {
  conditionNumber,
  type KernelOutputs,
  KernelProgram,
  NtkProgram,
  type ParameterChoice,
  tangentKernel,
} from '../../src/ntk/index.ts';
import {
  add,
  type Backend,
  cast,
  constant,
  Generator,
  mean,
  multiply,
  ndarray,
  type NDArray,
  referenceBackend,
  relu,
  reshape,
  type Shape,
  type Tensor,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw, relativeError } from '../../src/testing/arrays.ts';
import { golden } from '../support/golden.ts';
import { kernelByDefinition, wholeJacobian } from '../../src/testing/kernel/definition.ts';

const modes: readonly Mode[] = ['train', 'eval'];
const outputs: readonly KernelOutputs[] = ['sum', 'trace', 'full', 1];
const choices: readonly ParameterChoice[] = ['weight', 'all', /^0\.|\.1\./, (name) => name.endsWith('bias')];

/** A user's module, `x - x.mean(0)` in PyTorch: samples mix in eval mode, too. */
class CentreBatch extends Module {
  protected override forward(x: Tensor): Tensor {
    return add(x, multiply(mean(x, [0], { keepDimensions: true }), mean(x, [0], { keepDimensions: true })));
  }
}

/** A parameter that is scaled by another, of fewer dimensions. */
class ScaledLinear extends Module {
  readonly weight = this.parameter('weight', new Parameter([3, 6], (shape, g) => g.normals(shape)));
  readonly scale = this.parameter('scale', new Parameter([6], (shape, g) => g.normals(shape)));

  protected override forward(x: Tensor, trace: Trace): Tensor {
    const weight = multiply(trace.parameter(this.weight), trace.parameter(this.scale));
    const rows = reshape(x, [x.shape[0], 1, 6]);
    return reshape(sumLast(multiply(rows, weight)), [x.shape[0], 3]);
  }
}

const sumLast = (x: Tensor) => multiply(mean(x, [-1]), mean(relu(x), [-1]));

const networks: Readonly<Record<string, { build: () => Module; sample: Shape }>> = {
  'a perceptron on vectors': {
    build: () => new Sequential(new Linear(5, 7), new ReLU(), new Linear(7, 3)),
    sample: [5],
  },
  'convolutions with batch norm': {
    build: () =>
      new Sequential(
        new Conv2d(2, 4, 3, { padding: 1 }),
        new BatchNorm2d(4),
        new ReLU(),
        new GlobalAvgPool2d(),
        new Linear(4, 3),
      ),
    sample: [2, 5, 5],
  },
  'a network that mixes samples': {
    build: () => new Sequential(new Linear(5, 6), new CentreBatch(), new ReLU(), new Linear(6, 3)),
    sample: [5],
  },
  'a layer used twice': {
    build: () => {
      const shared = new Linear(4, 4);
      return new Sequential(shared, new ReLU(), shared, new Linear(4, 3));
    },
    sample: [4],
  },
  'parameters that scale each other': {
    build: () => new Functional({ one: new Linear(4, 6), two: new ScaledLinear() }, (x, { one, two }) => two(one(x))),
    sample: [4],
  },
};

function built(name: string): { network: Module; batch: (n: number, seed: number) => NDArray } {
  const { build, sample } = networks[name];
  const network = build();
  initialize(network, pytorchDefault, new Generator(7));
  return { network, batch: (n, seed) => draw(seed, [n, ...sample]) };
}

const wasm = wasmBackend({ threads: 2 });
afterAll(() => wasm.close());

// Entries are sums of P·K² products: the summation orders differ, by about √(P·K²)·2⁻⁵² of the largest.
const DOUBLE = 1e-12;
// Rows in float32 carry a relative error of a few 2⁻²⁴ each (measured: up to 5.6 on deep networks).
const SINGLE = 1e-5;

async function expectKernels(
  network: Module,
  x1: NDArray,
  x2: NDArray,
  mode: Mode,
  which: readonly (readonly [KernelOutputs, ParameterChoice])[],
  backends: readonly Backend[] = [],
): Promise<void> {
  const [a, b] = [await wholeJacobian(network, x1, mode), await wholeJacobian(network, x2, mode)];
  for (const [output, parameters] of which) {
    const names = [...a.rows.keys()];
    const chosen = kernelByDefinition(a, b, output, parameters);
    if (chosen.data.every((value) => value === 0)) continue; // no parameter of that name
    const options = { outputs: output, parameters, mode };
    const own = await tangentKernel(network, x1, { ...options, dtype: 'float64' });
    expect(relativeError(own.kernel, kernelByDefinition(a, a, output, parameters))).toBeLessThan(DOUBLE);
    const cross = await tangentKernel(network, x1, { ...options, x2, backend: referenceBackend });
    expect(relativeError(cross.kernel, chosen)).toBeLessThan(DOUBLE);
    expect(cross.samples).toEqual([x1.shape[0], x2.shape[0]]);
    expect(names.length).toBeGreaterThan(0);
    for (const backend of backends) {
      const single = await tangentKernel(network, x1, { ...options, x2, backend });
      expect(single.dtype).toBe('float32');
      expect(relativeError(single.kernel, chosen)).toBeLessThan(SINGLE);
    }
  }
}

describe.each(Object.keys(networks))('%s', (name) => {
  test.each(modes)('has the kernels of the definition in %s mode', async (mode) => {
    const { network, batch } = built(name);
    const which = outputs.flatMap((output) => choices.map((choice) => [output, choice] as const));
    await expectKernels(network, batch(4, 1), batch(3, 2), mode, which, [wasm]);
  });
});

const references = ['nb201-arch-02-eval', 'nb201-supernet-00-train', 'darts-supernet-01-eval'];

describe.each(references)('the reference network %s', (name) => {
  test.each(modes)('has the kernels of the definition in %s mode', async (mode) => {
    const { network, input } = golden(name);
    const crop = (first: number, count: number): NDArray => {
      const [, c, h, w] = input.shape;
      const at = (i: number) => {
        const [n, k, y, x] = [i >> 6, i >> 6, (i >> 3) & 7, i & 7];
        return input.data[((first + Math.floor(n / c)) * c + (k % c)) * h * w + y * w + x];
      };
      return ndarray(
        Array.from({ length: count * c * 64 }, (_, i) => at(i)),
        [count, c, 8, 8],
      );
    };
    const which = [
      ['trace', 'all'],
      ['sum', 'weight'],
      ['full', 'weight'],
      [2, 'all'],
    ] as const;
    await expectKernels(network, crop(0, 2), crop(1, 2), mode, which);
  });
});

describe('a tangent kernel', () => {
  const { network, batch } = built('convolutions with batch norm');

  test('is the trace over all parameters in eval mode by default, and says so', async () => {
    const got = await tangentKernel(network, batch(3, 1), { dtype: 'float64' });
    const rows = await wholeJacobian(network, batch(3, 1), 'eval');
    expect(relativeError(got.kernel, kernelByDefinition(rows, rows, 'trace', 'all'))).toBeLessThan(DOUBLE);
    expect(got).toMatchObject({ outputs: 'trace', mode: 'eval', backend: 'wasm', dtype: 'float64' });
    // 2·4·9 + 4 of the convolution, 8 of batch norm, 4·3 + 3 of the head.
    expect(got.parameters).toEqual({ used: 99, total: 99 });
    const weights = await tangentKernel(network, batch(3, 1), { parameters: 'weight' });
    expect(weights.parameters).toEqual({ used: 72 + 4 + 12, total: 99 });
  });

  test('gives κ the precision of the rows: float32 rows have the noise of float32', async () => {
    const kappa = async (backend: Backend) => {
      const { kernel, dtype, parameters } = await tangentKernel(network, batch(4, 3), { backend });
      return conditionNumber(kernel, { dtype, parameters: parameters.used });
    };
    const [single, double] = [await kappa(wasm), await kappa(referenceBackend)];
    const trace = single.eigenvalues.reduce((a, b) => a + b);
    // Rows to η = 32·2⁻²³, sums to e = (√99 + 4)·2⁻⁵² of the trace.
    const [eta, e] = [32 * 2 ** -23, (Math.sqrt(99) + 4) * 2 ** -52];
    expect(single.rowError).toBe(eta);
    expect(single.noiseFloor / trace).toBeCloseTo((Math.SQRT2 * eta + Math.sqrt(4 * eta ** 2 + 2 * e)) ** 2, 16);
    expect(double.noiseFloor / trace).toBeLessThan(single.noiseFloor / trace / 1000);
  });

  test('has the same rows in blocks of any size', async () => {
    for (const mode of modes) {
      for (const name of ['convolutions with batch norm', 'a network that mixes samples', 'a perceptron on vectors']) {
        const { network, batch } = built(name);
        const whole = await tangentKernel(network, batch(5, 1), { mode, outputs: 'full' });
        for (const blockRows of [1, 2, 3, 4, 7, 15, 100]) {
          const parts = await tangentKernel(network, batch(5, 1), { mode, outputs: 'full', blockRows });
          expect(relativeError(parts.kernel, whole.kernel)).toBeLessThan(1e-13);
          expect(relativeError(parts.logits, whole.logits)).toBeLessThan(1e-14);
        }
      }
    }
  });

  test('of two concurrent runs of one program is the same as of each alone', async () => {
    for (const backend of [wasm, referenceBackend]) {
      const program = await NtkProgram.compile(network, batch(4, 1).shape, { backend });
      const [x, y] = [batch(4, 1), batch(4, 2)];
      const alone = [await program.run(x), await program.run(y)];
      const together = await Promise.all([program.run(x), program.run(y)]);
      expect(together.map(({ kappa }) => kappa)).toEqual(alone.map(({ kappa }) => kappa));
      expect(together[0].kernel).not.toEqual(together[1].kernel);
      // A failing run does not block the next.
      const [bad, good] = await Promise.allSettled([program.run(batch(5, 1)), program.run(y)]);
      expect(bad.status).toBe('rejected');
      expect(good).toMatchObject({ status: 'fulfilled', value: { kappa: alone[1].kappa } });
      program.dispose();
    }
  });

  test('uses its own network where another one has the same structure', async () => {
    const twins = [built('convolutions with batch norm'), built('convolutions with batch norm')];
    initialize(twins[1].network, pytorchDefault, new Generator(99));
    for (const mode of modes) {
      const programs = [];
      for (const twin of twins)
        programs.push(await KernelProgram.compile(twin.network, [[3, 2, 5, 5]], { mode, dtype: 'float64' }));
      for (const [i, twin] of twins.entries()) {
        const got = await programs[i].run(batch(3, 4));
        const rows = await wholeJacobian(twin.network, batch(3, 4), mode);
        expect(relativeError(got.kernel, kernelByDefinition(rows, rows, 'trace', 'all'))).toBeLessThan(DOUBLE);
      }
    }
  });

  test('reports its progress, and ends on abort', async () => {
    const seen: number[] = [];
    await tangentKernel(network, batch(4, 1), {
      backend: referenceBackend,
      blockRows: 2,
      onProgress: ({ done, of, stage }) => stage === 'rows' && seen.push(done / of),
    });
    // Two of three outputs of each sample, then the third.
    expect(seen).toEqual([2, 4, 6, 8, 9, 10, 11, 12].map((rows) => rows / 12));
    const controller = new AbortController();
    const reason = new Error('enough');
    const running = tangentKernel(network, batch(4, 1), {
      blockRows: 1,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await expect(running).rejects.toBe(reason);
    await expect(tangentKernel(network, batch(4, 1), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('does not change with the array that a variable was made from, and follows a new array', async () => {
    for (const size of [3, 300]) {
      const scaledBy = (values: NDArray) => {
        const made = new Functional({ one: new Linear(4, size) }, (x, { one }) => multiply(one(x), constant(values)));
        initialize(made, pytorchDefault, new Generator(2));
        return made;
      };
      const ones = draw(3, [size]);
      ones.data.fill(1);
      const x = draw(4, [3, 4]);
      for (const backend of [referenceBackend, wasm]) {
        const of = async (network: Module) => (await tangentKernel(network, x, { backend })).kernel.data[0];
        const typed = () => cast({ ...ones, data: ones.data.slice() }, backend === wasm ? 'float32' : 'float64');
        const own = typed();
        const once = await of(scaledBy(own));
        own.data.fill(10);
        expect((await of(scaledBy(own))) / once).toBeCloseTo(100, 4);
        expect(await of(scaledBy(typed()))).toBe(once);
      }
    }
  });

  test('refuses a parameter that is not finite, a batch that is not an array, and blocks without rows', async () => {
    const { network, batch } = built('a perceptron on vectors');
    const bias = network.namedParameters().get('0.bias')!;
    const old = bias.value;
    bias.value = { ...old, data: old.data.slice().fill(NaN, 1, 2) };
    await expect(tangentKernel(network, batch(2, 1), { parameters: 'weight' })).rejects.toThrow(
      'network: 0.bias: expected finite numbers, got NaN at element 1',
    );
    bias.value = old;
    const short = { ...batch(2, 1), shape: [3, 5] };
    await expect(tangentKernel(network, short)).rejects.toThrow(
      'batch: expected 15 numbers of float64 for shape [3, 5]',
    );
    await expect(tangentKernel(network, batch(2, 1), { blockRows: 0 })).rejects.toThrow(
      'blockRows: expected an integer ≥ 1, got 0',
    );
    const program = await KernelProgram.compile(network, [[2, 5]]);
    program.dispose();
    await expect(program.run(batch(2, 1))).rejects.toThrow('backend wasm: this program has been disposed');
  });

  test('of a network that uses other parameters for another batch is refused', async () => {
    class Branching extends Module {
      readonly one = this.child('one', new Linear(2, 2));
      readonly two = this.child('two', new Linear(2, 2));

      protected override forward(x: Tensor, trace: Trace): Tensor {
        return (x.shape[0] === 3 ? this.one : this.two).apply(x, trace);
      }
    }
    const network = new Branching();
    initialize(network, pytorchDefault, new Generator(1));
    await expect(tangentKernel(network, draw(1, [3, 2]), { x2: draw(2, [2, 2]) })).rejects.toThrow(
      'tangentKernel: expected float32 rows for outputs trace of one.weight[2, 2], one.bias[2], ' +
        'got float32 rows for outputs trace of two.weight[2, 2], two.bias[2]',
    );
  });

  test('refuses unknown choices, outputs that do not exist, and precisions that a backend lacks', async () => {
    const refuse = (options: object, message: string) =>
      expect(tangentKernel(network, batch(2, 1), options)).rejects.toThrow(message);
    await refuse({ outputs: 'all' }, `outputs: expected 'sum', 'trace', 'full' or the number of an output, got "all"`);
    await refuse({ outputs: 3 }, 'outputs: expected the number of an output from 0 to 2, got 3');
    await refuse({ outputs: 0.5 }, 'got 0.5');
    await refuse({ parameters: 'bias' }, `parameters: expected 'weight', 'all', a regular expression or a function`);
    await refuse(
      { parameters: /nothing/ },
      'expected at least one parameter chosen by /nothing/, got none of 6 (0.weight',
    );
    const narrow = Object.create(wasm, { dtypes: { value: ['float32'] } }) as Backend;
    await refuse({ backend: narrow, dtype: 'float64' }, 'backend wasm: dtype: expected float32, got float64');
    await refuse({ mode: 'Train' }, 'got "Train"');
    const bad = batch(2, 1);
    bad.data[3] = NaN;
    await expect(tangentKernel(network, bad)).rejects.toThrow('batch: expected finite numbers, got NaN at element 3');
  });
});
