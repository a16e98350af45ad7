import { afterAll, describe, expect, test, vi } from 'vitest';
import { checkGradients } from '../../src/autodiff/index.ts';
import { forward, recalibrateBatchNorm, updateRunningStatistics } from '../../src/nn/index.ts';
import {
  computeNtk,
  countLinearRegions,
  eigenvaluesOn,
  getNtkN,
  JacobianProgram,
  kernelByParameter,
  kernelMatrix,
  KernelProgram,
  LinearRegionProgram,
  NtkProgram,
  type Progress,
  type RunOptions,
  tangentKernel,
} from '../../src/ntk/index.ts';
import {
  type Backend,
  constant,
  evaluate,
  matmul,
  type NDArray,
  referenceBackend,
  tanh,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw } from '../../src/testing/arrays.ts';
import { smallNetwork } from '../support/networks.ts';

// Long computations end with the reason of a signal, leave nothing behind, and report their progress.

const shared = wasmBackend({ threads: 2 });
const separate = wasmBackend({ threads: 2, sharedMemory: false });
afterAll(() => Promise.all([shared.close(), separate.close()]));
const backends: [string, Backend][] = [
  ['reference', referenceBackend],
  ['wasm, shared memory', shared],
  ['wasm, separate memories', separate],
];

const network = () => smallNetwork('cell network', 3);
const images = (count: number) => draw(7, [count, 3, 16, 16], undefined, 'float32');
const kernel = (n: number): NDArray => {
  const data = Float64Array.from({ length: n * n }, (_, e) => (e % (n + 1) === 0 ? 2 : 1 / (1 + n)));
  return { shape: [n, n], dtype: 'float64', data };
};
const rowsOf = async (backend: Backend) => {
  const program = await JacobianProgram.compile(network(), [4, 3, 16, 16], { backend, outputs: 'sum' });
  const rows = await program.run(images(4));
  program.dispose();
  return rows;
};

/** Every long computation, on batches of a given size. */
const functions: Record<string, (backend: Backend, options: RunOptions, count: number) => Promise<unknown>> = {
  forward: (backend, options, n) => forward(network(), images(n), { backend, ...options }),
  evaluate(backend, options, n) {
    let y = constant(draw(1, [8 * n, 8 * n], undefined, 'float32'));
    for (let i = 0; i < 30; i++) y = tanh(matmul(y, y));
    return evaluate([y], undefined, backend, options);
  },
  tangentKernel: (backend, options, n) => tangentKernel(network(), images(n), { backend, ...options }),
  'tangentKernel of two batches': (backend, options, n) =>
    tangentKernel(network(), images(n), { backend, x2: images(n + 3), ...options }),
  computeNtk: (backend, options, n) => computeNtk(network(), images(n), { backend, ...options }),
  async NtkProgram(backend, options, n) {
    const program = await NtkProgram.compile(network(), [n, 3, 16, 16], { backend });
    return program.run(images(n), options).finally(() => program.dispose());
  },
  async KernelProgram(backend, options, n) {
    const program = await KernelProgram.compile(network(), [[n, 3, 16, 16]], { backend });
    return program.run(images(n), options).finally(() => program.dispose());
  },
  async JacobianProgram(backend, options, n) {
    const program = await JacobianProgram.compile(network(), [n, 3, 16, 16], { backend });
    return program.run(images(n), options).finally(() => program.dispose());
  },
  async LinearRegionProgram(backend, options, n) {
    const program = await LinearRegionProgram.compile(network(), [n, 3, 16, 16], { backend });
    return program.run([images(n), images(n), images(n)], options).finally(() => program.dispose());
  },
  countLinearRegions: (backend, options, n) =>
    countLinearRegions(network(), [images(n), images(n)], { backend, ...options }),
  getNtkN: (backend, options, n) =>
    getNtkN([{ images: images(n) }, { images: images(n) }], [network(), network()], {
      backend,
      trainMode: true,
      ...options,
    }),
  recalibrateBatchNorm: (backend, options, n) =>
    recalibrateBatchNorm(network(), [{ images: images(n) }, { images: images(n) }], 0, { backend, ...options }),
  updateRunningStatistics: (backend, options, n) =>
    updateRunningStatistics(network(), { images: images(n) }, { backend, ...options }),
  checkGradients: (_, options, n) => checkGradients((x) => tanh(x), [draw(1, [n])], 0, options),
  kernelMatrix: async (backend, options) => kernelMatrix(await rowsOf(backend), { backend, ...options }),
  kernelByParameter: async (backend, options) => kernelByParameter(await rowsOf(backend), { backend, ...options }),
  eigenvaluesOn: (backend, options, n) => eigenvaluesOn(backend, kernel(8 * n), options),
};
const names = Object.keys(functions);

/** The reason of a rejected promise. */
async function rejection(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.unreachable('it came to its end'),
    (error: unknown) => error,
  );
}

/** A signal that counts its listeners. */
function counted(): { controller: AbortController; listeners: () => number } {
  const controller = new AbortController();
  const { signal } = controller;
  const listeners = new Set<unknown>();
  const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
  signal.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    listeners.add(listener);
    add(type, listener);
  };
  signal.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    listeners.delete(listener);
    remove(type, listener);
  };
  return { controller, listeners: () => listeners.size };
}

describe.each(backends)('on %s', (_, backend) => {
  test.each(names)('%s with an aborted signal computes nothing', async (name) => {
    const reason = new Error('enough');
    // Rows come from elsewhere for what is computed of them.
    const rows = name.startsWith('kernel') || name.endsWith('Program');
    const compile = rows ? vi.fn() : vi.spyOn(backend, 'compile');
    expect(await rejection(functions[name](backend, { signal: AbortSignal.abort(reason) }, 3))).toBe(reason);
    expect(compile).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });

  test.each(names)('progress of %s increases to its total in each stage', async (name) => {
    const told: Progress[] = [];
    const { controller, listeners } = counted();
    await functions[name](backend, { onProgress: (progress) => told.push(progress), signal: controller.signal }, 5);
    expect(told.length).toBeGreaterThan(0);
    const stages = [...new Set(told.map(({ stage }) => stage))];
    // One stage after another: a change of stage begins a new one.
    const changes = told.filter(({ stage }, i) => i === 0 || stage !== told[i - 1].stage);
    expect(changes.map(({ stage }) => stage)).toEqual(stages);
    for (const stage of stages) {
      const part = told.filter((progress) => progress.stage === stage);
      part.forEach(({ done, of }, i) => {
        expect(done).toBeGreaterThan(i === 0 ? 0 : part[i - 1].done - 1e-9);
        expect(of).toBe(part[0].of);
      });
      expect(part.at(-1).done).toBe(part[0].of);
    }
    expect(listeners()).toBe(0);
  });

  test('computeNtk rejects soon after an abort at any time, and the backend stays usable', async () => {
    const count = backend === referenceBackend ? 12 : 48;
    const start = performance.now();
    const expected = await computeNtk(network(), images(count), { backend, dtype: 'float32' });
    const whole = performance.now() - start;
    const late: number[] = [];
    for (let i = 1; i <= 8; i++) {
      const { controller, listeners } = counted();
      const reason = new Error(`abort ${i}`);
      let at = 0;
      setTimeout(() => ((at = performance.now()), controller.abort(reason)), (whole * i) / 12);
      const options = { backend, dtype: 'float32', signal: controller.signal } as const;
      const error = await computeNtk(network(), images(count), options).catch((e: unknown) => e);
      if (at === 0) continue; // it finished before the abort
      late.push(performance.now() - at);
      if (error instanceof Error) expect(error).toBe(reason);
      expect(listeners()).toBe(0);
    }
    expect(late.length).toBeGreaterThan(0);
    late.sort((a, b) => a - b);
    // Other work on the machine may delay one: half of them must be in time.
    expect(late[Math.floor(late.length / 2)]).toBeLessThan(200);
    const again = await computeNtk(network(), images(count), { backend, dtype: 'float32' });
    expect(again.kappa).toBe(expected.kappa);
  });

  test('a program runs again after an abort, with the right numbers', async () => {
    const program = await NtkProgram.compile(network(), [12, 3, 16, 16], { backend, dtype: 'float32' });
    const expected = await program.run(images(12));
    for (const after of [0, 1, 3]) {
      const controller = new AbortController();
      let rows = 0;
      const onProgress = () => void (rows++ === after && controller.abort(new Error('enough')));
      expect(await rejection(program.run(images(12), { signal: controller.signal, onProgress }))).toEqual(
        new Error('enough'),
      );
      expect((await program.run(images(12))).eigenvalues).toEqual(expected.eigenvalues);
    }
    program.dispose();
  });

  test('a recalibration that is aborted changes nothing', async () => {
    const module = network();
    const before = [...module.namedBuffers().values()].map(({ value }) => [...value.data]);
    const controller = new AbortController();
    const batches = [{ images: images(4) }, { images: images(4) }];
    const onProgress = () => controller.abort(new Error('enough'));
    const options = { backend, signal: controller.signal, onProgress };
    await rejection(recalibrateBatchNorm(module, batches, 0, options));
    expect([...module.namedBuffers().values()].map(({ value }) => [...value.data])).toEqual(before);
  });
});

test('many computations share one listener on their signal, and all end on abort', async () => {
  const backend = wasmBackend({ threads: 1 });
  const controller = new AbortController();
  let most = 0;
  const here = new Set<unknown>();
  const shared = controller.signal;
  const [on, off] = [shared.addEventListener.bind(shared), shared.removeEventListener.bind(shared)];
  shared.addEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    here.add(listener);
    most = Math.max(most, here.size);
    on(type, listener);
  };
  shared.removeEventListener = (type: string, listener: EventListenerOrEventListenerObject) => {
    here.delete(listener);
    off(type, listener);
  };
  const all = Array.from({ length: 20 }, () => computeNtk(network(), images(48), { backend, signal: shared }));
  const reason = new Error('enough');
  setTimeout(() => controller.abort(reason), 20);
  const ends = await Promise.allSettled(all);
  expect(ends.every((end) => end.status === 'rejected' && end.reason === reason)).toBe(true);
  expect([most, here.size]).toEqual([1, 0]);
  await backend.close();
});

test('aborted computations release the memory of wasm', async () => {
  const backend = wasmBackend({ threads: 2, maximumBytes: 24 * 2 ** 20 });
  const expected = await computeNtk(network(), images(48), { backend });
  for (let i = 0; i < 40; i++) {
    const controller = new AbortController();
    const promise = computeNtk(network(), images(48), { backend, signal: controller.signal });
    setTimeout(() => controller.abort(), 2 * (i % 20));
    await promise.catch((error: Error) => expect(error.name).toBe('AbortError'));
  }
  expect((await computeNtk(network(), images(48), { backend })).kappa).toBe(expected.kappa);
  await backend.close();
});

test('workers stop at the next kernel', async () => {
  // Eight seconds of work, then a short job: the second does not wait for the first.
  const backend = wasmBackend({ threads: 1 });
  let y = constant(draw(1, [512, 512], undefined, 'float32'));
  for (let i = 0; i < 800; i++) y = tanh(matmul(y, y));
  const controller = new AbortController();
  const long = evaluate([y], undefined, backend, { signal: controller.signal });
  setTimeout(() => controller.abort(), 300);
  await rejection(long);
  const start = performance.now();
  await evaluate([tanh(constant(draw(1, [3], undefined, 'float32')))], undefined, backend);
  expect(performance.now() - start).toBeLessThan(2000);
  await backend.close();
});
