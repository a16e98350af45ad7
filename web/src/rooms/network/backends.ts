import { type Backend, gpuBackend, referenceBackend, wasmBackend } from 'ntkit/tensor';
import type { BackendName } from './request.ts';

const backends = new Map<string, Promise<Backend>>();

function openBackend(name: BackendName, dtype: 'float32' | 'float64'): Promise<Backend> | Backend {
  if (name === 'reference') return referenceBackend;
  if (name === 'wasm') return wasmBackend({ dtype });
  return import('gpu.js').then((gpujs) => gpuBackend({ mode: name, gpujs }));
}

/** A backend that is open already, or is opened; one that fails may be tried again. */
export function backendOf(name: BackendName, dtype: 'float32' | 'float64'): Promise<Backend> {
  const key = name === 'wasm' ? `${name} ${dtype}` : name;
  let backend = backends.get(key);
  if (backend === undefined) {
    backend = Promise.resolve(openBackend(name, dtype));
    backends.set(key, backend);
    backend.catch(() => backends.delete(key));
  }
  return backend;
}
