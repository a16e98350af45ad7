import {
  ArraySizeError,
  type Backend,
  BackendError,
  constant,
  evaluate,
  gpuBackend,
  ndarray,
  referenceBackend,
  sum,
  wasmBackend,
} from 'ntkit/tensor';
import { type BackendName, isGpu, type Precision } from './backendNames.ts';
import { Kept } from './kept.ts';

/** An open backend, how many computations use it, and whether its device failed one of them. */
interface Opened {
  readonly backend: Backend;
  uses: number;
  failed: boolean;
}

const opened = new Kept(async (key: string): Promise<Opened> => {
  const [name, dtype] = key.split(' ') as [BackendName, Precision];
  return { backend: await open(name, dtype), uses: 0, failed: false };
});

async function open(name: BackendName, dtype: Precision): Promise<Backend> {
  if (name === 'reference') return referenceBackend;
  if (name === 'wasm') return wasmBackend({ dtype });
  return gpuBackend({ mode: name, gpujs: await import('gpu.js') });
}

/**
 * Computes with a backend, which is opened on first use. A graphics device that failed may be lost for good: it is
 * opened again the next time.
 */
export async function withBackend<T>(
  name: BackendName,
  dtype: Precision,
  compute: (backend: Backend) => Promise<T>,
): Promise<T> {
  const key = `${name} ${isGpu(name) ? 'float32' : dtype}`;
  const used = await opened.get(key);
  used.uses += 1;
  try {
    return await compute(used.backend);
  } catch (error) {
    if (isGpu(name) && error instanceof BackendError && !(error instanceof ArraySizeError) && !used.failed) {
      used.failed = true;
      opened.forget(key);
    }
    throw error;
  } finally {
    used.uses -= 1;
    if (used.failed && used.uses === 0) await used.backend.close();
  }
}

/** Opens a backend ahead of its use. */
export async function openAhead(name: BackendName): Promise<void> {
  try {
    const { backend } = await opened.get(`${name} float32`);
    // Threads start with the first program.
    await evaluate([sum(constant(ndarray([1, 1], [2])))], new Map(), backend);
  } catch {
    // Reported to the computations that use it.
  }
}
