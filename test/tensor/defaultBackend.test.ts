import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, test } from 'vitest';
import { ReLU, Sequential } from '../../src/nn/index.ts';
import { computeNtk, countLinearRegions, tangentKernel } from '../../src/ntk/index.ts';
import {
  type Backend,
  BackendError,
  constant,
  defaultBackend,
  evaluate,
  multiply,
  ndarray,
  type NDArray,
  referenceBackend,
  setDefaultBackend,
  wasmBackend,
} from '../../src/tensor/index.ts';
import { draw, relativeError } from '../../src/testing/arrays.ts';
import { smallNetwork } from '../support/networks.ts';

const images = draw(1, [3, 3, 8, 8]);
const network = smallNetwork('cell network', 0);

afterEach(() => setDefaultBackend(undefined));

const squared = async (dtype: NDArray['dtype']) => {
  const x = constant(ndarray(dtype === 'float32' ? Float32Array.of(3) : Float64Array.of(0.1), [1]));
  return (await evaluate([multiply(x, x)]))[0];
};

describe('where no backend is named', () => {
  test('wasm computes, in float32, and gives the bits that it gives when it is named', async () => {
    const backend = wasmBackend();
    try {
      const [unnamed, named] = [await computeNtk(network, images), await computeNtk(network, images, { backend })];
      expect(unnamed.backend).toBe('wasm');
      expect(unnamed.dtype).toBe('float32');
      expect(unnamed.kernel.data).toEqual(named.kernel.data);
      expect(unnamed.kappa).toBe(named.kappa);
    } finally {
      await backend.close();
    }
  });

  test('wasm computes in float64 on request, too', async () => {
    const asked = await tangentKernel(network, images, { dtype: 'float64' });
    const named = await tangentKernel(network, images, { backend: referenceBackend });
    expect([asked.backend, asked.dtype]).toEqual(['wasm', 'float64']);
    expect(relativeError(asked.kernel, named.kernel)).toBeLessThan(1e-13);
    expect(await defaultBackend('float64')).toBe(await defaultBackend('float32'));
  });

  test('the reference backend computes where WebAssembly has no SIMD', async () => {
    await (await defaultBackend()).close();
    const { validate } = WebAssembly;
    WebAssembly.validate = () => false;
    try {
      expect(await defaultBackend()).toBe(referenceBackend);
      expect(await defaultBackend('float64')).toBe(referenceBackend);
    } finally {
      WebAssembly.validate = validate;
    }
  });

  test('expressions of float64 are computed in float64, others by wasm', async () => {
    expect((await squared('float64')).data[0]).toBe(0.1 * 0.1);
    setDefaultBackend({ ...referenceBackend, compile: () => Promise.reject(new BackendError('chosen')) });
    await expect(squared('float64')).rejects.toThrow('chosen');
    setDefaultBackend(undefined);
    expect((await squared('float32')).data[0]).toBe(9);
  });

  test('all share one wasm backend, and get a new one after it was closed', async () => {
    const first = await defaultBackend();
    expect(await defaultBackend('float32')).toBe(first);
    const { kappa } = await computeNtk(network, images);
    await first.close();
    const second = await defaultBackend();
    expect(second).not.toBe(first);
    expect((await computeNtk(network, images)).kappa).toBe(kappa);
  });

  test('a chosen backend computes, in its precisions', async () => {
    const chosen = wasmBackend({ threads: 1 });
    try {
      setDefaultBackend(chosen);
      expect(await defaultBackend()).toBe(chosen);
      expect(await defaultBackend('float64')).toBe(chosen);
      const narrow = Object.create(chosen, { dtypes: { value: ['float32'] } }) as Backend;
      setDefaultBackend(narrow);
      expect(await defaultBackend('float32')).toBe(narrow);
      expect(await defaultBackend('float64')).not.toBe(narrow);
      setDefaultBackend(referenceBackend);
      expect((await computeNtk(network, images)).dtype).toBe('float64');
      const { regions } = await countLinearRegions(new Sequential(new ReLU()), [ndarray([-1, 1], [2, 1])]);
      expect(regions).toBe(2);
    } finally {
      await chosen.close();
    }
  });

  test('its threads do not keep a process alive', () => {
    const script = `
      import { computeNtk } from './src/ntk/index.ts';
      import { Linear, initialize, pytorchDefault } from './src/nn/index.ts';
      import { Generator } from './src/tensor/index.ts';
      const network = new Linear(2, 1);
      initialize(network, pytorchDefault, new Generator(0));
      computeNtk(network, new Generator(1).normals([3, 2])).then(({ backend }) => console.log(backend));`;
    const arguments_ = ['--import', 'tsx', '--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, arguments_, { encoding: 'utf8', timeout: 60_000 })).toBe('wasm\n');
  });
});
