import { oneOf } from '../check.ts';
import {
  type Backend,
  type DType,
  gpuBackend,
  type GpuModeChoice,
  InputError,
  referenceBackend,
  wasmBackend,
  wasmIsSupported,
} from '../tensor/index.ts';

/** Options of every command that computes. */
export interface BackendOptions {
  readonly backend: string;
  readonly gpuMode?: GpuModeChoice;
  readonly threads?: number;
  readonly dtype?: DType;
}

/** What computes, and in which precision. */
export interface Computation {
  readonly backend: Backend;
  readonly dtype: DType;
}

/**
 * Calls a function with the backend and the precision that a command line asks for, and closes the backend after it.
 *
 * `auto` is `wasm` wherever WebAssembly has SIMD, and `reference` where it has not.
 *
 * @throws BackendError when the backend cannot run here, InputError when an option does not belong to it.
 */
export async function withBackend<T>(
  options: BackendOptions,
  compute: (computation: Computation) => Promise<T>,
): Promise<T> {
  const computation = await choose(options);
  try {
    return await compute(computation);
  } finally {
    await computation.backend.close();
  }
}

/**
 * Like {@link withBackend}, for work that falls into many independent parts: as many backends of one thread each as
 * there would be threads, which lose no time waiting for each other. A backend without threads is the only lane.
 */
export async function withLanes<T>(
  options: BackendOptions,
  compute: (computation: Computation & { readonly lanes: readonly Backend[] }) => Promise<T>,
): Promise<T> {
  const whole = await choose(options);
  const lanes = [whole.backend];
  try {
    if (whole.backend.name === 'wasm') {
      const one = { ...options, threads: 1 };
      lanes.splice(0, 1, ...(await lanesOf(whole.backend.parallelism, one)));
    }
    return await compute({ ...whole, lanes });
  } finally {
    for (const backend of new Set([whole.backend, ...lanes])) await backend.close();
  }
}

async function lanesOf(count: number, options: BackendOptions): Promise<Backend[]> {
  const computations = await Promise.all(Array.from({ length: count }, () => choose(options)));
  return computations.map(({ backend }) => backend);
}

async function choose({ backend, gpuMode, threads, dtype }: BackendOptions): Promise<Computation> {
  oneOf('--backend', backend, ['auto', 'reference', 'wasm', 'gpu']);
  if (backend === 'gpu') {
    if (dtype === 'float64') throw new InputError('--dtype float64: the gpu backend computes in float32');
    if (threads !== undefined) throw new InputError(`--threads ${threads}: the gpu backend has no worker threads`);
    return { backend: await gpuBackend(gpuMode === undefined ? {} : { mode: gpuMode }), dtype: 'float32' };
  }
  if (gpuMode !== undefined) {
    throw new InputError(`--gpu-mode ${gpuMode}: expected with --backend gpu, got --backend ${backend}`);
  }
  if (backend === 'wasm' || (backend === 'auto' && wasmIsSupported())) {
    const wasm = wasmBackend({ dtype, threads });
    return { backend: wasm, dtype: wasm.dtypes[0] };
  }
  if (threads !== undefined && threads !== 1) {
    throw new InputError(`--threads ${threads}: the reference backend runs on 1 thread`);
  }
  return { backend: referenceBackend, dtype: dtype ?? 'float64' };
}
