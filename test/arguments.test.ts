import { describe, expect, test } from 'vitest';
import * as autodiff from '../src/autodiff/index.ts';
import * as nn from '../src/nn/index.ts';
import * as ntk from '../src/ntk/index.ts';
import * as tensor from '../src/tensor/index.ts';
import { NtkitError } from '../src/errors.ts';
import { checkFunction, checkIterable, checkOptions } from '../src/check.ts';

// Callers without types: any argument gives a result or a typed error of one line, never an error from inside.

const network = () => {
  const made = new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU(), new nn.Linear(3, 2));
  nn.initialize(made, nn.pytorchDefault, new tensor.Generator(0));
  return made;
};
const x = tensor.ndarray([1, 2, 3, 4, 5, 7], [3, 2]);
const t = tensor.constant(x);
const image = tensor.zeros([1, 2, 4, 4]);
const rows = async () => (await ntk.JacobianProgram.compile(network(), x.shape)).run(x);
const given = await rows();

/** Functions with valid arguments. */
const functions: Record<string, [f: (...args: never[]) => unknown, ...args: unknown[]]> = {
  forward: [nn.forward, network(), x, {}],
  initialize: [nn.initialize, network(), nn.pytorchDefault, new tensor.Generator(0)],
  updateRunningStatistics: [nn.updateRunningStatistics, network(), { images: x }, {}],
  recalibrateBatchNorm: [nn.recalibrateBatchNorm, network(), [{ images: x }], 0, {}],
  stateDict: [nn.stateDict, network()],
  loadStateDict: [nn.loadStateDict, network(), nn.stateDict(network())],
  computeNtk: [ntk.computeNtk, network(), x, {}],
  tangentKernel: [ntk.tangentKernel, network(), x, {}],
  'JacobianProgram.compile': [ntk.JacobianProgram.compile.bind(ntk.JacobianProgram), network(), [3, 2], {}],
  'NtkProgram.compile': [ntk.NtkProgram.compile.bind(ntk.NtkProgram), network(), [3, 2], {}],
  'LinearRegionProgram.compile': [ntk.LinearRegionProgram.compile.bind(ntk.LinearRegionProgram), network(), [3, 2], {}],
  'GramProgram.compile': [ntk.GramProgram.compile.bind(ntk.GramProgram), { rows: 2, columns: 2 }],
  countLinearRegions: [ntk.countLinearRegions, network(), [x], {}],
  getNtkN: [ntk.getNtkN, [{ images: x }], [network()], {}],
  kernelMatrix: [ntk.kernelMatrix, given, {}],
  kernelByParameter: [ntk.kernelByParameter, given, {}],
  kernelOf: [ntk.kernelOf, given, {}],
  ntkOf: [ntk.ntkOf, given, {}],
  stackRows: [ntk.stackRows, [given]],
  eigenvaluesOn: [ntk.eigenvaluesOn, tensor.referenceBackend, tensor.ndarray([1, 0, 0, 1], [2, 2]), {}],
  symmetricEigen: [ntk.symmetricEigen, tensor.ndarray([1, 0, 0, 1], [2, 2]), {}],
  conditionNumber: [ntk.conditionNumber, tensor.ndarray([1, 0, 0, 1], [2, 2]), {}],
  Generator: [(...args: ConstructorParameters<typeof tensor.Generator>) => new tensor.Generator(...args), 0],
  'Generator.fork': [(label: string) => new tensor.Generator(0).fork(label), 'a'],
  'Generator.uniform': [(low: number, high: number) => new tensor.Generator(0).uniform(low, high), 0, 1],
  'Generator.normal': [(mean: number, std: number) => new tensor.Generator(0).normal(mean, std), 0, 1],
  'Generator.integer': [(bound: number) => new tensor.Generator(0).integer(bound), 3],
  'Generator.permutation': [(n: number) => new tensor.Generator(0).permutation(n), 3],
  'Generator.normals': [(s: [], o: object) => new tensor.Generator(0).normals(s, o), [2], { mean: 0, std: 1 }],
  'Generator.uniforms': [(s: [], o: object) => new tensor.Generator(0).uniforms(s, o), [2], { low: 0, high: 1 }],
  wasmBackend: [(options: object) => void tensor.wasmBackend(options), { threads: 1 }],
  setDefaultBackend: [
    (backend: tensor.Backend) => {
      tensor.setDefaultBackend(backend);
      tensor.setDefaultBackend(undefined);
    },
    tensor.referenceBackend,
  ],
  defaultBackend: [async (dtype: tensor.DType) => void (await tensor.defaultBackend(dtype)), 'float64'],
  checkGradients: [autodiff.checkGradients, (y: tensor.Tensor) => y, [x], 0, {}],
  evaluate: [tensor.evaluate, [t], new Map(), tensor.referenceBackend, {}],
  'Program.compile': [tensor.Program.compile.bind(tensor.Program), [t], {}],
  constant: [tensor.constant, x],
  input: [tensor.input, 'x', [2, 3]],
  ndarray: [tensor.ndarray, [1, 2], [2]],
  add: [tensor.add, t, t],
  relu: [tensor.relu, t],
  matmul: [tensor.matmul, t, tensor.constant(tensor.ndarray([1, 2], [2, 1]))],
  sum: [tensor.sum, t, [0]],
  reshape: [tensor.reshape, t, [6]],
  transpose: [tensor.transpose, t, [1, 0]],
  slice: [tensor.slice, t, [{ start: 0, stop: 1 }]],
  pad: [tensor.pad, t, [{ before: 1 }]],
  concatenate: [tensor.concatenate, [t, t], 0],
  take: [tensor.take, t, [0], 0],
  gather: [tensor.gather, t, tensor.constant(tensor.ndarray([0], [1])), {}],
  convolution: [tensor.convolution, image, tensor.zeros([2, 2, 3, 3]), {}],
  averagePool: [tensor.averagePool, image, 2, {}],
  maxPool: [tensor.maxPool, image, 2, {}],
  vjp: [autodiff.vjp, [t], [t], [t]],
  grad: [autodiff.grad, tensor.sum(t), [t]],
  Conv2d: [(...args: ConstructorParameters<typeof nn.Conv2d>) => new nn.Conv2d(...args), 3, 8, 3, {}],
  Conv1d: [(...args: ConstructorParameters<typeof nn.Conv1d>) => new nn.Conv1d(...args), 3, 8, 3, {}],
  Linear: [(...args: ConstructorParameters<typeof nn.Linear>) => new nn.Linear(...args), 3, 8, {}],
  BatchNorm2d: [(...args: ConstructorParameters<typeof nn.BatchNorm2d>) => new nn.BatchNorm2d(...args), 3, {}],
  GroupNorm: [(...args: ConstructorParameters<typeof nn.GroupNorm>) => new nn.GroupNorm(...args), 2, 4, {}],
  LayerNorm: [(...args: ConstructorParameters<typeof nn.LayerNorm>) => new nn.LayerNorm(...args), [3], {}],
  MaxPool2d: [(...args: ConstructorParameters<typeof nn.MaxPool2d>) => new nn.MaxPool2d(...args), 3, {}],
  AvgPool2d: [(...args: ConstructorParameters<typeof nn.AvgPool2d>) => new nn.AvgPool2d(...args), 3, {}],
  Upsample: [(...args: ConstructorParameters<typeof nn.Upsample>) => new nn.Upsample(...args), { size: 2 }],
  Sequential: [(...args: ConstructorParameters<typeof nn.Sequential>) => new nn.Sequential(...args), new nn.ReLU()],
  Functional: [
    (...args: [{ a: nn.ReLU }, never]) => new nn.Functional(...args),
    { a: new nn.ReLU() },
    (y: tensor.Tensor) => y,
  ],
  Parameter: [(...args: ConstructorParameters<typeof nn.Parameter>) => new nn.Parameter(...args), [2], 0],
};

const wrong: readonly unknown[] = [
  null,
  'wasm',
  1.5,
  NaN,
  true,
  Symbol('s'),
  5n,
  Object.create(null),
  { toString: undefined, valueOf: undefined },
  [[1, 2]],
  [null],
  {},
  { output: 'sum' },
  new Float64Array(2),
  () => {},
];
const wrongOptions: readonly unknown[] = [
  { backend: 'wasm' },
  { backend: {} },
  { signal: {} },
  { signal: true },
  { onProgress: 'yes' },
  { dtype: 'float16' },
  { mode: 'Train' },
  { outputs: 'all' },
  { parameters: [] },
  { blockRows: '2' },
  { x2: [[1]] },
  { maximumBytes: Symbol('s') },
  { maximumBytes: 5n },
  { mean: 'a' },
  { low: NaN },
  { threads: Symbol('s') },
  { sharedMemory: null },
  { workerUrl: 5 },
  { momentum: 'a' },
];

/** The outcome of a call: undefined, or what it throws. */
async function outcome(f: (...args: never[]) => unknown, args: readonly unknown[]): Promise<unknown> {
  try {
    const value = (await f(...(args as never[]))) as { dispose?: () => void } | undefined;
    value?.dispose?.();
    return undefined;
  } catch (error) {
    return error;
  }
}

function expectTyped(error: unknown): void {
  if (error === undefined) return;
  expect(error).toBeInstanceOf(NtkitError);
  expect((error as Error).message).not.toContain('\n');
  expect((error as Error).message.length).toBeLessThan(400);
}

describe.each(Object.keys(functions))('%s', (name) => {
  const [f, ...right] = functions[name];
  test('accepts valid arguments', async () => expect(await outcome(f, right)).toBeUndefined());

  test('rejects invalid arguments with typed errors', async () => {
    for (const i of right.keys()) {
      const isOptions =
        i === right.length - 1 &&
        right[i]?.constructor === Object &&
        !['constant', 'stackRows', 'setDefaultBackend'].includes(name);
      for (const value of [...wrong, ...(isOptions ? wrongOptions : [])]) {
        const error = await outcome(f, right.toSpliced(i, 1, value));
        try {
          expectTyped(error);
        } catch {
          throw new Error(`argument ${i}: ${tensorText(value)}: ${String(error)}`, { cause: error });
        }
      }
      if (isOptions) {
        expect(await outcome(f, right.toSpliced(i, 1, { ...(right[i] as object), outputt: 1 }))).toBeInstanceOf(
          NtkitError,
        );
      }
    }
    for (let count = 0; count < right.length; count++) {
      const error = await outcome(f, right.slice(0, count));
      try {
        expectTyped(error);
      } catch {
        throw new Error(`${count} arguments: ${String(error)}`, { cause: error });
      }
    }
  });
});

const tensorText = (value: unknown) => (typeof value === 'symbol' ? 'a symbol' : JSON.stringify(value));

test('an unknown option is reported with the known ones', () => {
  expect(() => new nn.Conv2d(3, 8, 3, { paddingMode: 'x' } as never)).toThrow(
    new tensor.InputError('Conv2d: expected options among stride, padding, dilation, groups, bias, got "paddingMode"'),
  );
  expect(() => checkOptions('f', 3 as never, [])).toThrow('f: expected an object of options, got 3');
  expect(() => checkFunction('f', 3)).toThrow('f: expected a function, got 3');
  expect(() => checkIterable('f', 'abc')).toThrow('f: expected a list, got "abc"');
});

test('slice refuses a pair, and a network must be a network', async () => {
  expect(() => tensor.slice(t, [[0, 1]] as never)).toThrow('slice: a range: expected an object of options, got [0,1]');
  await expect(ntk.computeNtk({} as never, x)).rejects.toThrow('network: expected a module, got {}');
  await expect(ntk.computeNtk(network(), [[1, 2]] as never)).rejects.toThrow(
    'batch: expected an array as ndarray(data, shape) returns, got [[1,2]]',
  );
  await expect(ntk.computeNtk(network(), x, { output: 'sum' } as never)).rejects.toThrow(/got "output"/);
  await expect(ntk.computeNtk(network(), x, { backend: 'wasm' as never })).rejects.toThrow(
    'tangent kernel: backend: expected a backend, got "wasm"',
  );
});

test('bounds that give no random number are refused', () => {
  const generator = new tensor.Generator(0);
  expect(() => generator.normals('abc' as never)).toThrow(
    new tensor.ShapeError('Generator.normals: expected a shape, a list of integers ≥ 0, got "abc"'),
  );
  expect(() => generator.normals([2], { std: NaN })).toThrow(
    new tensor.InputError('Generator.normal: expected finite numbers, got 0 and NaN'),
  );
  expect(() => generator.uniform('a' as never)).toThrow(
    new tensor.InputError('Generator.uniform: expected finite numbers, got "a" and 1'),
  );
  expect(() => generator.permutation(1.5)).toThrow(
    new tensor.ShapeError('Generator.permutation: expected an integer from 0 to 2^31 - 1, got 1.5'),
  );
  expect(() => generator.normals([2], { sigma: 2 } as never)).toThrow(/expected options among dtype, mean, std, got/);
});

test('settings of a backend are checked before anything starts', async () => {
  expect(() => tensor.wasmBackend({ thread: 1 } as never)).toThrow(
    new tensor.InputError(
      'backend wasm: expected options among dtype, threads, sharedMemory, maximumBytes, workerUrl, got "thread"',
    ),
  );
  expect(() => tensor.wasmBackend({ dtype: 'float16' } as never)).toThrow(tensor.InputError);
  expect(() => tensor.setDefaultBackend({} as never)).toThrow(
    new tensor.InputError('setDefaultBackend: expected a backend, got {}'),
  );
  for (const [options, message] of [
    [null, 'backend gpu: expected an object of options, got null'],
    [{ modes: 'cpu' }, 'backend gpu: expected options among mode, gpujs, got "modes"'],
    [{ gpujs: {} }, "backend gpu: gpujs: expected what import('gpu.js') gives, got {}"],
    [{ mode: 5 }, 'backend gpu: mode: expected auto or one of headlessgl, webgl2, webgpu, webasm, cpu, got 5'],
  ] as const) {
    await expect(tensor.gpuBackend(options as never)).rejects.toThrow(new tensor.InputError(message));
  }
});

test('an option with the value undefined counts as absent', async () => {
  const nothing = Object.fromEntries(
    ['mode', 'outputs', 'parameters', 'backend', 'dtype', 'blockRows', 'maximumBytes', 'signal', 'onProgress'].map(
      (name) => [name, undefined],
    ),
  );
  const { kernel, outputs, mode, parameters, kappa } = await ntk.computeNtk(network(), x);
  expect(await ntk.computeNtk(network(), x, { ...nothing, x2: undefined } as never)).toMatchObject({
    kernel,
    outputs,
    mode,
    parameters,
    kappa,
  });
  expect((await ntk.tangentKernel(network(), x, nothing)).kernel).toEqual(
    (await ntk.tangentKernel(network(), x)).kernel,
  );
  const plain = new nn.BatchNorm2d(2);
  const given = { eps: undefined, momentum: undefined, affine: undefined, trackRunningStats: undefined };
  expect([...new nn.BatchNorm2d(2, given as never).namedParameters().keys()]).toEqual([
    ...plain.namedParameters().keys(),
  ]);
});

test('a state dict is a Map of arrays', () => {
  expect(() => nn.loadStateDict(network(), {} as never)).toThrow(
    new tensor.InputError('state: expected a Map from names to arrays, got {}'),
  );
  const state = new Map([...nn.stateDict(network())].map(([name]) => [name, null as never]));
  expect(() => nn.loadStateDict(network(), state)).toThrow(
    new tensor.ShapeError('state: 0.weight: expected a shape, a list of integers ≥ 0, got undefined'),
  );
});
